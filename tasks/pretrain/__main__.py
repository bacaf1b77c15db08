"""python -m tasks.pretrain: see the stage pretrain of dvc.yaml for its paths."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import UNLABELLED
from segmend.network.architectures import Network
from segmend.network.device import device, precision
from segmend.network.segmenter import save
from segmend.stage import params
from segmend.stage.cache import Part, code_digest
from segmend.stage.command import stage
from segmend.training.checkpoints import Checkpoints
from segmend.training.determinism import out_of_memory, reproducible
from tasks.pretrain.loop import learn
from tasks.pretrain.settings import Params
from tasks.pretrain.state import start
from tasks.pretrain.views import trusted


@stage
def pretrain(settings: Params, seed: int, *, dataset: Path, labels: Path, out: Path) -> dict[str, Any]:
    """Train the features of the network of train.network by contrast; its classifier stays random."""
    source, maps = Dataset(dataset), Labels(labels)
    method = params.validated(Network, params.load()["train"].get("network", {"name": "unet"}), "train.network")
    samples, data = training_images(source, maps, settings)
    machine = [device().type, precision(device()), torch.get_num_threads(), torch.__version__]
    key: list[Part] = [
        settings.model_dump_json(),
        repr(method),
        str(seed),
        data,
        code_digest("tasks.pretrain.__main__"),
    ]
    checkpoints = Checkpoints([*key, repr(machine)], "pretrain")
    way_out = (
        f"lower pretrain.batch (it is {settings.batch}), pretrain.crop (it is {settings.crop}) or pretrain.per_class (it is "
        f"{settings.per_class}), or take a smaller network"
    )
    with reproducible(), out_of_memory("pretrain", way_out):
        state = start(settings, method, seed, len(source.classes), device())
        losses = learn(state, settings, source, maps, samples, checkpoints)
    save(out, state.network, method, source.card)
    checkpoints.remove()
    return {"loss": losses[-1], "first_loss": losses[0], "images": len(samples), "epochs": settings.epochs}


def training_images(dataset: Dataset, labels: Labels, settings: Params) -> tuple[list[Sample], bytes]:
    """The training images with pixels that may be drawn, and a digest of all that is learnt from."""
    digest, samples, any_labelled = sha256(dataset.card.model_dump_json().encode()), [], False
    for sample in dataset.of("train"):
        known = labels[sample.id] < UNLABELLED
        if (known & trusted(labels, sample, settings.trust)).any():
            samples.append(sample)
        any_labelled |= bool(known.any())
        digest.update(repr(sample).encode() + sha256(labels.path(sample.id).read_bytes()).digest())
        if settings.trust and labels.trust_path(sample.id).is_file():
            digest.update(sha256(labels.trust_path(sample.id).read_bytes()).digest())
    if not samples:
        missing = f"label of the train split that is trusted by {settings.trust:g} or more; lower pretrain.trust"
        raise ValueError(
            f"{labels.folder} holds no {missing if any_labelled else 'labelled pixel of the train split'}: there is nothing to "
            "contrast; or set train.start to none"
        )
    return samples, digest.digest()


if __name__ == "__main__":
    raise SystemExit(pretrain())
