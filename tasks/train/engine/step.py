"""One step of training: forward, backward, what is done to the gradient, and the optimizer's step."""

import torch
from jaxtyping import Bool, Int64
from torch import Tensor, nn

from segmend.images.dataset import Card
from segmend.network.heads.embedding import Embedding
from segmend.network.segmenter import normalise
from tasks.train.api.distributed import Alone, Several
from tasks.train.api.step_context import StepContext
from tasks.train.api.targets import Targets, targets_of
from tasks.train.corrections._confident_joint import ConfidentJoint, JointCounts
from tasks.train.engine.dataloader import Batch
from tasks.train.engine.state import State
from tasks.train.engine.weight_perturbation import climbed, still
from tasks.train.settings import Params


class TrainStep:
    """Takes steps. With a correction of labels it also counts what the network said of the training pixels it saw."""

    def __init__(
        self,
        here: Alone | Several,
        settings: Params,
        state: State,
        network: nn.Module,
        card: Card,
        frequency: Tensor,
        amp: torch.autocast,
    ):
        self.here, self.settings, self.state, self.network = here, settings, state, network
        self.card, self.frequency, self.amp = card, frequency, amp
        self.listener = (
            ConfidentJoint(here, state.correction, len(card.classes)) if settings.correction.corrects else None
        )
        every = [one for module in (state.network, state.auxiliary) for one in module.modules()]
        self.heads = [one for one in every if isinstance(one, Embedding) and one.guarded]
        self.broken = torch.zeros((), dtype=torch.int64, device=here.device)  # steps since the loss is no number

    def step(self, parts: list[Batch], progress: float) -> None:
        """Learn from the parts of one step, `progress` (0..1) of the way through the training."""
        # All parts of a step are read first: its loss is the mean over the labelled pixels of the whole step, so that two
        # parts of four images, or two processes with four each, give the gradient of one batch of eight.
        targets = [
            targets_of(part.labels, self.frequency, part.candidates, part.cells, part.trust, progress) for part in parts
        ]
        pixels = self.here.total(torch.stack([target.valid.sum() for target in targets]).sum()).clamp_min(1)
        self.tell(targets)
        self.backward(parts, targets, pixels, progress)
        state, settings = self.state, self.settings
        state.running[1] += 1
        self.broken += ~state.running[0].isfinite()
        changed = [p for p in state.network.parameters() if p.grad is not None]
        changed += [p for p in state.auxiliary.teacher.parameters() if p.grad is not None]
        # The climb does not depend on the gradient's scale: fp16's is taken off once, after the pass that counts.
        if (offsets := settings.sharpness.offsets(changed)) is not None:
            state.optimizer.zero_grad()
            with climbed(changed, offsets), still(state.network, state.auxiliary.teacher):
                self.backward(parts, targets, pixels, progress, again=True)
        state.scaler.unscale_(state.optimizer)  # what changes gradients must see them as they are
        for transform in settings.gradients:
            transform(changed)
        state.scaler.step(state.optimizer)
        state.scaler.update()
        state.optimizer.zero_grad()
        state.auxiliary.teacher.after_step(state.network, progress)
        choosing = (state.auxiliary.selection, state.auxiliary.teacher.selection)
        self.here.average([kept for one in choosing if one is not None for kept in one.buffers()])
        if state.auxiliary.mean is not None:
            state.auxiliary.mean.update(state.network, progress)

    def tell(self, targets: list[Targets]) -> None:
        """Heads that guard classes without labels learn which of them the step's labels hold, in all processes."""
        if self.heads:
            seen = torch.stack([held(target) for target in targets]).any(0)
            everywhere = self.here.total(seen.int()) > 0
            for head in self.heads:
                head.teach(everywhere)

    def backward(
        self, parts: list[Batch], targets: list[Targets], pixels: Tensor, progress: float, again: bool = False
    ) -> None:
        """The gradient of the step's loss; `again`: at other weights, and nothing is noted of it."""
        state = self.state
        for part, target in zip(parts, targets, strict=True):
            images = normalise(part.images, self.card)
            auxiliary = state.auxiliary
            context = StepContext(
                self.network, state.network, images, target, auxiliary.loss, auxiliary.selection, self.amp, progress
            )
            values, seen = auxiliary.teacher(context)
            loss = values.sum() / pixels
            self.here.backward(state.scaler.scale(loss))
            if again:
                continue
            state.running[0] += self.here.total(loss.detach())
            if self.listener:
                self.listener.update(part.labels if part.given is None else part.given, seen.logits)
        # The network's gradients are averaged as it is wrapped; those of what learns beside it are not.
        self.here.average([p.grad for p in state.auxiliary.parameters() if p.grad is not None])

    def compute(self) -> JointCounts | None:
        """What was counted since the last call, over all processes; None without a correction."""
        return self.listener.compute() if self.listener else None


def held(targets: Targets) -> Bool[Tensor, " c"]:
    """The classes that a valid pixel carries, alone or in its set. Nothing here makes a GPU wait."""
    labels, classes = targets.labels, len(targets.frequency)
    single = targets.valid if targets.sets is None else targets.valid & (targets.sets < 0)
    found = touched(torch.where(single, labels, classes), classes)
    if targets.sets is not None and targets.candidates is not None:
        images, each, _ = targets.candidates.shape
        first = each * torch.arange(images, device=labels.device)[:, None, None]
        inside = targets.valid & (targets.sets >= 0)
        used = touched(torch.where(inside, first + targets.sets, images * each), images * each)
        found |= (targets.candidates.flatten(0, 1) & used[:, None]).any(0)
    return found


def touched(places: Int64[Tensor, "b h w"], count: int) -> Bool[Tensor, " n"]:
    """Which of 0..count - 1 occur; `count` itself stands for nothing."""
    return torch.zeros(count + 1, dtype=torch.bool, device=places.device).index_fill(0, places.ravel(), True)[:count]
