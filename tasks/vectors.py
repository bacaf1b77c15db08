"""Vectors of the classes, from a file or from a text model, written into params.yaml for the networks' head `embedding`.

python -m tasks.vectors --file vectors.csv                 one line a class: its name, then its numbers
python -m tasks.vectors --model openai/clip-vit-base-patch32 --prompt "a photo of {}"

A file may hold more classes than the data set has. They may be words' vectors, or attributes that somebody wrote down (how
bright, how round, how large). A text model is any of the transformers library that has a tokenizer: a folder, or a hub id
that is in the local cache or can be fetched. Of models that pair texts with images the text's feature is taken, of others
the mean over its tokens.

The vectors themselves stand in params.yaml, so that they are part of what a training depends on, and of the saved network.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from csv import reader
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from tasks.dataset import Dataset
from tasks.embedding import Embeddings

DIGITS = 6  # after the point: more only makes params.yaml long
Vectors = dict[str, tuple[float, ...]]


def from_file(path: Path, classes: Sequence[str]) -> Vectors:
    """The classes' lines of a table `name,number,number,...`; ValueError where one is missing or is no row of numbers."""
    if not path.is_file():
        raise ValueError(f"{path} is not here: a table is expected, one line a class: its name, then its numbers")
    found: Vectors = {}
    with path.open(newline="", encoding="utf-8") as file:
        for number, (name, *values) in enumerate((row for row in reader(file) if row), 1):
            if name.strip() not in classes:
                continue
            try:
                found[name.strip()] = tuple(round(float(value), DIGITS) for value in values)
            except ValueError:
                raise ValueError(
                    f"{path}, line {number}: '{name.strip()}' must be followed by numbers, not {values}"
                ) from None
    missing = [name for name in classes if name not in found]
    if missing:
        raise ValueError(
            f"{path} has no line for the classes {', '.join(missing)}; names must be as in the data set: {', '.join(classes)}"
        )
    return checked({name: found[name] for name in classes}, str(path))


def from_model(source: str, classes: Sequence[str], prompt: str = "{}") -> Vectors:
    """What a text model makes of each class's name within the prompt."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    if "{}" not in prompt:
        raise ValueError(f"--prompt is '{prompt}': it must hold {{}}, where the class's name goes")
    try:
        tokenizer, model = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source).eval()
    except (OSError, ValueError):  # what the library raises for a missing folder, an unknown id, a failed download
        raise ValueError(
            f"--model: '{source}' is no folder of a text model with its tokenizer, is not in the local cache and cannot be fetched; "
            "connect once, or name a folder"
        ) from None
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


def write(vectors: Vectors, params: Path) -> str:
    """Put them into the section of the chosen network, with head embedding; all else stays. The place that was written."""
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
    with params.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
    return f"train.network.{chosen['name']}.embeddings"


def row_of(vector: tuple[float, ...]) -> CommentedSeq:
    row = CommentedSeq(vector)
    row.fa.set_flow_style()
    return row


def main(arguments: list[str] | None = None) -> int:
    from sys import stderr

    parser = ArgumentParser("python -m tasks.vectors", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--file", type=Path, help="a table: class, number, number, ...")
    source.add_argument("--model", help="a text model of the transformers library: a folder or a hub id")
    parser.add_argument("--prompt", default="{}", help="of --model: the text, with {} for the class's name")
    parser.add_argument(
        "--dataset", type=Path, default=Path("data/dataset"), help="the data set that names the classes"
    )
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="the file that is written")
    chosen = parser.parse_args(arguments)
    try:
        classes = Dataset(chosen.dataset).classes
        found = from_file(chosen.file, classes) if chosen.file else from_model(chosen.model, classes, chosen.prompt)
        place = write(found, chosen.params)
    except ValueError as trouble:
        print(trouble, file=stderr)
        return 2
    size = len(next(iter(found.values())))
    print(f"{chosen.params}: {place} holds {len(found)} vectors of {size} numbers")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
