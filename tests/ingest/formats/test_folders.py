"""folders: layouts, palettes, suffixes, notes."""

import numpy as np
import pytest

from tests.ingest.runs import run, settings, source_of
from tests.toys import picture, raw_folders, save, stripes


@pytest.mark.parametrize(
    "layout", ["images/{split}/{name}", "{split}/images/{name}", "{split}_images/{name}", "images-{split}/{name}"]
)
def test_split_folders_either_way_round(tmp_path, layout):
    for k, split in enumerate(["train", "valid", "test"]):
        place = layout.format(split=split, name=f"city/{k}.png")
        save(picture(k), tmp_path / place)
        save(stripes(), tmp_path / place.replace("images", "masks"))
    source = source_of(settings("folders", classes=["a", "b", "c"]), tmp_path)
    assert [(r.id, r.split) for r in source.records] == [
        ("test/city/2", "test"), ("train/city/0", "train"), ("valid/city/1", "val"),
    ]  # fmt: skip
    assert all(record.mask is not None for record in source.records)


def test_colour_masks_through_a_palette_file(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    (raw / "classes.json").unlink()
    (raw / "palette.csv").write_text("name,r,g,b\nvoid,0,0,0\nroad,128,64,128\ncar,0,0,142\n")
    table = np.array([(0, 0, 0), (128, 64, 128), (0, 0, 142)], np.uint8)
    for path in (raw / "masks").iterdir():
        save(table[stripes()], path)
    numbers = run(settings("folders"), raw, tmp_path)
    assert numbers["share_void"] == pytest.approx(11 / 32, abs=1e-6)
    assert numbers["share.road"] == pytest.approx(11 / 21, abs=1e-6)
    save(np.full((24, 32, 3), 9, np.uint8), raw / "masks/train_0.png")
    with pytest.raises(ValueError, match=r"undeclared colour 9,9,9 \(768 pixels\)"):
        run(settings("folders"), raw, tmp_path)


def test_other_folders_and_suffixes_by_setting(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    for path in list((raw / "masks").iterdir()):
        path.rename(raw / "masks" / f"{path.stem}_mask.png")
        save(stripes(values=(1, 1, 2)), raw / "masks_before" / f"{path.stem}_mask.png")
    fields = {"mask_suffix": "_mask", "masks": "masks_before", "truth": "masks"}
    source = source_of(settings("folders", fields=fields), raw)
    assert (source.records[0].truth() == stripes()).all() and (
        source.records[0].mask() == stripes(values=(1, 1, 2))
    ).all()


def test_ids_with_gaps_from_classes_json(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    (raw / "classes.json").write_text('{"classes": {"10": "sky", "20": "tree"}, "void": [30]}')
    for path in (raw / "masks").iterdir():
        save(stripes(values=(10, 20, 30)), path)
    numbers = run(settings("folders"), raw, tmp_path)
    assert (
        numbers["classes"] == 2
        and numbers["share.sky"] == 0.5
        and numbers["share_void"] == pytest.approx(10 / 32, abs=1e-6)
    )


def test_sixteen_bit_masks_and_images(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    (raw / "classes.json").write_text('{"classes": {"0": "a", "300": "b", "900": "c"}}')
    for path in (raw / "masks").iterdir():
        save(stripes().astype(np.uint16) * np.array([0, 300, 450], np.uint16)[stripes()], path)
    for k, path in enumerate((raw / "images").iterdir()):
        save(picture(k)[..., 0].astype(np.uint16) * 16, path)
    source = source_of(settings("folders", image_range=[0, 4080]), raw)
    assert set(np.unique(source.records[0].mask()).tolist()) == {0, 300, 900}
    numbers = run(settings("folders", image_range=[0, 4080]), raw, tmp_path)
    assert numbers["classes_present"] == 3


def test_nothing_names_the_classes(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    (raw / "classes.json").unlink()
    with pytest.raises(ValueError, match=r"nothing names the classes; the masks hold id 0 \(34\.4%\)"):
        source_of(settings("folders"), raw)


def test_capitals_of_folder_names_do_not_matter_unless_both_are_there(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    for name in ("images", "masks"):
        (raw / name).rename(raw / name.upper())
    source = source_of(settings("folders"), raw)
    assert len(source.records) == 5 and all(record.mask for record in source.records)
    save(picture(50), raw / "images/other.png")
    assert [record.id for record in source_of(settings("folders"), raw).records] == ["other"]


@pytest.mark.parametrize("text", ["2 road\n0 sky\n1 tree\n", "0: sky\n1: tree\n2: road\n", "sky\ntree\nroad\n"])
def test_numbers_in_a_class_list_are_ids(tmp_path, text):
    raw = raw_folders(tmp_path / "raw")
    (raw / "classes.json").unlink()
    (raw / "classes.txt").write_text(text)
    assert source_of(settings("folders"), raw).classes == ("sky", "tree", "road")


def test_an_image_whose_only_mask_is_of_an_unread_kind_is_a_problem(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    (raw / "masks/train_1.png").rename(raw / "masks/train_1.mat")
    (raw / "masks/val_3.txt").write_text("a remark beside a mask that is read")
    problems = source_of(settings("folders"), raw).problems
    assert [(problem.id, problem.file) for problem in problems] == [("train_1", "masks/train_1.mat")]
