"""A segmentation model with classes of its own (Mask2Former, OneFormer, SegFormer, ...), mapped onto ours.

Paper: Cheng et al., Mask2Former, CVPR 2022, arXiv 2112.01527; Jain et al., OneFormer, CVPR 2023, arXiv 2211.06220; Xie et al.,
    SegFormer, NeurIPS 2021, arXiv 2105.15203.
Library: transformers (Apache-2.0); any model of AutoModelForUniversalSegmentation or AutoModelForSemanticSegmentation.
Formula: universal: score[c] = sum over queries of softmax(class)[c] * sigmoid(mask), divided by its sum over classes where
    that exceeds 1; semantic: score = softmax(logits). The best of the model's classes decides a pixel; `mapping` names ours.
Limits: a mapping of equal names is the model's own map; a class that is not in the mapping leaves its pixels unlabelled;
    `void` leaves them out for good. With flip a mirrored image gives the mirrored map.
Differs: scores are taken back to the image's size as scores, with what the processor padded cut off first (the library's own
    post-processing stretches the padding over the image); no argmax before that, so ids are never interpolated.
Confidence: the mean score of the region's majority label; scores of the model's classes for one of ours are summed.
Costs: classes of the model x pixels in float32: 150 classes on 1024 x 2048 pixels are 1.3 GB an image.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from segmend.stage.params import Method
from tasks.pseudo_label.labellers._model import Item, LabellerContext, Model, ModelLabels


class ClosedVocabulary(Method):
    name: Literal["closed_vocabulary"] = "closed_vocabulary"
    model: str = Field(
        "nvidia/segformer-b0-finetuned-ade-512-512", description="folder of a saved model with its processor, or hub id"
    )
    revision: str | None = Field(None, description="the hub's commit, branch or tag; null: its main branch")
    mapping: dict[str, str] = Field(
        {}, description="model's class -> our class, or void; empty: by equal names, capital letters aside"
    )
    flip: bool = Field(False, description="average with the scores of the mirrored image")

    def build(self, context: LabellerContext) -> Model:
        import torch
        import transformers

        from segmend.network.pretrained import card, pretrained
        from tasks.pseudo_label.labellers._dense import mapped, mirrored, restored

        def load(kind: Any) -> Any:
            return pretrained(kind, self.model, self.revision, "pseudo_label.labeller.closed_vocabulary.model")

        config = load(transformers.AutoConfig)
        universal = type(config) in transformers.MODEL_FOR_UNIVERSAL_SEGMENTATION_MAPPING
        if not universal and type(config) not in transformers.MODEL_FOR_SEMANTIC_SEGMENTATION_MAPPING:
            raise ValueError(
                f"pseudo_label.labeller.closed_vocabulary.model: '{self.model}' is a {config.model_type}, which has no "
                "segmentation head in transformers; allowed are universal and semantic segmentation models"
            )
        auto = (
            transformers.AutoModelForUniversalSegmentation
            if universal
            else transformers.AutoModelForSemanticSegmentation
        )
        network = load(auto).to(context.device).eval()
        asks = config.model_type == "oneformer"  # it is told its task in words
        processor = load(transformers.AutoProcessor if asks else transformers.AutoImageProcessor)
        own = [str(network.config.id2label[k]) for k in range(len(network.config.id2label))]
        columns = self.columns(own, context.classes)
        words = {"task_inputs": ["semantic"]} if asks else {}

        def scores(images: Any) -> Any:
            words.update({"task_inputs": ["semantic"] * len(images)} if asks else {})
            inputs = processor(images=list(images), return_tensors="pt", **words).to(context.device)
            pixels = inputs["pixel_values"]
            with torch.autocast(context.device.type, context.precision, enabled=context.precision != torch.float32):
                output = network(**inputs)
            if universal:
                classes = output.class_queries_logits.float().softmax(-1)[..., :-1]
                made = torch.einsum("nqc,nqhw->nchw", classes, output.masks_queries_logits.float().sigmoid())
                made = made / made.sum(1, keepdim=True).clamp(min=1)
            else:
                made = output.logits.float()
            fed = tuple(pixels.shape[-2:])
            valid = fed
            if "pixel_mask" in inputs:
                inside = inputs["pixel_mask"][0]
                valid = int(inside.any(1).sum()), int(inside.any(0).sum())
            made = restored(made, images.shape[1:3], fed, valid)
            return made if universal else made.softmax(1)

        @torch.inference_mode()
        def run(items: Sequence[Item]) -> list[ModelLabels]:
            all_scores = mirrored(scores, np.stack([item.image for item in items]), self.flip)
            return [
                mapped(image_scores, columns, len(context.classes), item.regions)
                for image_scores, item in zip(all_scores, items, strict=True)
            ]

        return Model(run, [card(self.model, self.revision)])

    def columns(self, own: list[str], classes: tuple[str, ...]) -> Any:
        """Where each of the model's classes goes, or a ValueError with the names that there are."""
        from tasks.pseudo_label.labellers._dense import NOTHING, columns_of

        where = "pseudo_label.labeller.closed_vocabulary.mapping"
        lower = {name.lower(): name for name in classes}
        mapping = self.mapping or {name: lower[name.lower()] for name in own if name.lower() in lower}
        unknown = sorted(set(mapping) - set(own))
        if unknown or not mapping:
            what = f"'{unknown[0]}' is no class of the model" if unknown else "no class of the model is named like ours"
            raise ValueError(
                f"{where}: {what}; the model's classes are {', '.join(own)}, ours are {', '.join(classes)}"
            )
        return columns_of([mapping.get(name, NOTHING) for name in own], classes, where)
