"""What the page reads of a workspace."""

from annotate.workspace import Workspace
from tests.annotate import toy
from tests.pipeline import edit


def test_params_are_parsed_again_only_when_the_file_changed(tmp_path, monkeypatch):
    root = toy.make(tmp_path / "space", images=2, questions=2)
    space, read = Workspace(root), []
    load = space.params
    monkeypatch.setattr("annotate.workspace.params.load", lambda path: read.append(path) or {"rounds": {"r7": {}}})
    assert space.params is load and space.rounds == list(load["rounds"]) and not read
    edit(root, {"rounds": {"r1": {"prev": "r0", "budget": "50%"}}})
    assert space.rounds == space.rounds == ["r7"] and len(read) == 1
