"""`segmend drift`."""

from typing import Annotated

import typer

from flows import environment
from flows.environment import UserError


def drift(
    accept: Annotated[
        bool, typer.Option("--accept", help="Somebody looked: go on, and compare later images with today's data.")
    ] = False,
) -> None:
    """Are the images that came since the last promotion like the promoted ones? A run asks this after ingest, and stops if not.

    Compared are brightness, contrast, saturation and sharpness, class shares of the given masks, features of EfficientNet-Lite0 and the
    champion's uncertainty. Section drift of params.yaml has the threshold. Exit code 75 where the data has drifted.
    """
    from flows import drift as data_drift
    from flows.engine.runner import WAITING

    root = environment.enter()
    if accept:
        typer.echo(data_drift.accept(root))
        return
    if data_drift.reference(root) is None:
        typer.echo(
            "Nothing was promoted yet, so there is nothing to compare with: segmend promote, or segmend drift --accept."
        )
        return
    if not data_drift.dataset(root)[1]:
        raise UserError(data_drift.NO_DATA)
    found = data_drift.verdict(root, typer.echo)
    if found is None:
        typer.echo("The data is the promoted one.")
        return
    typer.echo(found["sentence"])
    for row in found["rows"]:
        what = "DRIFTED" if row["drifted"] else "like before" if row["shift"] else "not known"
        typer.echo(f"  {what:11}  {row['title']}: {row['sentence']}")
    typer.echo(f"Report: {root / data_drift.PAGE}")
    raise typer.Exit(WAITING if found["drifted"] else 0)
