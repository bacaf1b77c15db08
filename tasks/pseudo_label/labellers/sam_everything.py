"""Objects without words: SAM is asked at a grid of points; the given masks name what it finds, or nobody does.

Paper: Kirillov et al., Segment Anything, ICCV 2023, arXiv 2304.02643 (automatic mask generation, appendix B).
Library: transformers (Apache-2.0): SAM, SAM 2, SAM-HQ, EdgeTAM, SAM 3 tracker.
Formula: three masks per point; those stay whose predicted IoU exceeds `quality` and whose stability |logit > 1| / |logit > -1|
    reaches `stability`; of masks whose boxes overlap by more than `overlap` the best stays; small over large.
    label of an object = majority of the given mask inside it; outside objects the given mask stays.
Limits: labels: none, or an image without a mask: unlabelled everywhere, objects only. An object inside one class changes no label.
Differs: one pass over the whole image, without crops; no filling of holes. Logits are taken at the image's size.
Confidence: the mean, over the region, of the share of each object's pixels that the given mask gives to the majority label.
Costs: the image encoder once, the mask decoder once per 64 points (32 x 32 points in the paper); three logits a pixel and point
    for 64 points at a time: 1024 x 2048 pixels need 1.6 GB.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool
from pydantic import Field

from segmend.images.rasters import NO_REGION, UNLABELLED, VOID, RegionMap
from segmend.images.regions import class_counts, columns_of, majority
from segmend.stage.params import Method
from tasks.pseudo_label.labellers._model import Item, LabellerContext, Model, ModelLabels


class SamEverything(Method):
    name: Literal["sam_everything"] = "sam_everything"
    model: str = Field(
        "facebook/sam-vit-huge", description="folder of a saved SAM with its processor, or hub id (any size, SAM 2 too)"
    )
    revision: str | None = Field(None, description="the hub's commit, branch or tag; null: its main branch")
    points: int = Field(32, ge=1, le=128, description="points along each side of the grid")
    quality: float = Field(0.88, ge=0, le=1, description="predicted IoU that a mask must exceed")
    stability: float = Field(0.95, ge=0, le=1, description="stability that a mask must reach")
    overlap: float = Field(0.7, gt=0, le=1, description="IoU of boxes above which the lesser of two masks goes")
    smallest: int = Field(8, ge=1, description="pixels of the smallest mask that is kept")
    labels: Literal["majority", "none"] = Field("majority", description="whether the given masks name the objects")

    def build(self, context: LabellerContext) -> Model:
        import torch

        from tasks.pseudo_label.labellers._object_maps import paint
        from tasks.pseudo_label.labellers._sam import Segmenter

        segmenter = Segmenter(self.model, self.revision, "sam_everything.model", context)

        @torch.inference_mode()
        def run(items: Sequence[Item]) -> list[ModelLabels]:
            drawn = [paint(self.masks(segmenter, item.image))[0] for item in items]
            return [self.named(objects, item, len(context.classes)) for objects, item in zip(drawn, items, strict=True)]

        return Model(run, [segmenter.card], objects=True)

    def masks(self, segmenter: Any, image: np.ndarray) -> Bool[np.ndarray, "n h w"]:
        """The masks that stay, best first."""
        import torch
        from torchvision.ops import masks_to_boxes, nms

        steps = (np.arange(self.points) + 0.5) / self.points
        x, y = np.meshgrid(steps * image.shape[1], steps * image.shape[0])
        points = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
        kept, rated = [torch.zeros(0, *image.shape[:2], dtype=torch.bool)], [torch.zeros(0)]
        for logits, quality in segmenter.by_points(image, points):
            logits, quality = logits.flatten(0, 1), quality.flatten()
            inner, middle, outer = ((logits > level).flatten(1).sum(1) for level in (1, 0, -1))
            good = (quality > self.quality) & (inner >= self.stability * outer) & (middle >= self.smallest)
            kept.append(logits[good] > 0)
            rated.append(quality[good])
        masks, ratings = torch.cat(kept), torch.cat(rated)
        if not len(masks):
            return masks.numpy()
        return masks[nms(masks_to_boxes(masks), ratings, self.overlap)].numpy()

    def named(self, objects: RegionMap, item: Item, classes: int) -> ModelLabels:
        """The objects with the labels that the given mask gives them."""
        from tasks.pseudo_label.labellers._object_maps import means

        if item.mask is None or self.labels == "none":
            labels = np.full(objects.shape, UNLABELLED, np.uint8)
            return ModelLabels(labels, np.zeros((item.regions.max(initial=-1) + 1, classes), np.float32), objects)
        counts = class_counts(item.mask, objects, classes)
        shares = counts[:, :classes] / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        # Pixels outside objects keep the given label, and count as sure of it.
        table = np.vstack([shares, np.eye(classes + 2, classes)]).astype(np.float32)
        names = np.concatenate([majority(counts)[0], np.arange(classes), [UNLABELLED, VOID]]).astype(np.uint8)
        owners = np.where(objects == NO_REGION, len(counts) + columns_of(item.mask, classes).astype(np.int32), objects)
        return ModelLabels(names[owners], means(owners, table, item.regions), objects)
