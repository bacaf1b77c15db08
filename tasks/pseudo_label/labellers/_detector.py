"""Boxes for words: open-vocabulary detectors of the transformers library, with a score per prompt and box.

Grounding DINO (also MM Grounding DINO) scores the tokens of one caption; OWL-ViT and OWLv2 score the prompts themselves.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from torch import Tensor

from segmend.network.pretrained import card, pretrained
from tasks.pseudo_label.labellers._model import LabellerContext


class Boxes(NamedTuple):
    """Boxes as left, top, right, bottom in pixels of the image, and each prompt's score."""

    boxes: Float32[np.ndarray, "n 4"]
    scores: Float32[np.ndarray, "n p"]


class Detector:
    def __init__(self, source: str, revision: str | None, prompts: Sequence[str], context: LabellerContext):
        import transformers

        field = "grounded_sam.detector"
        kind = transformers.AutoModelForZeroShotObjectDetection
        self.network = pretrained(kind, source, revision, f"pseudo_label.labeller.{field}").to(context.device).eval()
        self.processor = pretrained(transformers.AutoProcessor, source, revision, f"pseudo_label.labeller.{field}")
        self.card = card(source, revision)
        self.kind, self.context, self.prompts = self.network.config.model_type, context, list(prompts)
        if not any(known in self.kind for known in ("grounding-dino", "owlv")):
            raise ValueError(
                f"pseudo_label.labeller.{field}: '{source}' is a {self.kind}; allowed are grounding-dino, mm-grounding-dino, "
                "owlvit and owlv2"
            )
        self.caption = ". ".join(self.prompts) + "."
        self.tokens = self.tokens_of_prompts() if "grounding-dino" in self.kind else None

    def tokens_of_prompts(self) -> Bool[Tensor, "p tokens"]:
        """Which of the caption's tokens belong to which prompt, by the place of their letters in the caption."""
        spans = self.processor.tokenizer(self.caption, return_offsets_mapping=True)["offset_mapping"]
        limit = int(self.network.config.max_text_len)
        if len(spans) > limit:
            raise ValueError(
                f"pseudo_label.labeller.grounded_sam: the prompts make {len(spans)} tokens, the detector reads {limit}; "
                "use fewer or shorter words in synonyms and negative"
            )
        begins = np.cumsum([0, *(len(prompt) + 2 for prompt in self.prompts)])[:-1]
        ends = begins + [len(prompt) for prompt in self.prompts]
        first, last = np.array(spans).T
        inside = (first >= begins[:, None]) & (last <= ends[:, None]) & (last > first)
        return torch.from_numpy(inside).to(self.context.device)

    def __call__(self, images: UInt8[np.ndarray, "n h w 3"], least: float) -> list[Boxes]:
        """The boxes whose best prompt scores more than `least`."""
        text: Any = [self.caption] * len(images) if self.tokens is not None else [self.prompts] * len(images)
        inputs = self.processor(images=list(images), text=text, return_tensors="pt").to(self.context.device)
        with torch.autocast(
            self.context.device.type, self.context.precision, enabled=self.context.precision != torch.float32
        ):
            output = self.network(**inputs)
        return [
            self.boxes(logits.float().sigmoid(), boxes.float(), images.shape[1:3], least)
            for logits, boxes in zip(output.logits, output.pred_boxes, strict=True)
        ]

    def boxes(
        self, scores: Float32[Tensor, "q t"], centred: Float32[Tensor, "q 4"], size: tuple[int, int], least: float
    ) -> Boxes:
        if self.tokens is not None:  # a prompt's score is that of its best token
            scores = scores[:, None, : self.tokens.shape[1]].where(self.tokens, 0).amax(-1)
        height, width = (max(size),) * 2 if self.kind == "owlv2" else size  # OWLv2 pads to a square, right and below
        sides = torch.tensor([width, height, width, height], device=centred.device)
        middle, extent = centred[:, :2], centred[:, 2:]
        corners = torch.cat([middle - extent / 2, middle + extent / 2], 1) * sides
        corners[:, 0::2].clamp_(0, size[1])
        corners[:, 1::2].clamp_(0, size[0])
        kept = (scores.amax(-1) > least) & (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
        return Boxes(corners[kept].cpu().numpy(), scores[kept].cpu().numpy())
