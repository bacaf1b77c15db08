"""Vectors of the classes, from a file or from a text model, written into params.yaml for the networks' head `embedding`.

python -m segmend.network.class_vectors --file vectors.csv --unseen lake   one line a class: its name, then its numbers
python -m segmend.network.class_vectors --model openai/clip-vit-base-patch32 --prompt "a photo of {}"

A file may hold more classes than the data set has. They may be words' vectors, or attributes that somebody wrote down (how
bright, how round, how large). A text model is any of the transformers library that has a tokenizer: a folder, or a hub id
that is in the local cache or can be fetched (--offline forbids that). Of models that pair texts with images the text's feature is
taken, of others the mean over its tokens.

--unseen names the classes that nobody labelled; left out, they are those that the first labels (data/labels/r0, where they are)
hold nowhere. With any, `unseen` and a `calibration` are written too: training does not push these classes down, and prediction
takes the labelled classes' head start from them. Without, a network says no class that it was not taught.

The vectors themselves stand in params.yaml, so that they are part of what a training depends on, and of the saved network.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from csv import reader
from os import environ
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from segmend.images.dataset import Dataset, Labels
from segmend.network.heads.embedding import Calibration, Embeddings
from segmend.network.pretrained import card, pretrained
from segmend.stage.command import user_mistakes
from segmend.stage.params import validated

DIGITS = 6  # after the point: more only makes params.yaml long
CALIBRATION = 0.4  # SPNet's for COCO-Stuff
Vectors = dict[str, tuple[float, ...]]


def from_file(path: Path, classes: Sequence[str]) -> Vectors:
    """The classes' lines of a table `name,number,number,...`; ValueError where one is missing or is no row of numbers."""
    if not path.is_file():
        raise ValueError(f"{path} is not here: a table is expected, one line a class: its name, then its numbers")
    vectors: Vectors = {}
    with path.open(newline="", encoding="utf-8") as file:
        for number, (name, *values) in enumerate((row for row in reader(file) if row), 1):
            if name.strip() not in classes:
                continue
            try:
                vectors[name.strip()] = tuple(round(float(value), DIGITS) for value in values)
            except ValueError:
                raise ValueError(
                    f"{path}, line {number}: '{name.strip()}' must be followed by numbers, not {values}"
                ) from None
    missing = [name for name in classes if name not in vectors]
    if missing:
        raise ValueError(
            f"{path} has no line for the classes {', '.join(missing)}; names must be as in the data set: {', '.join(classes)}"
        )
    return checked({name: vectors[name] for name in classes}, str(path))


def from_model(source: str, classes: Sequence[str], prompt: str = "{}", revision: str | None = None) -> Vectors:
    """What a text model makes of each class's name within the prompt."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    if "{}" not in prompt:
        raise ValueError(f"--prompt is '{prompt}': it must hold {{}}, where the class's name goes")
    tokenizer, model = (pretrained(kind, source, revision, "--model") for kind in (AutoTokenizer, AutoModel))
    model.eval()
    texts = tokenizer([prompt.format(name) for name in classes], padding=True, return_tensors="pt")
    with torch.inference_mode():
        if hasattr(model, "get_text_features"):
            made: Any = model.get_text_features(**texts)
            features = getattr(made, "pooler_output", made)
        else:
            states, mask = model(**texts).last_hidden_state, texts["attention_mask"][..., None]
            features = (states * mask).sum(1) / mask.sum(1)
    unit = torch.nn.functional.normalize(features.float()).tolist()
    return checked(
        {name: tuple(round(v, DIGITS) for v in row) for name, row in zip(classes, unit, strict=True)}, source
    )


def checked(vectors: Vectors, where: str) -> Vectors:
    try:
        return TypeAdapter(Embeddings).validate_python(vectors)
    except ValidationError as trouble:
        raise ValueError(f"{where}: {trouble.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def without_label(dataset: Dataset, labels: Path) -> tuple[str, ...] | None:
    """The classes that the labels of the train images hold nowhere; None where there are no labels to look at."""
    if not (labels / "maps").is_dir():
        return None
    every = Labels(labels)
    held = np.zeros(256, bool)
    for sample in dataset.of("train"):
        held[np.unique(every[sample.id])] = True
    return tuple(name for name, there in zip(dataset.classes, held, strict=False) if not there)


def named(unseen: Sequence[str], classes: Sequence[str]) -> tuple[str, ...]:
    """The names as they were given; ValueError where one is no class, or none is left that is labelled."""
    strangers = [name for name in unseen if name not in classes]
    if strangers or set(unseen) == set(classes):
        told = f"'{strangers[0]}', which is no class" if strangers else "every class: one at least must be labelled"
        raise ValueError(f"--unseen names {told}; the data set has {', '.join(classes)}")
    return tuple(unseen)


def write(
    vectors: Vectors, params: Path, unseen: tuple[str, ...] | None = None, calibration: float | None = None
) -> tuple[str, dict[str, Any]]:
    """Put them into the section of the chosen network, with head embedding; all else stays. The place, and what stands there.

    `unseen` None: as it stands there. `calibration` None: too, or CALIBRATION where there are unseen classes and none stands.
    """
    if not params.is_file():
        raise ValueError(f"{params} is not here: run from the top folder of a workspace (where dvc.yaml is)")
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 4096, True
    content: Any = yaml.load(params)
    chosen = (content or {}).get("train", {}).get("network")
    if not chosen or chosen.get("name") not in ("unet", "smp"):
        raise ValueError(f"{params}: train.network has no head embedding; choose the network unet or smp")
    block = chosen.get(chosen["name"])
    if block is None:
        block = chosen[chosen["name"]] = CommentedMap()
    block["head"] = "embedding"
    block["embeddings"] = CommentedMap({name: row_of(vector) for name, vector in vectors.items()})
    if unseen is not None:
        block["unseen"] = row_of(unseen)
    if calibration is not None or (block.get("unseen") and "calibration" not in block):
        block["calibration"] = CALIBRATION if calibration is None else calibration
    with params.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
    return f"train.network.{chosen['name']}", block


def row_of(vector: Sequence[Any]) -> CommentedSeq:
    row = CommentedSeq(vector)
    row.fa.set_flow_style()
    return row


@user_mistakes
def main(arguments: list[str] | None = None) -> int:

    parser = ArgumentParser(
        "python -m segmend.network.class_vectors", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--file", type=Path, help="a table: class, number, number, ...")
    source.add_argument("--model", help="a text model of the transformers library: a folder or a hub id")
    parser.add_argument("--prompt", default="{}", help="of --model: the text, with {} for the class's name")
    parser.add_argument("--revision", help="of --model: a commit, branch or tag of the hub")
    parser.add_argument("--offline", action="store_true", help="of --model: fetch nothing (as SEGMEND_OFFLINE=1)")
    parser.add_argument("--unseen", nargs="*", help="the classes that nobody labelled; none: no class is unseen")
    parser.add_argument(
        "--calibration",
        type=float,
        help=f"taken from the other classes' probabilities; with unseen classes {CALIBRATION}",
    )
    parser.add_argument("--labels", type=Path, default=Path("data/labels/r0"), help="the first labels: what they lack")
    parser.add_argument(
        "--dataset", type=Path, default=Path("data/dataset"), help="the data set that names the classes"
    )
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="the file that is written")
    chosen = parser.parse_args(arguments)
    if chosen.offline:
        environ["SEGMEND_OFFLINE"] = "1"
    dataset = Dataset(chosen.dataset)
    classes = dataset.classes
    lacking = without_label(dataset, chosen.labels) if chosen.unseen is None else named(chosen.unseen, classes)
    if lacking is not None and len(lacking) == len(classes):
        lacking = None  # nothing is labelled yet: this says nothing about classes
    if chosen.calibration is not None:
        validated(Calibration, chosen.calibration, "--calibration")
    if chosen.file:
        vectors = from_file(chosen.file, classes)
    else:
        vectors = from_model(chosen.model, classes, chosen.prompt, chosen.revision)
        made = card(chosen.model, chosen.revision)
        print(f"made by {made['id']}, revision {made['revision']}, sha256 {made['sha256']}")
    setting, block = write(vectors, chosen.params, lacking, chosen.calibration)
    size, unseen = len(next(iter(vectors.values()))), list(block.get("unseen") or ())
    print(f"{chosen.params}: {setting}.embeddings holds {len(vectors)} vectors of {size} numbers")
    if unseen:
        print(f"{setting}.unseen: {', '.join(unseen)}; {setting}.calibration: {block.get('calibration', 0)}")
    else:
        print(
            f"{setting}.unseen names no class: a class without labels is pushed down and never said; name it with --unseen"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
