"""`segmend promote` and `segmend rollback`."""

from typing import Annotated

import typer

from flows import environment

LABELS = Annotated[bool, typer.Option("--labels", help="The label set instead of the network.")]


def promote(
    labels: LABELS = False,
    round: Annotated[str | None, typer.Option(help="Whose network or labels, as r2; default: the newest.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Promote whatever the comparison says; it is recorded.")
    ] = False,
) -> None:
    """Make the newest network the champion if it is better than the champion beyond chance; the same for label sets.

    Networks are compared on the test split, label sets on the images whose truth is known. The rule stands in section gate of
    params.yaml (docs/operating.md). Exit code 0 also where nothing is promoted.
    """
    from flows.tracking import promotion

    typer.echo(promotion.attempt(environment.enter(), "labels" if labels else "network", round, force))


def rollback(labels: LABELS = False) -> None:
    """Go back to the champion (or the label set) before the last promotion."""
    from flows.tracking import promotion

    typer.echo(promotion.roll_back(environment.enter(), "labels" if labels else "network"))
