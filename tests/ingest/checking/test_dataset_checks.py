"""What only the whole set shows: too few classes, classes without pixels, grouped reports."""

import pytest

from tasks.ingest.checking.dataset_checks import kind_of, report
from tasks.ingest.reading.source import Problem
from tests.ingest.runs import run, settings
from tests.toys import raw_folders, save, stripes


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1,), "every labelled pixel of the masks is of the class 'tree'"),
        ((255,), "every pixel of the masks is void"),
        ((254,), "no pixel of the masks is labelled"),
        ((1, 255), "every labelled pixel of the masks is of the class 'tree'"),
    ],
)
def test_masks_without_two_classes_are_refused(tmp_path, values, words):
    raw = raw_folders(tmp_path / "raw")
    for path in (raw / "masks").iterdir():
        save(stripes(values=values), path)
    with pytest.raises(ValueError, match=words):
        run(settings("folders"), raw, tmp_path)
    assert not (tmp_path / "dataset").exists()


def test_setting_bad_images_aside_may_not_leave_a_useless_set(tmp_path):
    """--keep-going on a set whose masks all have problems ends with that sentence, not with a set without labels."""
    raw = raw_folders(tmp_path / "raw")
    for path in (raw / "masks").iterdir():
        path.write_text("broken")
    with pytest.raises(ValueError, match="5 images are set aside, and of the rest: no image is in the split train"):
        run(settings("folders", keep_going=True), raw, tmp_path)


def test_partly_labelled_masks_of_one_class_are_accepted(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    for path in (raw / "masks").iterdir():
        save(stripes(values=(1, 254)), path)
    assert run(settings("folders"), raw, tmp_path)["classes_present"] == 1


def test_classes_without_pixels_are_named(tmp_path, capsys):
    raw = raw_folders(tmp_path / "raw")
    (raw / "classes.json").write_text('{"classes": ["sky", "tree", "road", "car", "bus"]}')
    run(settings("folders"), raw, tmp_path)
    assert "warning: no pixel is of the class car, bus" in capsys.readouterr().out


def test_a_report_has_three_examples_a_kind():
    problems = [Problem(str(k), f"masks/{k}.png", f"undeclared id {k} ({k * 7} pixels): name them") for k in range(9)]
    problems += [Problem("x", "images/x.png", "it cannot be read as a picture (cut): replace it")]
    lines = report("raw", problems).splitlines()
    assert lines[0] == "raw: 10 problems" and "  ... and 6 more of this kind" in lines
    assert (
        sum(line.startswith("  masks/") for line in lines) == 3 and sum("images/x.png" in line for line in lines) == 1
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "it is 20 x 32 pixels and its image images/a.png 24 x 32",
            "it is 7 x 8 pixels and its image images/b/c.jpg 9 x 8",
        ),
        ("undeclared id 7 (5 pixels), id 9 (1 pixels): name", "undeclared id 3 (8 pixels): name"),
        ("annotation 3 (cat): its outline has 9 numbers", "annotation 40 (cat): its outline has 7 numbers"),
    ],
)
def test_problems_of_one_kind_are_told_by_the_words_that_they_share(one, other):
    assert kind_of(Problem("", "", one)).split(":")[-1] == kind_of(Problem("", "", other)).split(":")[-1]
