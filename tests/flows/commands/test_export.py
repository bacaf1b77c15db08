"""`segmend export`: the stage export with another output; never over what is there."""

import shutil

import pytest

from flows.commands.export import write
from flows.environment import UserError


@pytest.fixture
def place(two_rounds, monkeypatch):
    """A workspace in which starting the stage is recorded."""
    started: list[dict] = []

    def start(command, root, **changed):
        started.append({"module": command.module, **command.options, **changed})
        return 0

    monkeypatch.setattr("flows.engine.stage_command.StageCommand.start", start)
    return two_rounds, started


def test_the_newest_round_is_written_as_it_came_in(place):
    root, started = place
    assert write(root, root / "out", None, None) == 0
    assert started[0]["module"] == "tasks.export" and started[0]["labels"] == "data/labels/r1"
    assert started[0]["came-as"] == "folders" and started[0]["out"] == str(root / "out")
    assert "written-as" not in started[0] and started[0]["metrics"] is None


def test_a_round_and_a_format_of_ones_choice(place):
    root, started = place
    write(root, root / "out", "voc", "r0")
    assert (started[0]["labels"], started[0]["written-as"]) == ("data/labels/r0", "voc")


def test_nothing_is_written_over(place):
    root, started = place
    (root / "out").mkdir()
    (root / "out" / "mine.png").touch()
    with pytest.raises(UserError, match="not empty"):
        write(root, root / "out", None, None)
    with pytest.raises(UserError, match="r9 has no labels; these have: r0, r1"):
        write(root, root / "new", None, "r9")
    shutil.rmtree(root / "data")
    with pytest.raises(UserError, match="segmend run first"):
        write(root, root / "new", None, None)
    assert not started
