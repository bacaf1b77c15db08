"""The whole pipeline on toy data: cold, warm, one thing changed, a round added, looked at."""

import json

import pytest

from tests import toys
from tests.pipeline import ROOT, dvc, edit, git, lock, ran, records, run, segmend, sources, stale, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TO_THE_LABELS = {"ingest", "superpixelize", "pseudo_label", "train@r0", "query@r1", "correct@r1"}
ALL = TO_THE_LABELS | {"evaluate@r0", "train@r1", "evaluate@r1", "export", "report"}


def test_a_cold_run_runs_everything_and_leaves_nothing_stale(made):
    assert ran({}, records(made)) == ALL
    assert stale(made) == set()
    assert "up to date" in dvc(made, "status")
    rounds = json.loads(segmend(made, "status", "--json"))["rounds"]
    assert [row["round"] for row in rounds] == ["r0", "r1"]
    assert rounds[1]["wrong_pixels"] < rounds[0]["wrong_pixels"] and rounds[1]["clicks"] > rounds[0]["clicks"] == 0
    page = (made / "data/report/index.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "") and "<svg" in page or "data:image" in page


def test_a_second_run_runs_nothing_and_says_so(made):
    before = records(made)
    output = run(made)
    assert "Nothing to do" in output and records(made) == before


def test_plain_dvc_gives_the_same_files_and_the_same_lock(made, tmp_path):
    """In a workspace that is made from a clone in which the pipeline ran: nothing that stands there may be taken over."""
    workspace = toys.clone(tmp_path, made)
    dvc(workspace, "repro", "correct@r1")
    some = lock(workspace)
    assert set(some) == TO_THE_LABELS and some == {name: lock(made)[name] for name in some}
    assert not stale(workspace) & TO_THE_LABELS


@pytest.mark.parametrize("committed", [False, True])
def test_a_workspace_takes_no_output_of_the_clone_it_is_made_from(workspace, tmp_path, committed):
    assert "?? dvc.lock" in git(workspace, "status", "--short")
    (workspace / "data/answers/r1.jsonl").write_text('{"an": "answer"}\n')
    (workspace / "tasks/train/losses/new.py").write_text("")  # and what a developer just wrote is in it
    clean = sources(ROOT)
    if committed:
        git(workspace, "add", "--all")
        git(workspace, "commit", "--quiet", "--message=outputs")
    assert sources(workspace) == sorted([*clean, "tasks/train/losses/new.py"])
    again = toys.clone(tmp_path / "again", workspace)
    assert not (again / "dvc.lock").exists() and (again / "data/answers/r1.jsonl").read_text() == "\n"


def test_the_tests_pass_in_a_clone_in_which_the_pipeline_ran(workspace):
    """`make run`, then `make test`: what tests take for the project's sources is this clone, with its outputs."""
    names = "takes_no_output or show_in_dvc or nothing_and_says_so"
    words = ("-q", "-p", "no:cacheprovider", f"--made={workspace}", "tests/test_pipeline.py", "-k", names)
    running = start(workspace, "pytest", *words)
    output = running.communicate(timeout=500)[0]
    assert running.returncode == 0, output


def test_one_setting_changed_runs_only_what_it_must(workspace):
    before, settings = records(workspace), (workspace / "params.yaml").read_text()
    edit(workspace, {"rounds": {"r1": {"budget": 3}}})
    assert stale(workspace) == {"query@r1", "correct@r1", "train@r1", "evaluate@r1", "export", "report"}
    (workspace / "params.yaml").write_text(settings)
    edit(workspace, {"evaluate": {"boundary_width": 0.03}})
    again = {"evaluate@r0", "evaluate@r1", "report"}
    assert stale(workspace) == again
    run(workspace)
    assert ran(before, records(workspace)) == again
    (workspace / "params.yaml").write_text(settings)
    middle = records(workspace)
    run(workspace)  # put back: taken from DVC's run cache, with the records of the runs that made them
    assert records(workspace) == before != middle


def test_a_round_added_runs_only_that_round(workspace):
    before = records(workspace)
    segmend(workspace, "rounds", "2")
    run(workspace)
    assert ran(before, records(workspace)) == {"query@r2", "correct@r2", "train@r2", "evaluate@r2", "export", "report"}
    rounds = json.loads(segmend(workspace, "status", "--json"))["rounds"]
    assert [row["round"] for row in rounds] == ["r0", "r1", "r2"] and rounds[2]["clicks"] > rounds[1]["clicks"]


def test_an_edited_method_that_is_not_used_keeps_everything_fresh(workspace):
    for path, again in {
        "tasks/query/acquisitions/random.py": False,
        "tasks/query/acquisitions/expected_gain.py": True,
    }.items():
        with (workspace / path).open("a") as file:
            file.write("# a comment\n")
        assert ("query@r1" in stale(workspace)) == again


def test_the_next_questions_are_shown_and_nothing_changes(made):
    output = segmend(made, "next", "--budget", "7")
    assert "7 questions (7)" in output and "Expected to fix" in output
    assert (made / ".work/next/queries.png").is_file()
    assert len((made / ".work/next/queries.jsonl").read_text().splitlines()) == 7
    assert "are fresh" in run(made) and not dvc(made, "status", "--quiet")
    assert "'5 %'" in segmend(made, "next", "--budget", "5 %", code=2)


def test_the_rounds_show_in_dvc(made):
    shown = dvc(made, "metrics", "show")
    assert all(f"metrics/evaluate/r{k}.json" in shown for k in (0, 1))
    assert "train@r1" in dvc(made, "dag")
    dvc(made, "plots", "show", "--out", str(made / ".work/plots"))
