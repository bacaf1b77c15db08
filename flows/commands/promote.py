"""`segmend promote` and `segmend rollback`."""

from typing import Annotated

import typer

from flows import environment
from flows.environment import UserError

LABELS = Annotated[bool, typer.Option("--labels", help="The label set instead of the network.")]


def promote(
    labels: LABELS = False,
    round: Annotated[str | None, typer.Option(help="Whose network or labels, as r2; default: the newest.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Promote whatever the comparison says; it is recorded.")
    ] = False,
    ask: Annotated[
        int | None,
        typer.Option(min=1, help="With --labels: only draw so many questions whose answers judge label sets."),
    ] = None,
) -> None:
    """Make the newest network the champion if it is better than the champion beyond chance; the same for label sets.

    Networks are compared on the test split; label sets on the images whose truth is known, without truth by answers that chance asked
    for and that neither set holds. The rule stands in section gate of params.yaml (docs/operating.md). Exit code 0 also where
    nothing is promoted.
    """
    from flows.tracking import promotion

    if ask is not None:
        if not labels or force:
            raise UserError("--ask goes with --labels, and not with --force: networks are judged on the test split.")
        typer.echo(promotion.ask(environment.enter(), ask, round))
        return
    typer.echo(promotion.attempt(environment.enter(), "labels" if labels else "network", round, force))


def rollback(labels: LABELS = False) -> None:
    """Go back to the champion (or the label set) before the last promotion."""
    from flows.tracking import promotion

    typer.echo(promotion.roll_back(environment.enter(), "labels" if labels else "network"))
