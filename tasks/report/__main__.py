"""A report of all rounds as one HTML file that opens from disk: tables, curves, images; nothing is fetched.

index.html                     the report
rounds.svg, calibration.svg, early_learning.svg    its curves, for dashboards; only where there are scores
"""

from json import loads
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from segmend.answers import forecasts, history
from segmend.images.dataset import SPLITS, Dataset, Labels
from segmend.images.overlays import read_grey
from segmend.images.rasters import read_labels
from segmend.stage import events
from segmend.stage.command import stage
from tasks.report import early_learning, figures, panels, tables
from tasks.report.label_changes import Change, count_changes, most_changed
from tasks.report.settings import Params


@stage
def report(
    settings: Params, seed: int, *, dataset: Path, truth: Path, first: Path, labels: Path, scores: Path, out: Path
) -> dict[str, Any]:
    """Write one HTML file about all rounds: scores, classes, labels before and after, answers."""
    answers = history.answers(history.read(labels)).to_pylist()
    expected = forecasts.read(labels / "forecasts.json")
    data, before, after = Dataset(dataset, truth), Labels(first), Labels(labels)
    changes = count_changes(data, before, after)
    total = sum(changes.values(), Change())
    whole_changes = {
        sample.id: sum((changes[part] for part in data.parts(sample.id)), Change())
        for sample in data.whole_samples
        if sample.split == "train"
    }
    scored = any(sample.id in data.with_truth for sample in data.of("train"))
    rounds = loads((scores / "rounds.json").read_text(encoding="utf-8"))

    out.mkdir(parents=True, exist_ok=True)
    content = {
        "card": data.card,
        "settings": settings,
        "colours": [hexadecimal(colour) for colour in data.card.colours],
        "marks": {name: hexadecimal(colour) for name, colour in panels.COLOURS.items()},
        "counts": {split: sum(sample.split == split for sample in data.whole_samples) for split in SPLITS},
        "rounds": rounds,
        "first": rounds[0],
        "last": rounds[-1],
        "steps": tables.next_steps(rounds, answers, expected),
        "forecasts": expected,
        "curve": drawn(out / "rounds.svg", figures.curve(rounds), "mIoU and wrong pixels against clicks"),
        "total": total,
        "scored": scored,
        "known": known,
        "changed_rows": [
            {"name": name, "note": change_note(whole_changes[name], truth_known(data, name)), "shots": shots}
            for name in most_changed(whole_changes, settings.pictures)
            for shots in [panels.before_and_after(data, before, after, name, settings.box)]
        ],
        "people": tables.answer_counts(answers, "who"),
        "reliable": tables.compared_people(labels / "people.json"),
        "by_round": tables.answer_counts(answers, "round"),
        "shown_classes": tables.answer_counts(answers, "shown"),
        **of_network(settings, data, scores, out),
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("page.html.j2").render(content)
    (out / "index.html").write_text(page + "\n", encoding="utf-8")
    for path in sorted(out.iterdir()):
        events.artifact(path, "report")
    return {
        "rounds": len(rounds) - 1,
        "clicks": rounds[-1]["clicks"],
        "answers": len(answers),
        "changed_pixels": total.changed,
        "fixed_pixels": total.fixed if scored else None,
        "broken_pixels": total.broken if scored else None,
    }


def of_network(settings: Params, data: Dataset, scores: Path, out: Path) -> dict[str, Any]:
    """The page's part about the last network, from the files that evaluate wrote: no network is needed."""
    classes, matrix = tables.read_csv(scores / "classes.csv"), tables.confusion_table(scores / "confusion.json")
    images = {row["image"]: row for row in tables.read_csv(scores / "per_image.csv")}
    shown = loads((scores / "shown.json").read_text(encoding="utf-8"))

    def row(name: str) -> dict[str, Any]:
        prediction = read_labels(scores / "shown" / "prediction" / f"{name}.png")
        doubt = read_grey(scores / "shown" / "uncertainty" / f"{name}.png")
        shots = panels.of_network(data, name, prediction, doubt, settings.box)
        return {"name": name, "note": image_note(images[name]), "shots": shots}

    bins = tables.read_csv(scores / "calibration.csv")
    curves = scores / "early_learning.csv"
    early = tables.read_csv(curves) if curves.is_file() else []
    return {
        "label_classes": tables.class_table(classes, data.card, "data_iou"),
        "network_classes": tables.class_table(classes, data.card, "model_iou"),
        "matrix": matrix,
        "pairs": tables.confusions(matrix, data.classes) if matrix else [],
        "reliability": drawn(out / "calibration.svg", figures.reliability(bins), "Calibration of the network"),
        "early": drawn(
            out / "early_learning.svg", early_learning.memorisation(early), "Early learning and memorisation"
        ),
        "worst_rows": [row(name) for name in shown["worst"]],
        "uncertain_rows": [row(name) for name in shown["uncertain"] if name not in shown["worst"]],
        "repeated": [name for name in shown["uncertain"] if name in shown["worst"]],
    }


def drawn(path: Path, figure: str | None, title: str) -> Markup | None:
    """Keep the figure as a file, and give it back as an element of the page."""
    if figure is None:
        return None
    path.write_text(figure, encoding="utf-8")
    return Markup(figures.inline(figure, title))


def change_note(change: Change, known: bool) -> str:
    if not known:
        return f"{change.changed:,} pixels changed"
    if not change.changed:
        return f"{change.left:,} pixels are wrong"
    return (
        f"{change.changed:,} pixels changed: {change.fixed:,} fixed, {change.broken:,} broken, "
        f"{change.other:,} still wrong; {change.left:,} wrong and not touched"
    )


def image_note(row: dict[str, str]) -> str:
    doubt = f"uncertainty {float(row['uncertainty']):.3f}"
    if not row["image_miou"]:
        return doubt
    return f"mean IoU {float(row['image_miou']):.3f}, {int(row['wrong_pixels']):,} wrong pixels, {doubt}"


def known(rows: list[dict[str, Any]], column: int) -> bool:
    """Whether any row of pictures has something to show in this column."""
    return any(row["shots"][column].uri for row in rows)


def truth_known(data: Dataset, name: str) -> bool:
    """Whether the truth of all of an image is known."""
    return all(part in data.with_truth for part in data.parts(name))


def hexadecimal(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


if __name__ == "__main__":
    raise SystemExit(report())
