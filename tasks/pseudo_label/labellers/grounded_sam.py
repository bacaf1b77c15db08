"""Objects by words: an open-vocabulary detector finds boxes, SAM draws their masks, small masks lie over large ones.

Paper: Kim et al., Active Label Correction for Semantic Segmentation with Foundation Models, ICML 2024, arXiv 2403.10820; Liu et al.,
    Grounding DINO, arXiv 2303.05499; Kirillov et al., Segment Anything, arXiv 2304.02643.
Library: transformers (Apache-2.0): Grounding DINO, MM Grounding DINO, OWL-ViT or OWLv2; SAM, SAM 2, SAM-HQ, EdgeTAM, SAM 3 tracker.
Formula: score[class] = max over its words, max over a word's tokens, of sigmoid(logit); boxes with a best score above
    `least` stay, with the best class; no threshold for texts. Where the best is a negative prompt the object's pixels are unlabelled.
Limits: no box: all pixels are `background` or unlabelled; one word per class, overlap 1 and no flip are the paper's setting.
Differs: tokens belong to words by their place in the caption, so no token is without a class. Other than in the release, boxes
    of the mirrored image can be added (flip), and of boxes that overlap by more than `overlap` (IoU) the best is kept.
    Object ids are int32: any number of them.
Confidence: the mean score of the region's majority label; the background's score is 1 - the object's, and 1 - least
    where there is no object.
Costs: the detector and the image encoder once per image (flip: the detector twice), the mask decoder once per 64 boxes.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from segmend.images.rasters import UNLABELLED
from segmend.stage.params import Method
from tasks.pseudo_label.labellers._model import Item, LabellerContext, Model, ModelLabels
from tasks.pseudo_label.labellers._prompts import Background, Negative, Synonyms, best, listed


class GroundedSam(Method):
    name: Literal["grounded_sam"] = "grounded_sam"
    detector: str = Field(
        "IDEA-Research/grounding-dino-tiny", description="folder of a saved detector with its processor, or hub id"
    )
    detector_revision: str | None = Field(None, description="the hub's commit, branch or tag; null: its main branch")
    segmenter: str = Field(
        "facebook/sam-vit-huge", description="folder of a saved SAM with its processor, or hub id (any size, SAM 2 too)"
    )
    segmenter_revision: str | None = Field(None, description="the hub's commit, branch or tag; null: its main branch")
    synonyms: Synonyms = {}
    negative: Negative = ()
    background: Background = ""
    least: float = Field(0.2, ge=0, lt=1, description="score that a box must exceed")
    overlap: float = Field(1.0, gt=0, le=1, description="IoU above which the lesser of two boxes goes; 1 keeps all")
    flip: bool = Field(False, description="add the boxes of the mirrored image; wants an overlap below 1, about 0.7")

    @model_validator(mode="after")
    def once(self) -> "GroundedSam":
        if self.flip and self.overlap == 1:
            raise ValueError(
                "flip finds most objects twice: set overlap below 1, as 0.7, so that the better box is kept"
            )
        return self

    def build(self, context: LabellerContext) -> Model:
        import torch

        from tasks.pseudo_label.labellers._detector import Detector
        from tasks.pseudo_label.labellers._object_maps import labelled, paint
        from tasks.pseudo_label.labellers._sam import Segmenter

        where = "pseudo_label.labeller.grounded_sam"
        texts, columns = listed(self.synonyms, self.negative, self.background, context.classes, where)
        detector = Detector(self.detector, self.detector_revision, texts, context)
        segmenter = Segmenter(self.segmenter, self.segmenter_revision, "grounded_sam.segmenter", context)
        classes = len(context.classes)
        names = np.array([*range(classes), UNLABELLED], np.uint8)
        rest = context.classes.index(self.background) if self.background else UNLABELLED

        @torch.inference_mode()
        def run(items: Sequence[Item]) -> list[ModelLabels]:
            images = np.stack([item.image for item in items])
            boxes, scores = self.detected(detector, images)
            made = []
            for item, corners, words in zip(items, boxes, scores, strict=True):
                objects, kept = paint(segmenter.by_boxes(item.image, corners))
                table = best(words[kept].T, columns, classes + 1).T  # visible objects x classes and the negative
                outside = np.zeros(classes, np.float32)
                winners = names[table.argmax(axis=1)]
                if self.background:
                    table[:, rest] = 1 - table.max(axis=1)
                    outside[rest] = 1 - self.least
                made.append(labelled(objects, winners, table[:, :classes], rest, outside, item.regions))
            return made

        return Model(run, [detector.card, segmenter.card], objects=True)

    def detected(self, detector: Any, images: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Boxes and the prompts' scores of each image, with those of its mirror image, less what overlaps too much."""
        import torch
        from torchvision.ops import nms

        detections = detector(images, self.least)
        if self.flip:
            width = images.shape[2]
            turned = detector(np.ascontiguousarray(images[:, :, ::-1]), self.least)
            back = [
                np.array([width, 0, width, 0], np.float32) + detection.boxes[:, [2, 1, 0, 3]] * SIGNS
                for detection in turned
            ]
            detections = [
                type(a)(np.concatenate([a.boxes, boxes]), np.concatenate([a.scores, b.scores]))
                for a, b, boxes in zip(detections, turned, back, strict=True)
            ]
        if self.overlap < 1:
            kept = [
                nms(
                    torch.from_numpy(detection.boxes),
                    torch.from_numpy(detection.scores.max(axis=1, initial=0)),
                    self.overlap,
                )
                for detection in detections
            ]
            detections = [
                type(detection)(detection.boxes[k.numpy()], detection.scores[k.numpy()])
                for detection, k in zip(detections, kept, strict=True)
            ]
        return [detection.boxes for detection in detections], [detection.scores for detection in detections]


SIGNS = np.array([-1, 1, -1, 1], np.float32)  # left and right of a mirrored box
