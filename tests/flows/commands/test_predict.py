"""Which network `segmend predict` takes."""

from pathlib import Path

import pytest

from flows.commands.predict import chosen
from flows.environment import UserError
from tests.pipeline import ROOT


def a_network(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def test_the_champion_before_the_newest_and_a_sentence_where_there_is_none(root: Path):
    (root / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text())
    with pytest.raises(UserError, match="No network is trained yet"):
        chosen(root, None)
    first, newest = (a_network(root / "data/models" / name) for name in ("r0", "r1"))
    assert chosen(root, None) == newest and chosen(root, "r0") == first
    with pytest.raises(UserError, match="No network was promoted yet"):
        chosen(root, "champion")
    champion, other = a_network(root / "data/weights/champion"), a_network(root / "elsewhere/net")
    assert chosen(root, None) == chosen(root, "champion") == champion and chosen(root, str(other)) == other
    with pytest.raises(UserError, match="neither champion nor a round with a network"):
        chosen(root, "r9")
