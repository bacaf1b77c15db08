"""The stage: what it writes, what it refuses and in which words, what it plants."""

import csv
import hashlib
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segmend.images.dataset import Dataset
from tasks.ingest.noise._planting import LEVELS
from tests.ingest.runs import run, settings
from tests.toys import picture, raw_folders, save, stripes


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_round_trip_of_pixels_ids_and_splits(tmp_path):
    numbers = run(settings("folders"), raw_folders(tmp_path / "raw"), tmp_path)
    dataset = Dataset(tmp_path / "dataset", tmp_path / "truth")
    assert dataset.classes == ("sky", "tree", "road")
    assert [(s.id, s.split) for s in dataset.samples] == sorted(
        [("train_0", "train"), ("train_1", "train"), ("train_2", "train"), ("val_3", "val"), ("test_4", "test")]
    )
    assert (dataset.image("val_3") == picture(3)).all() and (dataset.mask("val_3") == stripes()).all()
    assert dataset.with_truth == frozenset()  # given masks are never taken for truth
    assert numbers["images_train"] == 3 and numbers["images_with_truth"] == 0
    assert numbers["share.sky"] == pytest.approx(11 / 32)  # 32 columns in three stripes: 11, 11, 10
    pixels = np.stack([picture(k) for k in range(3)]) / 255
    assert dataset.card.mean == pytest.approx(pixels.mean((0, 1, 2)), abs=1e-6)
    assert dataset.card.deviation == pytest.approx(pixels.std((0, 1, 2)), abs=1e-6)
    assert (tmp_path / "dataset/quarantine.csv").read_text() == "id,file,reason\n"


def test_one_report_of_all_problems(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    save(stripes((20, 32)), raw / "masks/train_0.png")
    strange = stripes()
    strange[0, :5], strange[1, 0] = 7, 9
    save(strange, raw / "masks/train_1.png")
    (raw / "images/train_2.png").write_text("broken")
    save(picture(3), raw / "images/test_4.png")  # the same as val_3
    save(stripes(), raw / "masks/lonely.png")
    with pytest.raises(ValueError) as caught:
        run(settings("folders"), raw, tmp_path)
    text = str(caught.value)
    assert text.splitlines()[0] == f"{raw}: 5 problems"
    for words in (
        "masks/train_0.png: it is 20 x 32 pixels (rows x columns) and its image images/train_0.png 24 x 32",
        "masks/train_1.png: undeclared id 7 (5 pixels), id 9 (1 pixels): name them as classes, or list them as void",
        "images/train_2.png: it cannot be read as a picture",
        "images/val_3.png: the same image as images/test_4.png of the split test stands in val",
        "masks/lonely.png: it has no image",
        "ingest.keep_going",
    ):
        assert words in text, text
    assert not (tmp_path / "dataset").exists()


def test_keep_going_lists_what_it_sets_aside(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    save(stripes((20, 32)), raw / "masks/train_0.png")
    save(picture(3), raw / "images/test_4.png")
    numbers = run(settings("folders", keep_going=True), raw, tmp_path)
    assert numbers["quarantined"] == 2 and numbers["images"] == 3
    with (tmp_path / "dataset/quarantine.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["file"]) for row in rows] == [
        ("train_0", "masks/train_0.png"),
        ("val_3", "images/val_3.png"),
    ]
    assert {s.id for s in Dataset(tmp_path / "dataset").samples} == {"train_1", "train_2", "test_4"}


def test_a_long_report_is_cut_with_a_count(tmp_path):
    raw = raw_folders(tmp_path / "raw", {"train": 60})
    for path in (raw / "masks").iterdir():
        save(stripes(values=(0, 77)), path)
    with pytest.raises(ValueError, match=r"60 problems[\s\S]*and 57 more of this kind"):
        run(settings("folders"), raw, tmp_path)


def test_empty_train_is_refused_and_empty_val_said(tmp_path, capsys):
    with pytest.raises(ValueError, match="no image is in the split train"):
        run(settings("folders"), raw_folders(tmp_path / "raw", {"val": 2, "test": 1}), tmp_path)
    run(settings("folders"), raw_folders(tmp_path / "other", {"train": 2, "test": 1}), tmp_path)
    assert "warning: the split val has no images" in capsys.readouterr().out


def test_ids_that_collide(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    save(picture(90), raw / "images/train_0.bmp")
    with pytest.raises(ValueError, match=r"images/train_0.png: it has the same id 'train_0' as images/train_0.bmp"):
        run(settings("folders"), raw, tmp_path)


def test_black_and_white_masks_do_not_pass_as_void(tmp_path):
    """The trap of many loaders: 0 and 255 with two classes reads as 'background and ignore'."""
    raw = raw_folders(tmp_path / "raw")
    (raw / "classes.json").write_text('{"classes": ["ground", "cell"]}')
    for path in (raw / "masks").iterdir():
        save(stripes(values=(0, 255)), path)
    with pytest.raises(ValueError, match="choose the format kvasir"):
        run(settings("folders"), raw, tmp_path)


def test_void_and_unlabelled_keep_their_ids(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    (raw / "classes.json").write_text('{"classes": ["sky", "tree", "road"], "void": [9]}')
    for path in (raw / "masks").iterdir():
        save(stripes(values=(0, 1, 2, 9, 254, 255)), path)
    numbers = run(settings("folders", noise={"level": "hard"}), raw, tmp_path)
    dataset = Dataset(tmp_path / "dataset", tmp_path / "truth")
    expected = stripes(values=(0, 1, 2, 255, 254, 255))
    for sample in dataset.samples:
        truth, mask = dataset.truth(sample.id), dataset.mask(sample.id)
        assert (truth == expected).all()
        assert (mask[truth >= 254] == truth[truth >= 254]).all() and (mask[truth < 254] < 254).all()
    assert numbers["share_void"] == pytest.approx(10 / 32, abs=0.04)


@pytest.mark.parametrize("level", ["none", "hard"])
def test_void_of_given_masks_can_be_opened(tmp_path, level):
    """In train and val it becomes unlabelled, in the truth and in test it stays; opened again after a run that did not."""
    raw = raw_folders(tmp_path / "raw")
    for path in (raw / "masks").iterdir():
        save(stripes(values=(0, 1, 2, 255)), path)
        save(stripes(values=(0, 1, 2, 255)), raw / "truth" / path.name)
    void = stripes(values=(0, 1, 2, 255)) == 255
    for fill, to in ((False, "closed"), (True, "open")):
        run(settings("folders", fill_void=fill, noise={"level": level}), raw, tmp_path / to)
        dataset = Dataset(tmp_path / to / "dataset", tmp_path / to / "truth")
        for sample in dataset.samples:
            assert (dataset.truth(sample.id)[void] == 255).all()
            mask = dataset.mask(sample.id)
            assert (mask[void] == (254 if fill and sample.split != "test" else 255)).all() and (mask[~void] < 254).all()


def test_truth_folder_is_kept_apart(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    save(stripes(values=(2, 1, 0)), raw / "truth/train_0.png")
    numbers = run(settings("folders"), raw, tmp_path)
    dataset = Dataset(tmp_path / "dataset", tmp_path / "truth")
    assert dataset.with_truth == {"train_0"} and numbers["images_with_truth"] == 1
    assert (dataset.truth("train_0") == stripes(values=(2, 1, 0))).all() and (
        dataset.mask("train_0") == stripes()
    ).all()
    assert (tmp_path / "truth/truth.csv").read_text() == "id,origin\ntrain_0,given\n"


def test_images_without_masks_are_kept(tmp_path, capsys):
    raw = raw_folders(tmp_path / "raw")
    (raw / "masks/train_1.png").unlink()
    numbers = run(settings("folders", noise={"level": "medium"}), raw, tmp_path)
    dataset = Dataset(tmp_path / "dataset", tmp_path / "truth")
    assert numbers["images"] == 5 and not dataset.has_mask("train_1") and "train_1" not in dataset.with_truth
    assert "1 of 5 images have no mask" in capsys.readouterr().out


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
@pytest.mark.parametrize("seed", range(3))
def test_the_level_is_the_share_of_wrong_pixels(tmp_path, level, seed):
    numbers = run(settings("toy", noise={"level": level}), Path("data/raw/toy"), tmp_path, seed)
    dataset = Dataset(tmp_path / "dataset", tmp_path / "truth")
    wrong = others = 0
    for sample in dataset.samples:
        truth, mask = dataset.truth(sample.id), dataset.mask(sample.id)
        if sample.split == "test":
            assert (truth == mask).all()  # the test split stays clean
        else:
            wrong, others = wrong + int((truth != mask).sum()), others + int((truth != 0).sum())
    assert wrong / others == pytest.approx(LEVELS[level], rel=0.1)
    assert numbers["wrong_pixels"] == wrong and numbers["wrong_share"] == pytest.approx(wrong / others, abs=1e-6)
    assert sum(numbers[f"planted.{kind}"] for kind in ("swapped", "blobs", "border", "dropped", "invented")) == wrong


def test_kinds_have_about_the_shares_of_the_mix(tmp_path):
    params = settings("toy", noise={"level": "medium"}, fields={"images": 60, "size": [96, 96]})
    numbers = run(params, Path("data/raw/toy"), tmp_path)
    got = {
        kind: numbers[f"planted.{kind}"] / numbers["wrong_pixels"]
        for kind in ("swapped", "blobs", "border", "dropped", "invented")
    }
    for kind, share in {"swapped": 0.25, "blobs": 0.25, "border": 0.3, "dropped": 0.1, "invented": 0.1}.items():
        assert got[kind] == pytest.approx(share, abs=0.06), got


def test_same_seed_same_bytes_whatever_the_workers(tmp_path, monkeypatch):
    params = settings("toy", noise={"level": "medium"})
    for name, workers, seed in (("a", "1", 0), ("b", "2", 0), ("c", "1", 1)):
        monkeypatch.setenv("SEGMEND_WORKERS", workers)
        monkeypatch.setattr("tasks.ingest.checking.image_checks.FEW", 0)
        monkeypatch.setattr("tasks.ingest.writing.SMALL", 0)
        run(params, Path("data/raw/toy"), tmp_path / name, seed)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")


def test_mistakes_of_one_image_do_not_depend_on_the_others(tmp_path):
    """Same id, same pixels, same seed and same number wanted: the same mistakes, alone or among others."""
    from tasks.ingest.noise._planting import Noise, plant

    noise = Noise(level="medium")
    labels = stripes((64, 64))
    first = plant(labels, 300, (0, 1, 2), noise, 0, "a").labels
    plant(labels, 300, (0, 1, 2), noise, 0, "b")
    assert (plant(labels, 300, (0, 1, 2), noise, 0, "a").labels == first).all()
    assert (plant(labels, 300, (0, 1, 2), noise, 0, "b").labels != first).any()


def test_a_level_that_cannot_be_met_is_refused(tmp_path):
    """Objects that touch nothing but void cannot melt into their surroundings."""
    raw = raw_folders(tmp_path / "raw")
    for path in (raw / "masks").iterdir():
        save(stripes(values=(0, 0, 255, 1)), path)
    mix = {"swapped": 0, "blobs": 0, "border": 0, "dropped": 1, "invented": 0}
    with pytest.raises(ValueError, match=r"5% wrong pixels were wanted and 0.0% could be planted"):
        run(settings("folders", noise={"level": "easy", "mix": mix}), raw, tmp_path)


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    """Peak memory of 240 toy images within 10 % of that of 30."""
    script = """
import sys, resource
from pathlib import Path
from tests.ingest.runs import run, settings
run(settings("toy", fields={"images": int(sys.argv[1]), "size": [128, 128]}), Path("data/raw/toy"), Path(sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    peaks = []
    for count in (30, 240):
        command = [sys.executable, "-c", script, str(count), str(tmp_path / str(count))]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={"SEGMEND_WORKERS": "1", "PATH": "", "PYTHONPATH": "."},
        )
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert peaks[1] < 1.1 * peaks[0], peaks
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0


def test_the_command_line_says_one_sentence_and_exits_2(tmp_path):
    (tmp_path / "params.yaml").write_text("seed: 0\ningest: {data: gone, format: {name: folders}}\n")
    command = [sys.executable, "-m", "tasks.ingest", "--raw", "data/raw/gone", "--out", "o", "--out-truth", "t"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(Path.cwd())})
    assert done.returncode == 2
    assert (
        done.stderr.startswith("data/raw/gone is not a folder: put the raw data there")
        and "Traceback" not in done.stderr
    )


def test_masks_are_palette_files_any_viewer_opens(tmp_path):
    run(settings("folders"), raw_folders(tmp_path / "raw"), tmp_path)
    with Image.open(tmp_path / "dataset/masks/train_0.png") as picture:
        assert picture.mode == "P" and picture.getpalette()[3:6] == [128, 0, 0]
