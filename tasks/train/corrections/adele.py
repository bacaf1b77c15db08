"""ADELE: the labels of a class are replaced by predictions once the network begins to memorise them.

Paper: Liu et al., Adaptive Early-Learning Correction for Segmentation from Noisy Annotations, CVPR 2022, arXiv 2110.03740.
Idea: a network first learns what labels have in common and later their mistakes, each class at its own time: correct a class
    when the curve of its IoU with the given labels flattens.
Formula: iou(t) = a (1 - exp(-t^b / c)), fitted anew after each epoch (tasks/train/corrections/_memorisation.py); a class is on from the first
    epoch at which the slope has fallen by more than `change` of that at epoch 1, and stays on.
    p = mean over scales and mirror images of softmax(network); said = argmax p; a pixel becomes `said` where p > threshold,
    said is on and (only_present) said occurs in the image's given labels. both_on: its given label must be on as well.
    threshold auto: max(least, min(most, 1 - w[said] - margin)), w: share of the pixels of a class whose given label seems to be another,
    by the confident joint of what the network said in the epoch before the first correction (tasks/train/corrections/_confident_joint.py):
    from then on it learns other labels.
    Nothing is corrected before the share `start` of the training; classes that came on before are corrected then.
Limits: change 1, or threshold 1, never corrects. Void is never touched, unlabelled pixels only with `fill`. Always the
    original labels and today's prediction, so nothing adds up. An image that would lose half its foreground and become nearly all
    background (keep, crowd) stays as it is.
Differs: start and least are 0 in the paper, whose trainings are ten times as long: a network that has seen each image three times
    takes too much for its favourite class (benchmarks/results/noise.md). The predicted class must be on (VOC code), with both_on the given one too (SegThor code: with few classes on it only
    exchanges these with background). only_present counts for each image (VOC: not for images of background alone). Thresholds
    are 0.8 or 0.7 in the code, which changes nothing at 30 % swapped labels. The noise and the curves are of the given labels
    throughout. Mean of softmax (paper; VOC code: softmax of mean logits at temperature 3); no CRF; a class waits until its IoU has
    passed 0.1 (SegThor code: risen by 0.1 in one epoch, so that one that rises slowly is never corrected). `background`, which has no curve, is by
    default the commonest class, since class ids have no fixed meaning here.
Costs: a correction is a forward pass of sum(scales^2) (3.7) times 2 (flip) all whole training images; every epoch a fit a class (5 ms).
"""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from pydantic import Field
from torch import Tensor

from segmend.images.rasters import UNLABELLED, is_class
from segmend.network.segmenter import AnySize
from segmend.stage.params import Method
from tasks.train.api.multi_scale import mean_probabilities
from tasks.train.corrections._confident_joint import JointCounts
from tasks.train.corrections._memorisation import onset
from tasks.train.corrections._relabelling import Plan


class Adele(Method):
    name: Literal["adele"] = "adele"
    corrects: ClassVar[bool] = True
    change: float = Field(
        0.9, gt=0, le=1, description="how much the slope of a class's curve falls before it is corrected"
    )
    threshold: Literal["auto"] | Annotated[float, Field(ge=0, le=1)] = Field(
        "auto", description="a class is given above this probability; auto: by the estimated share of wrong labels"
    )
    most: float = Field(0.8, gt=0, le=1, description="auto: the highest threshold")
    least: float = Field(0.5, ge=0, le=1, description="auto: the lowest threshold (it wins over `most`)")
    start: float = Field(
        0.5, ge=0, lt=1, description="share of the training before which nothing is corrected (paper: 0)"
    )
    margin: float = Field(
        0.2, ge=0, lt=1, description="auto: how far the threshold stays below the share of right labels"
    )
    both_on: bool = Field(False, description="the given label's class must be on too, or be the background")
    only_present: bool = Field(True, description="an image is given no class that its given labels do not hold")
    keep: float = Field(0.5, ge=0, le=1, description="an image that keeps less of its foreground ...")
    crowd: float = Field(
        0.95, ge=0, le=1, description="... and becomes background for more than this share is not corrected"
    )
    scales: tuple[Annotated[float, Field(gt=0, le=4)], ...] = Field(
        (0.7, 1.0, 1.5),
        min_length=1,
        description="factors by which images are resized before the forward pass; [1.0]: their own size only",
    )
    flip: bool = Field(True, description="average with the prediction of the mirror image")
    every: int = Field(10, ge=1, description="epochs from one correction to the next, where no further class comes on")
    background: str = Field(
        "", description="the class that has no curve and is on with any other; empty: the commonest"
    )
    fill: bool = Field(False, description="unlabelled pixels may be given a class too")

    def check(self, classes: tuple[str, ...]) -> None:
        if self.background and self.background not in classes:
            raise ValueError(
                f"train.correction.adele.background is '{self.background}', which is no class of the dataset: use one of "
                f"{', '.join(classes)}, or '' for the commonest"
            )

    def due(
        self, memory: dict[str, Any], epoch: int, epochs: int, joint: JointCounts, classes: tuple[str, ...]
    ) -> Plan | None:
        """What to correct after this epoch, None for nothing. `memory` is kept from epoch to epoch."""
        if "background" not in memory:
            commonest = int(joint.confusion.matrix.sum(1).argmax())
            memory.update(background=classes.index(self.background) if self.background else commonest, curves=[], on={})
        memory["curves"].append([None if np.isnan(value) else float(value) for value in joint.confusion.iou()])
        background, on, corrections = memory["background"], memory["on"], memory.get("corrections", [])
        fresh = []
        for k in range(len(classes)):
            if k != background and str(k) not in on:
                begin = onset([row[k] for row in memory["curves"]], epochs, self.change)
                if begin is not None and epoch >= begin:
                    fresh.append(str(k))
        on.update(dict.fromkeys(fresh, epoch))
        last = corrections[-1]["epoch"] if corrections else None
        again = bool(on) and (last is None or epoch - last >= self.every)
        if epoch < self.start * epochs or not (fresh or again):
            return None
        may = np.isin(np.arange(len(classes)), [background, *map(int, on)])
        if self.threshold == "auto":
            rates = memory.setdefault("wrong_rates", joint.wrong_rates().tolist())
            threshold = np.maximum(self.least, np.minimum(self.most, 1 - np.array(rates) - self.margin))
        else:
            threshold = np.full(len(classes), self.threshold)
        return Plan(may, threshold, background, joint.wrong_rate())

    def probabilities(
        self, network: AnySize, images: Float[Tensor, "b 3 h w"], amp: torch.autocast
    ) -> Float[Tensor, "b k h w"]:
        return mean_probabilities(network, images, self.scales, self.flip, amp)

    def correct(
        self, given: UInt8[np.ndarray, "h w"], probabilities: Float32[np.ndarray, "k h w"], plan: Plan
    ) -> UInt8[np.ndarray, "h w"]:
        """One image's labels: the given ones, changed where the network is sure enough."""
        predicted = probabilities.argmax(0).astype(np.uint8)
        may = plan.on.copy()
        if self.only_present:
            present = np.bincount(given.ravel(), minlength=256)[: len(may)] > 0
            present[plan.background] = True
            may &= present
        open_now = given <= UNLABELLED if self.fill else is_class(given)
        if self.both_on:
            open_now &= np.isin(given, [*np.flatnonzero(plan.on), UNLABELLED])
        new = np.where(open_now & may[predicted] & (probabilities.max(0) > plan.threshold[predicted]), predicted, given)
        before, after = ((is_class(maps) & (maps != plan.background)).sum() for maps in (given, new))
        emptied = after < self.keep * before and (new == plan.background).sum() > self.crowd * is_class(new).sum()
        return given if emptied else new
