"""label_studio_png: strokes by name, which image they belong to, several annotators."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.ingest.examples import label_studio_png
from tests.ingest.formats.random_sets import CLASSES, check_round_trip, few, label_maps, picture_of
from tests.ingest.runs import run, settings, source_of
from tests.toys import save


@few
@given(label_maps())
def test_strokes_come_back(maps):
    def write(raw: Path, maps) -> dict[str, np.ndarray]:
        found = {}
        for k, labels in enumerate(maps):
            labels[0, :2] = (1, 2)  # every class somewhere, so that names are known
            save(picture_of(labels, k), raw / "images" / f"ab12cd3{k}-photo {k}.png")
            for label in (1, 2):
                name = f"task-{k}-annotation-{k + 90}-by-1-tag-{CLASSES[label]}-0.png"
                save(((labels == label) * 255).astype(np.uint8), raw / "export" / name)
            found[f"images/ab12cd3{k}-photo {k}"] = labels
        return found

    assert check_round_trip("label_studio_png", write, maps).classes == CLASSES


def test_numbers_in_names_are_said_to_be_a_guess(tmp_path):
    source = source_of(settings("label_studio_png"), label_studio_png(tmp_path))
    assert source.classes == ("background", "cat", "dog-like")
    assert any("warning: tasks are matched to images by the last number" in note for note in source.notes)
    mask = source.records[0].mask()
    assert (mask[:, :16] == 1).all() and (mask[:, 16:] == 2).all()


def test_names_that_do_not_tell_are_refused_and_a_table_tells(tmp_path):
    raw = label_studio_png(tmp_path)
    (raw / "images/photo 1.jpg").rename(raw / "images/cat.jpg")
    with pytest.raises(ValueError, match="does not say which image task 1 is about, and 0 of 6 image names end with"):
        source_of(settings("label_studio_png"), raw)
    rows = [f"{k},photo {k}.jpg" for k in range(2, 7)]
    (raw / "tasks.csv").write_text("\n".join(["task,image", *rows]))
    with pytest.raises(ValueError, match="does not say which image task 1 is about: add a line"):
        source_of(settings("label_studio_png"), raw)
    (raw / "tasks.csv").write_text("\n".join(["task,image", "1,cat.jpg", *rows]))
    source = source_of(settings("label_studio_png"), raw)
    assert not any("warning" in note for note in source.notes) and all(record.mask for record in source.records)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("x,photo 1.jpg", "line 2: a number in the column task"),
        ("1,no.jpg", "line 2: it lists no.jpg, which is not there"),
    ],
)
def test_tables_that_are_wrong(tmp_path, row, words):
    raw = label_studio_png(tmp_path)
    (raw / "tasks.csv").write_text(f"task,image\n{row}\n")
    with pytest.raises(ValueError, match=words):
        source_of(settings("label_studio_png"), raw)


def test_several_annotators(tmp_path):
    raw = label_studio_png(tmp_path)
    save(np.full((24, 32), 255, np.uint8), raw / "masks/task-2-annotation-77-by-a@b.org-tag-cat-0.png")
    source = source_of(settings("label_studio_png"), raw)
    assert source.annotators == ("a@b.org", "user1") and [len(r.annotations) for r in source.records] == [
        1,
        2,
        1,
        1,
        1,
        1,
    ]


def test_mistakes_name_the_file(tmp_path):
    raw = label_studio_png(tmp_path / "raw")
    save(np.full((9, 9), 255, np.uint8), raw / "masks/task-2-annotation-12-by-1-tag-cat-1.png")
    save(np.zeros((24, 32), np.uint8), raw / "masks/task-3-annotation-13-by-1-tag-cat-1.png")
    with pytest.raises(ValueError) as caught:
        run(settings("label_studio_png"), raw, tmp_path)
    assert "tag-cat-1.png: it is 9 x 9 pixels and its image 24 x 32" in str(caught.value)
    assert "annotation-13-by-1-tag-cat-1.png: it covers no pixel" in str(caught.value)
