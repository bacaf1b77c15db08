"""Options that several commands share."""

from typing import Annotated

import typer

DEVICE = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
PRECISION = Annotated[str, typer.Option(help="auto, fp32, bf16 or fp16.")]
WORKERS = Annotated[int | None, typer.Option(min=1, help="Processes for work on single images; default: the cores.")]
OFFLINE = Annotated[
    bool, typer.Option("--offline", help="Fetch no weights; say which are missing and where to put them.")
]
TARGET = Annotated[str | None, typer.Option(help="Only this stage and what it needs, as train@r1 or train.")]
