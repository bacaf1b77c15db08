"""One step of training: forward, backward, the gradient transforms, and the optimizer's step."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from segmend.images.dataset import Card
from segmend.network.heads.embedding import Embedding
from segmend.network.segmenter import normalise
from tasks.train.api import distributed
from tasks.train.api.step_context import StepContext
from tasks.train.api.targets import Targets, targets_of
from tasks.train.corrections._confident_joint import ConfidentJoint, JointCounts
from tasks.train.engine.dataloader import Batch
from tasks.train.engine.state import State
from tasks.train.engine.weight_perturbation import frozen_statistics, perturbed
from tasks.train.settings import Params


class TrainStep:
    """Takes steps. With a correction of labels it also collects the confident joint of the training pixels."""

    def __init__(
        self,
        settings: Params,
        state: State,
        network: nn.Module,
        card: Card,
        frequency: Float[Tensor, " k"],
        amp: torch.autocast,
    ):
        self.settings, self.state, self.network = settings, state, network
        self.card, self.frequency, self.amp = card, frequency, amp
        self.joint = ConfidentJoint(state.correction, len(card.classes)) if settings.correction.corrects else None
        modules = [*state.network.modules(), *state.auxiliary.modules()]
        self.heads = [module for module in modules if isinstance(module, Embedding) and module.guarded]
        self.non_finite = torch.zeros(
            (), dtype=torch.int64, device=frequency.device
        )  # steps since the loss is non-finite

    def step(self, parts: list[Batch], progress: float) -> None:
        """Learn from the parts of one step, `progress` (0..1) of the way through the training."""
        # All parts of a step are read first: its loss is the mean over the labelled pixels of the whole step, so that two
        # parts of four images, or two processes with four each, give the gradient of one batch of eight.
        targets = [
            targets_of(part.maps.labels, self.frequency, part.candidates, part.maps.cells, part.maps.trust, progress)
            for part in parts
        ]
        pixels = distributed.all_reduce(torch.stack([target.valid.sum() for target in targets]).sum()).clamp_min(1)
        self.mark_taught(targets)
        self.backward(parts, targets, pixels)
        state, settings = self.state, self.settings
        state.running[1] += 1
        self.non_finite += ~state.running[0].isfinite()
        changed = [p for p in state.network.parameters() if p.grad is not None]
        changed += [p for p in state.auxiliary.teacher.parameters() if p.grad is not None]
        # The perturbation does not depend on the gradient's scale: fp16's is removed once, after the pass that counts.
        if (offsets := settings.sharpness.offsets(changed)) is not None:
            state.optimizer.zero_grad()
            with perturbed(changed, offsets), frozen_statistics(state.network, state.auxiliary.teacher):
                self.backward(parts, targets, pixels, again=True)
        state.scaler.unscale_(state.optimizer)  # gradient transforms need unscaled gradients
        for transform in settings.gradients:
            transform(changed)
        state.scaler.step(state.optimizer)
        state.scaler.update()
        state.optimizer.zero_grad()
        state.auxiliary.teacher.after_step(state.network, progress)
        selections = (state.auxiliary.selection, state.auxiliary.teacher.selection)
        distributed.average([buffer for chosen in selections if chosen is not None for buffer in chosen.buffers()])
        if state.auxiliary.mean is not None:
            state.auxiliary.mean.update(state.network, progress)

    def mark_taught(self, targets: list[Targets]) -> None:
        """Tell heads that protect classes without labels which classes the step's labels contain, in all processes."""
        if self.heads:
            own = torch.stack([labelled_classes(target) for target in targets]).any(0)
            labelled = distributed.all_reduce(own.int()) > 0
            for head in self.heads:
                head.teach(labelled)

    def backward(self, parts: list[Batch], targets: list[Targets], pixels: Tensor, again: bool = False) -> None:
        """The gradient of the step's loss; `again`: at perturbed weights, and without updating loss and statistics."""
        state, auxiliary = self.state, self.state.auxiliary
        for part, target in zip(parts, targets, strict=True):
            images = normalise(part.images, self.card)
            context = StepContext(
                self.network, state.network, images, target, auxiliary.loss, auxiliary.selection, self.amp
            )
            values, outputs = auxiliary.teacher(context)
            loss = values.sum() / pixels
            distributed.backward(state.scaler.scale(loss))
            if again:
                continue
            state.running[0] += distributed.all_reduce(loss.detach())
            if self.joint:
                given = part.maps.labels if part.maps.given is None else part.maps.given
                self.joint.update(given, outputs.logits)
        # The network's gradients are reduced by its wrapper; those of the auxiliary modules are not.
        distributed.average([p.grad for p in auxiliary.parameters() if p.grad is not None])

    def compute(self) -> JointCounts | None:
        """The counts since the last call, over all processes; None without a correction."""
        return self.joint.compute() if self.joint else None


def labelled_classes(targets: Targets) -> Bool[Tensor, " c"]:
    """The classes that a valid pixel carries, alone or in its set. Nothing here makes a GPU wait."""
    labels, classes = targets.labels, len(targets.frequency)
    single = targets.valid if targets.sets is None else targets.valid & (targets.sets < 0)
    labelled = occurring(torch.where(single, labels, classes), classes)
    if targets.sets is not None and targets.candidates is not None:
        images, per_image, _ = targets.candidates.shape
        first = per_image * torch.arange(images, device=labels.device)[:, None, None]
        inside = targets.valid & (targets.sets >= 0)
        count = images * per_image
        used = occurring(torch.where(inside, first + targets.sets, count), count)
        labelled |= (targets.candidates.flatten(0, 1) & used[:, None]).any(0)
    return labelled


def occurring(numbers: Int64[Tensor, "b h w"], count: int) -> Bool[Tensor, " n"]:
    """Which of 0..count - 1 occur; `count` itself marks pixels to ignore."""
    return torch.zeros(count + 1, dtype=torch.bool, device=numbers.device).index_fill(0, numbers.ravel(), True)[:count]
