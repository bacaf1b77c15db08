"""Masks for boxes or points: SAM, SAM 2 and their relatives of the transformers library."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from torch import Tensor

from segmend.network.pretrained import card, pretrained
from tasks.pseudo_label.labellers._model import LabellerContext

PROMPTS = 64  # boxes or points that go through the mask decoder together


class Segmenter:
    def __init__(self, source: str, revision: str | None, field: str, context: LabellerContext):
        import transformers

        where = f"pseudo_label.labeller.{field}"
        network = pretrained(transformers.AutoModelForMaskGeneration, source, revision, where)
        # SAM 3 is published with the processor of its video model, which knows no boxes for one image.
        third = isinstance(network, transformers.Sam3TrackerModel)
        kind = transformers.Sam3TrackerProcessor if third else transformers.AutoProcessor
        self.network, self.processor = network.to(context.device).eval(), pretrained(kind, source, revision, where)
        self.card, self.context = card(source, revision), context

    def by_boxes(
        self, image: UInt8[np.ndarray, "h w 3"], boxes: Float32[np.ndarray, "n 4"]
    ) -> Bool[np.ndarray, "n h w"]:
        """One mask for each box (left, top, right, bottom)."""
        made = [masks[:, 0] > 0 for masks, _ in self.decoded(image, "input_boxes", boxes.tolist(), False)]
        return torch.cat(made).cpu().numpy() if made else np.zeros((0, *image.shape[:2]), bool)

    def by_points(
        self, image: UInt8[np.ndarray, "h w 3"], points: Float32[np.ndarray, "n 2"]
    ) -> Iterator[tuple[Float32[Tensor, "m 3 h w"], Float32[Tensor, "m 3"]]]:
        """For each point (x, y) three masks as logits, and how good the model thinks they are; some points at a time."""
        yield from self.decoded(image, "input_points", [[point] for point in points.tolist()], True)

    def decoded(
        self, image: UInt8[np.ndarray, "h w 3"], what: str, prompts: list[Any], several: bool
    ) -> Iterator[tuple[Float32[Tensor, "m c h w"], Float32[Tensor, "m c"]]]:
        """Logits at the image's size; the image goes through the encoder once."""
        mixed = self.context.precision != torch.float32
        features = None
        for begin in range(0, len(prompts), PROMPTS):
            some = {what: [prompts[begin : begin + PROMPTS]]}
            inputs = self.processor(images=image, return_tensors="pt", **some).to(self.context.device)
            sizes = [inputs.pop(name) for name in ("original_sizes", "reshaped_input_sizes") if name in inputs]
            pixels = inputs.pop("pixel_values")
            with torch.autocast(self.context.device.type, self.context.precision, enabled=mixed):
                if features is None:
                    features = self.network.get_image_embeddings(pixels)
                output = self.network(image_embeddings=features, multimask_output=several, **inputs)
            masks = output.pred_masks.float().cpu()
            whole = self.processor.post_process_masks(masks, *sizes, binarize=False)[0]
            yield whole.float(), output.iou_scores[0].float().cpu()
