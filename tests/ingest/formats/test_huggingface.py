"""huggingface: metadata in several places, which column holds masks, names of ids, rows that do not fit."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.ingest.examples import as_json, huggingface
from tests.ingest.formats.random_sets import CLASSES, check_round_trip, few, label_maps, picture_of
from tests.ingest.runs import run, settings, source_of
from tests.toys import save


@few
@given(label_maps())
def test_image_folders_come_back(maps):
    def write(raw: Path, maps) -> dict[str, np.ndarray]:
        rows = []
        for k, labels in enumerate(maps):
            save(picture_of(labels, k), raw / f"im {k}.png")
            save(labels, raw / "masks" / f"im {k}.png")
            rows.append(
                json.dumps({"file_name": f"im {k}.png", "label_file_name": f"masks/im {k}.png", "text": "a mask."})
            )
        (raw / "metadata.jsonl").write_text("\n".join(rows))
        as_json(raw / "id2label.json", {str(k): name for k, name in enumerate(CLASSES)})
        return {f"im {k}": labels for k, labels in enumerate(maps)}

    assert check_round_trip("huggingface", write, maps).classes == CLASSES


def test_splits_by_folders_and_by_column(tmp_path):
    source = source_of(settings("huggingface"), huggingface(tmp_path))
    assert [(r.id, r.split) for r in source.records][2:4] == [
        ("train/images/2", "train"),
        ("validation/images/0", "val"),
    ]
    rows = [
        {"file_name": f"images/{k}.jpg", "mask": f"masks/{k}.png", "split": split}
        for k, split in enumerate(("train", "test"))
    ]
    (tmp_path / "train/metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    source = source_of(settings("huggingface"), tmp_path)
    assert [r.split for r in source.records][:2] == ["train", "test"]
    assert any(entry.path == "train/images/2.jpg" for entry in source.unused)


def test_csv_and_ids_with_gaps(tmp_path):
    raw = huggingface(tmp_path)
    (raw / "train/metadata.jsonl").unlink()
    (raw / "train/metadata.csv").write_text("file_name,annotation\nimages/0.jpg,masks/0.png\nimages/1.jpg,\n")
    as_json(raw / "id2label.json", {"2": "road", "0": "sky", "1": "tree", "9": "sea"})
    source = source_of(settings("huggingface"), raw)
    assert source.classes == ("sky", "tree", "road", "sea") and source.ids[9] == 3
    assert [r.mask is None for r in source.records][:2] == [False, True]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["{"], "line 1 is not JSON"),
        (["[]"], "line 1 is no JSON object"),
        (['{"file_name": "images/0.jpg", "mask_file_name": "a", "label_file_name": "b"}'], None),
        (
            ['{"file_name": "images/0.jpg", "x_mask_file_name": "a", "label_file_name": "b"}'],
            "several columns could be the masks",
        ),
        (['{"file_name": "images/0.jpg", "text": "b"}'], "no column names mask files"),
        (['{"file_name": "images/9.jpg", "mask": "masks/0.png"}'], "row 1: the image images/9.jpg is not there"),
        (['{"file_name": "../../x.jpg", "mask": "masks/0.png"}'], "row 1: the image ../../x.jpg is not there"),
        (['{"file_name": "images/0.jpg", "mask": "masks/9.png"}'], "row 1: the mask masks/9.png is not there"),
        (['{"file_name": "images/0.jpg", "mask": "masks/0.png"}'] * 2, "row 2: images/0.jpg is named twice"),
    ],
)
def test_rows_that_do_not_fit(tmp_path, rows, words):
    raw = huggingface(tmp_path / "raw")
    (raw / "train/metadata.jsonl").write_text("\n".join(rows))
    with pytest.raises(ValueError, match=words or "the mask a is not there"):
        run(settings("huggingface"), raw, tmp_path)
