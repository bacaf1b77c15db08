"""What holds for every correction of the table."""

import numpy as np
import pytest

from segmend.images.dataset import Labels
from segmend.images.rasters import UNLABELLED, VOID
from tasks.train.corrections import CORRECTIONS
from tests.toys import SHAPE_CARD
from tests.train.runs import bytes_of, quick, run
from tests.train.stopped import stopped_and_resumed

NAMES = [kind.model_fields["name"].default for kind in CORRECTIONS]
EAGER = {
    "adele": {"every": 2, "scales": [1.0], "flip": False, "threshold": 0.34, "change": 0.05, "keep": 0}
}  # corrects in toys


pytestmark = pytest.mark.usefixtures("toy")


def settings(name: str):
    return quick(correction={"name": name, name: EAGER.get(name, {})}, epochs=5, watch=2, use="last")


@pytest.mark.parametrize("name", NAMES)
def test_stopped_and_resumed_it_ends_with_the_same_bytes(name, tmp_path, monkeypatch):
    """In the midst of the third epoch; given labels are not touched, void and unlabelled pixels stay."""
    given = Labels(tmp_path / "labels")
    before = {path.name: path.read_bytes() for path in given.folder.rglob("*.png")}
    first = run(tmp_path, settings(name), "whole")
    second = stopped_and_resumed(monkeypatch, tmp_path, settings(name), "resumed", 6)
    assert bytes_of(tmp_path, "whole") == bytes_of(tmp_path, "resumed")
    assert first.get("corrections") == second.get("corrections") != 0
    assert not list((tmp_path / ".work/train").glob("*"))

    assert before == {path.name: path.read_bytes() for path in given.folder.rglob("*.png")}
    corrected = Labels(tmp_path / "models/whole/corrected")
    for path in (corrected.folder / "maps/train").glob("*.png"):
        old, new = given[f"train/{path.stem}"], corrected[f"train/{path.stem}"]
        for ignored in (VOID, UNLABELLED):
            assert ((old == ignored) == (new == ignored)).all()
        assert np.isin(new, [*range(len(SHAPE_CARD.classes)), VOID, UNLABELLED]).all()
