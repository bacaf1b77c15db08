"""A folder of one's own as data, and a workspace for another data set."""

import re
from pathlib import Path

import pytest

from flows.commands import workspace
from flows.engine import shared_cache
from flows.engine.runner import Runner
from flows.environment import UserError
from flows.files import workspace_files
from flows.files.params_file import ParamsFile
from tests.flows.toys import executed, git, mistake, segmend


def images(folder: Path, *parts: str) -> Path:
    for part in ("images", *parts):
        (folder / part).mkdir(parents=True)
        (folder / part / "a.txt").write_text("pixels")
    return folder


def test_own_data(root: Path, tmp_path: Path):
    difference, remarks = workspace.take_data(root, images(tmp_path / "cells"), None, None)
    text = (root / "params.yaml").read_text()
    assert (
        "data: cells" in text and "level: none" in text and "oracle: {name: people}" in text and "name: folders" in text
    )
    assert str(tmp_path) not in text and "# a folder of data/raw" in text and "people answer" in " ".join(remarks)
    assert "+  data: cells" in difference
    assert workspace.take_data(root, tmp_path / "cells", None, None) == ("", remarks[-1:])  # again: nothing changes

    workspace.take_data(root, images(tmp_path / "cracks"), "voc", "hard")
    text = (root / "params.yaml").read_text()
    assert "name: voc" in text and "level: hard" in text and "oracle: {name: ground_truth}" in text
    workspace.take_data(root, images(tmp_path / "known", "truth"), "voc", None)
    assert "oracle: {name: ground_truth}" in (root / "params.yaml").read_text()

    assert "no such folder" in mistake("run", "--data", str(tmp_path / "nowhere"))
    assert "one of none, easy" in mistake("run", "--data", str(tmp_path / "cells"), "--noise", "lots")
    assert "--noise says how" in mistake("run", "--noise", "easy")
    assert "another folder" in mistake("run", "--data", str(images(tmp_path / "elsewhere" / "cells")))


def test_a_new_folder_is_recognised_anew_and_nothing_of_the_last_one_stays(root: Path, tmp_path: Path):
    """The format, class names and --keep-going of one folder must not be applied to another."""
    workspace.take_data(root, images(tmp_path / "cells"), None, None)
    file = ParamsFile(root)
    for name, value in (("keep_going", True), ("classes", ["a", "b"]), ("void", [9]), ("format.name", "kvasir")):
        file.set(f"ingest.{name}", value)
    file.save()
    workspace.take_data(root, tmp_path / "cells", None, None)  # the same folder: what was set for it stays
    file = ParamsFile(root)
    assert file.get("ingest.classes") == ["a", "b"] and file.get("ingest.format.name") == "kvasir"
    assert file.get("ingest.keep_going") is False  # it holds for one run
    voc = tmp_path / "voc"
    for part in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (voc / part).mkdir(parents=True)
    _, remarks = workspace.take_data(root, voc, None, None)
    file = ParamsFile(root)
    assert set(file.get("ingest")) <= {"data", "format", "noise"} and file.get("ingest.format") == {"name": "voc"}
    assert "Read as format `voc` (it has the folders JPEGImages and ImageSets/Segmentation)" in " ".join(remarks)
    (tmp_path / "nothing" / "known").mkdir(parents=True)
    with pytest.raises(UserError, match="looks like none of the formats"):
        workspace.take_data(root, tmp_path / "nothing", None, None)


@pytest.mark.parametrize(
    ("name", "linked"),
    [
        ("My masks (v2) & more", "My-masks-v2-more"),
        ("cells$(touch INJECTED)", "cells-touch-INJECTED"),
        ("Ada's `x`; rm -rf ~", "Ada-s-x-rm-rf"),
        ("--help", "help"),
        ("größe 图", "größe-图"),
        ("...", "data"),
    ],
)
def test_names_of_folders_become_names_that_no_shell_takes_apart(root: Path, tmp_path: Path, name: str, linked: str):
    folder = images(tmp_path / "data" / name)
    _, remarks = workspace.take_data(root, folder, None, None)
    assert (root / "data/raw" / linked).resolve() == folder and ParamsFile(root).get("ingest.data") == linked
    assert f"called '{linked}' here" in " ".join(remarks) and re.fullmatch(r"\w[\w.-]*", linked)
    assert not list(root.rglob("INJECTED")) and not list(tmp_path.rglob("INJECTED"))


def test_dvc_sees_through_the_link(root: Path, tmp_path: Path):
    workspace.take_data(root, images(tmp_path / "cells"), None, None)
    (root / "dvc.yaml").write_text(
        "stages: {ingest: {cmd: python stage.py i o.txt in.txt, deps: [data/raw/cells], outs: [o.txt]}}"
    )
    assert segmend("run", "--no-prefect").exit_code == 0
    assert str(tmp_path) not in (root / "dvc.lock").read_text()

    def stale() -> list[str]:
        with Runner(root) as runner:
            return [reason for stage in runner.plan().stale for reason in stage.why]

    assert stale() == []
    (tmp_path / "cells" / "images" / "b.txt").write_text("new")
    assert stale() == ["changed deps: data/raw/cells"]
    (tmp_path / "cells" / "images" / "b.txt").unlink()
    assert stale() == []
    (tmp_path / "cells" / "images" / "a.txt").write_text("other")
    assert stale() == ["changed deps: data/raw/cells"]


def test_new_workspace(root: Path, tmp_path: Path):
    assert "no commit yet" in mistake("new", str(tmp_path / "other"))
    (root / ".gitignore").write_text(".work\n*.txt\n!in.txt\nmlflow.db\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    ran = segmend("run", "--no-prefect")
    assert ran.exit_code == 0, ran.output
    (root / "dvc.lock").unlink()
    other = tmp_path / "other"
    result = segmend("new", str(other))
    assert result.exit_code == 0 and "branch workspace/other" in result.output
    assert str(root) not in (other / ".dvc" / "config").read_text()
    with Runner(other) as runner:  # the cache is shared: nothing runs twice
        assert {outcome.what for outcome in runner.run_all(runner.plan()).values()} == {"Restored"}
    assert executed(other) == []
    assert "not empty" in mistake("new", str(other))


def test_a_new_workspace_has_the_code_but_not_the_demonstration(root: Path, tmp_path: Path):
    for name in (f"{workspace.DEMONSTRATION}/images/a.png", "data/raw/other/b.png"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("a picture")
    git(root, "init", "-q")
    git(root, "add", "-A", "-f")
    git(root, "commit", "-qm", "first")
    other = tmp_path / "other"
    said = segmend("new", str(other)).output
    assert "`git sparse-checkout disable` brings it" in said and "came along" not in said
    assert (other / "data/raw/other/b.png").is_file() and not (other / workspace.DEMONSTRATION).exists()
    assert (root / workspace.DEMONSTRATION).is_dir()
    for place in (root, other):
        assert workspace_files.git(place, "status", "--porcelain", "--untracked-files=no") == ""
    git(other, "sparse-checkout", "disable")
    assert (other / workspace.DEMONSTRATION / "images/a.png").is_file()
    for name, content in (("r1", "\n"), ("r2", "\n"), ("held_out/1/answers", '{"who": "ada"}\n')):
        path = root / f"data/answers/{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(root, "add", "-f", "data/answers")
    git(root, "commit", "-qm", "answers")
    said = " ".join(segmend("new", str(tmp_path / "third")).output.split())
    assert said.count("came along") == 1 and "there: git rm -rq data/answers " in said


def shared(root: Path, tmp_path: Path) -> Path:
    """A second workspace on the same cache; both have run, with other contents."""
    (root / ".gitignore").write_text(".work\n*.txt\n!in.txt\nmlflow.db*\nmlruns\n")
    (root / ".dvc" / "config").write_text("[core]\n    analytics = false\n    check_update = false\n")  # with git
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    segmend("run", "--no-prefect")
    other = tmp_path / "other"
    said = segmend("new", str(other)).output
    assert "Do not run plain `dvc gc`" in said and "segmend gc" in said
    (other / "in.txt").write_text("other ")
    with Runner(other, say=lambda text: None) as runner:
        assert all(outcome.fine for outcome in runner.run_all(runner.plan()).values())
    return other


def test_gc_keeps_what_any_workspace_branch_or_tag_needs(root: Path, tmp_path: Path):
    other = shared(root, tmp_path)
    git(root, "add", "-f", "dvc.lock")
    git(root, "commit", "-qm", "its first state")
    git(root, "tag", "kept")
    (root / "in.txt").write_text("second ")
    segmend("run", "--no-prefect", "--target", "first")  # in no commit, but in the workspace
    (root / "in.txt").write_text("third ")
    segmend("run", "--no-prefect", "--target", "first")  # now nobody needs what "second" gave
    objects = shared_cache.sizes(root / ".dvc" / "cache")
    dry = segmend("gc", "--dry-run").output
    assert "1 objects that none of them needs could be removed" in dry and str(other) in dry
    assert shared_cache.sizes(root / ".dvc" / "cache") == objects
    assert "1 objects that none of them needs removed" in segmend("gc").output
    assert len(shared_cache.sizes(root / ".dvc" / "cache")) == len(objects) - 1
    git(root, "checkout", "-q", "-f", "kept")
    for workspace_folder in (root, other):
        (workspace_folder / "d.txt").unlink()
        with Runner(workspace_folder, say=lambda text: None) as runner:
            outcomes = runner.run_all(runner.plan())
        assert {outcome.what for outcome in outcomes.values()} <= {"Cached", "Restored"}, workspace_folder


def test_gc_removes_nothing_while_a_workspace_is_away_or_at_work(root: Path, tmp_path: Path):
    other = shared(root, tmp_path)
    objects = shared_cache.sizes(root / ".dvc" / "cache")
    with Runner(other, say=lambda text: None):
        assert f"A run is at work in {other}" in mistake("gc")
    other.rename(tmp_path / "elsewhere")
    assert f"segmend gc --forget {other}" in mistake("gc")
    assert shared_cache.sizes(root / ".dvc" / "cache") == objects
    git(root, "worktree", "prune")
    result = segmend("gc", "--forget", str(other))
    assert result.exit_code == 0 and "objects that none of them needs removed" in result.output
    assert "is no other workspace of this cache" in mistake("gc", "--forget", str(tmp_path / "never"))
