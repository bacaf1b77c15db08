"""50 questions through a real Label Studio server and back. Its environment weighs 1.5 GB and its first start takes minutes, so this runs
only where SEGMEND_LABEL_STUDIO names one (python -m benchmarks.label_studio --install makes it)."""

from os import environ

import pytest

from benchmarks import label_studio
from segmend.answers.answers import read
from tests.annotate import toy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2 * label_studio.STARTS_WITHIN),
    pytest.mark.skipif(
        not (environ.get("SEGMEND_LABEL_STUDIO") and label_studio.PROGRAM.is_file()),
        reason="SEGMEND_LABEL_STUDIO names no environment with Label Studio (python -m benchmarks.label_studio --install)",
    ),
]


def test_nothing_is_lost(tmp_path):
    root, files, data = (tmp_path / name for name in ("workspace", "files", "server"))
    toy.make(root, images=6, questions=60)
    files.mkdir()
    data.mkdir()
    with label_studio.Server(files, data) as server:
        row = label_studio.round_trip(root, server, files)
    assert row["questions"] == row["predictions"] == row["answers"] == 50 and row["image_served"] and not row["lost"]
    assert not label_studio.not_applied(root, label_studio.apply(root), read(root / "data/answers/r1.jsonl"))
