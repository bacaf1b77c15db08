"""Pixels by words: CLIPSeg scores every pixel for every prompt, the best prompt names the class.

Paper: Luddecke and Ecker, Image Segmentation Using Text and Image Prompts, CVPR 2022, arXiv 2112.10003.
Library: transformers (Apache-2.0), CLIPSegForImageSegmentation.
Formula: score[class] = max over its words of sigmoid(logit); label = best class where its score reaches `least`, else
    `background` or unlabelled; where a negative prompt is best, unlabelled.
Limits: least = 0 labels every pixel that no negative prompt wins; one word per class is the paper's setting; with flip a
    mirrored image gives the mirrored map.
Differs: the model sees the image stretched to a square (its processor's way); scores, not labels, are stretched back.
Confidence: the mean score of the region's majority label; the background's score is 1 - the best prompt's.
Costs: one pass over the image per prompt.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import UNLABELLED, RegionMap
from segmend.stage.params import Method
from tasks.pseudo_label.labellers._model import Item, LabellerContext, Model, ModelLabels
from tasks.pseudo_label.labellers._prompts import Background, Negative, Synonyms, best, listed


class ClipSeg(Method):
    name: Literal["clipseg"] = "clipseg"
    model: str = Field(
        "CIDAS/clipseg-rd64-refined", description="folder of a saved model with its processor, or hub id"
    )
    revision: str | None = Field(None, description="the hub's commit, branch or tag; null: its main branch")
    synonyms: Synonyms = {}
    negative: Negative = ()
    background: Background = ""
    least: float = Field(0.4, ge=0, le=1, description="score that a pixel's best prompt must reach")
    flip: bool = Field(False, description="average with the scores of the mirrored image")

    def build(self, context: LabellerContext) -> Model:
        import torch
        import transformers

        from segmend.network.pretrained import card, pretrained
        from tasks.pseudo_label.labellers._dense import mirrored, restored

        prompts = listed(
            self.synonyms, self.negative, self.background, context.classes, "pseudo_label.labeller.clipseg"
        )
        texts, columns = prompts
        kind = transformers.CLIPSegForImageSegmentation
        network = (
            pretrained(kind, self.model, self.revision, "pseudo_label.labeller.clipseg.model").to(context.device).eval()
        )
        processor = pretrained(
            transformers.AutoProcessor, self.model, self.revision, "pseudo_label.labeller.clipseg.model"
        )

        def scores(images: Any) -> Any:
            many = [image for image in images for _ in texts]  # the model pairs each image with one prompt
            inputs = processor(text=texts * len(images), images=many, padding=True, return_tensors="pt")
            with torch.autocast(context.device.type, context.precision, enabled=context.precision != torch.float32):
                logits = network(**inputs.to(context.device)).logits
            square = logits.reshape(len(images), len(texts), *logits.shape[-2:])
            return restored(square, images.shape[1:3]).sigmoid()

        @torch.inference_mode()
        def run(items: Sequence[Item]) -> list[ModelLabels]:
            all_scores = mirrored(scores, np.stack([item.image for item in items]), self.flip).cpu().numpy()
            width = len(context.classes) + 1
            return [
                self.decide(best(scores, columns, width), context.classes, item.regions)
                for scores, item in zip(all_scores, items, strict=True)
            ]

        return Model(run, [card(self.model, self.revision)])

    def decide(self, scores: np.ndarray, classes: tuple[str, ...], regions: RegionMap) -> ModelLabels:
        """Labels from scores (classes and one column for the negative prompts, h, w)."""
        from tasks.pseudo_label.labellers._dense import pooled

        names = np.array([*range(len(classes)), UNLABELLED], np.uint8)
        asked = np.array([name != self.background for name in (*classes, None)])
        scores = np.where(asked[:, None, None], scores, -1)
        top = scores.max(axis=0)
        labels = names[scores.argmax(axis=0)]
        rest = classes.index(self.background) if self.background else UNLABELLED
        labels[top < self.least] = rest
        if self.background:
            scores[rest] = 1 - top
        return ModelLabels(labels, pooled(scores[:-1], regions))
