"""The runner on toy DVC repositories: what runs, what does not, and what is left when things are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.engine import device_locks
from flows.engine.runner import Listener, Runner
from flows.environment import UserError
from tests.flows.toys import alive, behave, executed, until

HERE = Path(__file__).parents[3]


def run(root: Path, *listeners: Listener, force: tuple[str, ...] = (), target: str | None = None) -> dict[str, str]:
    with Runner(root, say=lambda text: None) as runner:
        outcomes = runner.run_all(runner.plan(target, force), listeners, force)
    return {name: outcome.what for name, outcome in outcomes.items()}


def test_cold_warm_one_param_and_back(toy: Path):
    assert set(run(toy).values()) == {"Completed"}
    assert executed(toy)[0] == "first" and executed(toy)[-1] == "last"
    assert (toy / "d.txt").read_text() == "in firstleftin firstrightlast"

    assert set(run(toy).values()) == {"Cached"}
    assert len(executed(toy)) == 4

    (toy / "params.yaml").write_text("x: 1\ny: 2\n")
    with Runner(toy) as runner:
        plan = runner.plan()
    assert {stage.name: stage.why for stage in plan.stale} == {"left": ("changed params: y",), "last": ("after left",)}
    # left writes the same bytes as before, so what comes after it is fresh after all
    assert run(toy) == {"first": "Cached", "left": "Completed", "right": "Cached", "last": "Cached"}
    assert executed(toy)[4:] == ["left"]

    (toy / "params.yaml").write_text("x: 1\ny: 1\n")
    assert run(toy)["left"] == "Restored"
    (toy / "b.txt").unlink()
    assert run(toy)["left"] == "Restored"
    assert len(executed(toy)) == 5


def test_plain_dvc_gives_the_same_lock(toy: Path, tmp_path: Path):
    run(toy)
    by_runner = (toy / "dvc.lock").read_text()
    (toy / "dvc.lock").unlink()
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q", "--no-run-cache", "-f"], cwd=toy, env=env, check=True)
    assert sorted((toy / "dvc.lock").read_text().splitlines()) == sorted(by_runner.splitlines())
    assert set(run(toy).values()) == {"Cached"}


def test_why_is_told(toy: Path):
    with Runner(toy) as runner:
        assert runner.plan().stages["first"].why == ("never ran",)
    run(toy)
    (toy / "in.txt").write_text("other ")
    (toy / "c.txt").unlink()
    (toy / "dvc.yaml").write_text((toy / "dvc.yaml").read_text().replace("last d.txt", "last  d.txt"))
    with Runner(toy) as runner:
        plan = runner.plan()
    assert plan.stages["first"].why == ("changed deps: in.txt",)
    assert plan.stages["right"].why == ("changed outs: c.txt (deleted)", "after first")
    assert plan.stages["last"].why[0].startswith("changed deps: c.txt (deleted)")
    assert "changed command" in plan.stages["last"].why


def test_target_and_force(toy: Path):
    assert set(run(toy, target="left")) == {"first", "left"}
    assert run(toy, target="left", force=("left",)) == {"first": "Cached", "left": "Completed"}
    assert executed(toy) == ["first", "left", "left"]
    with pytest.raises(UserError, match="no stage 'middle'; it has: first"):
        run(toy, target="middle")


def test_failure_leaves_the_other_branch(toy: Path):
    behave(toy, "left", "print('about to fail'); sys.exit(3)")
    with Runner(toy) as runner:
        outcomes = runner.run_all(runner.plan())
    assert {name: outcome.what for name, outcome in outcomes.items()} == {
        "first": "Completed",
        "left": "Failed",
        "right": "Completed",
        "last": "NotStarted",
    }
    assert "about to fail" in outcomes["left"].tail and outcomes["left"].code == 1
    assert outcomes["last"].sentence == "needs left"
    assert not list((toy / ".work" / "tracking").glob("*"))  # nothing of a run without tracking stays


def test_own_sentence_and_retries(toy: Path):
    (toy / "dvc.yaml").write_text(
        (toy / "dvc.yaml").read_text().replace("outs: [a.txt]", "outs: [a.txt], meta: {retries: 2}")
    )
    behave(toy, "first", "if len(open('log.txt').readlines()) < 3: sys.exit(1)")
    assert run(toy, target="first") == {"first": "Completed"}
    assert executed(toy) == ["first"] * 3
    behave(toy, "first", "send('outcome', exit=2, message='in.txt is bad, mend it'); sys.exit(2)")
    with Runner(toy) as runner:
        outcome = runner.run_all(runner.plan("first", ["first"]), force=["first"])["first"]
    assert (outcome.what, outcome.code, outcome.sentence) == ("Failed", 2, "in.txt is bad, mend it")
    assert len(executed(toy)) == 4  # a user's mistake is not tried again


def test_a_full_disk_is_one_sentence(toy: Path):
    """What DVC and a stage that knows no better print."""
    behave(toy, "first", "with open('/dev/full', 'w') as file: file.write('x')")
    with Runner(toy, say=lambda text: None) as runner:
        outcome = runner.run_all(runner.plan("first"))["first"]
    assert (outcome.what, outcome.code) == ("Failed", 2) and outcome.sentence.startswith("the disk is full")


def test_a_round_written_by_hand_gets_its_file_of_answers(toy: Path):
    (toy / "params.yaml").write_text("x: 1\ny: 1\nrounds: {r1: {prev: r0}, r2: {prev: r1}}\n")
    (toy / "data" / "answers").mkdir(parents=True)
    (toy / "data" / "answers" / "r1.jsonl").write_text("an answer\n")
    with Runner(toy, say=lambda text: None) as runner:
        runner.plan()
    assert (toy / "data" / "answers" / "r1.jsonl").read_text() == "an answer\n"
    assert (toy / "data" / "answers" / "r2.jsonl").read_text() == "\n"


def test_no_secret_reaches_a_log(toy: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "correct-horse")
    behave(
        toy,
        "first",
        "print('at https://ada:hunter22@host/x?token=abcdefg with', os.environ['MLFLOW_TRACKING_PASSWORD'])",
    )
    lines: list[str] = []

    class Watch(Listener):
        def line(self, stage, text):
            lines.append(text)

    run(toy, Watch(), target="first")
    assert "at https://***@host/x?token=*** with ***" in lines
    kept = "".join(path.read_text() for path in [toy / "dvc.lock", *(toy / ".work").rglob("*.json*")])
    assert not [secret for secret in ("hunter22", "correct-horse", "abcdefg") if secret in "".join(lines) + kept]


def test_what_needs_a_stage_waits_while_somebody_must_look_at_it(toy: Path):
    seen: list[str] = []

    class Watch(Listener):
        def ended(self, stage, outcome, folder):
            seen.append(f"{stage.name} {outcome.what}")

    def run_until(sentence: str) -> dict[str, str]:
        with Runner(toy, say=lambda text: None, after=lambda outs: sentence if "a.txt" in outs else "") as runner:
            outcomes = runner.run_all(runner.plan(), [Watch()])
        assert outcomes["first"].sentence == sentence and outcomes["first"].code == (75 if sentence else 0)
        return {name: outcome.what for name, outcome in outcomes.items()}

    stopped = {"first": "Drifted", "left": "NotStarted", "right": "NotStarted", "last": "NotStarted"}
    assert run_until("look here") == stopped and seen[:2] == ["first Completed", "first Drifted"]
    assert run_until("look here") == stopped and executed(toy) == ["first"]  # also where it is fresh
    assert run_until("")["last"] == "Completed" and executed(toy)[0] == "first" and len(executed(toy)) == 4


def test_waiting_for_people(toy: Path):
    """DVC calls a stage that waits an error; that line is not shown, while that of a failure is."""
    shown: list[tuple[str, str]] = []

    class Watch(Listener):
        def line(self, stage, text):
            shown.append((stage, text))

    behave(toy, "left", "send('outcome', exit=75, message='12 answers missing in data/answers/r1.jsonl'); sys.exit(75)")
    behave(toy, "right", "sys.exit(7)")
    with Runner(toy) as runner:
        outcomes = runner.run_all(runner.plan(), [Watch()])
    assert outcomes["left"].what == "Waiting" and "12 answers" in outcomes["left"].sentence
    assert outcomes["last"].what == "NotStarted" and outcomes["right"].what == "Failed"
    assert not any("ERROR" in text for stage, text in shown if stage == "left")
    assert any(
        "failed to reproduce" in text and text.endswith("exited with 7") for stage, text in shown if stage == "right"
    )


def test_lines_and_items_come_while_it_runs(toy: Path):
    behave(toy, "first", "time.sleep(1)")
    seen: list[tuple[str, object]] = []

    class Watch(Listener):
        def starting(self, stage, folder):
            return {"SEGMEND_RUN_ID": "abc"}

        def line(self, stage, text):
            seen.append(("line", text))

        def item(self, stage, item):
            seen.append((item["kind"], time.monotonic()))

        def ended(self, stage, outcome, folder):
            seen.append(("ended", time.monotonic()))

    run(toy, Watch(), target="first")
    kinds = dict(seen)
    assert [text for kind, text in seen if kind == "line"] == ["hello from first"]  # without DVC's small talk
    assert kinds["ended"] - kinds["progress"] > 0.8
    assert str(Path(sys.executable).parent) in (toy / "log.txt").read_text()  # `python` is this interpreter's


def test_time_out_kills_the_whole_group(toy: Path):
    (toy / "dvc.yaml").write_text(
        (toy / "dvc.yaml").read_text().replace("outs: [a.txt]", "outs: [a.txt], meta: {timeout: 3}")
    )
    behave(
        toy,
        "first",
        """
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
        Path("pids").write_text(f"{os.getpid()} {child.pid}")
        time.sleep(100)
    """,
    )
    begin = time.monotonic()
    assert run(toy)["first"] == "TimedOut"
    assert time.monotonic() - begin < 12
    assert not any(alive(int(pid)) for pid in (toy / "pids").read_text().split())


RUN = "from pathlib import Path; from flows.engine.runner import Runner\nwith Runner(Path('.')) as r:\n  print({n: o.what for n, o in r.run_all(r.plan()).items()})"


def start(root: Path) -> subprocess.Popen:
    """A runner of its own. A shell that starts the tests in the background has them ignore Ctrl-C; this one must not."""
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    return subprocess.Popen(
        [sys.executable, "-uc", RUN],
        cwd=root,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_killed_runner_leaves_nothing_and_the_next_goes_on(toy: Path, number: int):
    behave(toy, "left", "Path('pid').write_text(str(os.getpid())); time.sleep(100)")
    runner = start(toy)
    pid = int(until(lambda: (toy / "pid").exists() and (toy / "pid").read_text()))
    runner.send_signal(number)
    until(lambda: not alive(pid))
    assert runner.wait(20) != 0
    (toy / "left.do").unlink()
    outcomes = run(toy)
    assert outcomes["first"] == "Cached" and outcomes["left"] == "Completed" and outcomes["last"] == "Completed"


def test_two_at_once_second_waits_then_finds_all_cached(toy: Path):
    behave(toy, "first", "time.sleep(2)")
    one = start(toy)
    until(lambda: executed(toy))
    two = start(toy)
    told, _ = two.communicate(timeout=60)
    assert f"(process {one.pid}, since" in told and "'last': 'Cached'" in told
    assert one.wait() == 0 and executed(toy).count("first") == 1
    one.stdout.close()


def test_branches_run_side_by_side_but_one_per_gpu(toy: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    (toy / "params.yaml").write_text("x: 1\ny: 1\n")
    text = (toy / "dvc.yaml").read_text()
    code = "with open(name + '.times', 'w') as f: f.write(str(time.time()) + ' '); time.sleep(1.5); f.write(str(time.time()))"
    behave(toy, "left", code)
    behave(toy, "right", code)

    def overlap() -> bool:
        (a, b), (c, d) = ([float(t) for t in (toy / f"{n}.times").read_text().split()] for n in ("left", "right"))
        return a < d and c < b

    run(toy)
    assert overlap()
    (toy / "dvc.yaml").write_text(
        text.replace("outs: [b.txt]", "outs: [b.txt], meta: {device: true}").replace(
            "outs: [c.txt]", "outs: [c.txt], meta: {device: true}"
        )
    )
    run(toy, force=("left", "right"))
    assert overlap()  # a CPU has two places
    monkeypatch.setenv("SEGMEND_DEVICE", "mps")
    run(toy, force=("left", "right"))
    assert not overlap()


def test_devices_are_shared_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert device_locks.devices({"CUDA_VISIBLE_DEVICES": ""}) == ["cpu", "cpu-2"]
    assert device_locks.devices({"CUDA_VISIBLE_DEVICES": "2,5"}) == ["cuda:2", "cuda:5"]
    assert device_locks.devices({"CUDA_VISIBLE_DEVICES": "2,5", "SEGMEND_DEVICE": "cuda:1"}) == ["cuda:5"]
    assert device_locks.devices({"CUDA_VISIBLE_DEVICES": "2", "SEGMEND_DEVICE": "cpu"}) == ["cpu", "cpu-2"]
    env, said = {"CUDA_VISIBLE_DEVICES": "2,5"}, []
    with (
        device_locks.held(True, env, said.append, lambda: False) as one,
        device_locks.held(True, env, said.append, lambda: False) as two,
    ):
        assert [one["CUDA_VISIBLE_DEVICES"], two["CUDA_VISIBLE_DEVICES"]] == ["2", "5"] and one[
            "SEGMEND_DEVICE"
        ] == "cuda"
        with device_locks.held(True, env, said.append, lambda: bool(said)):  # gives up once it has told
            assert "cuda:2, cuda:5 in use" in said[0]
    with device_locks.held("all", env, said.append, lambda: False) as both:
        assert both["CUDA_VISIBLE_DEVICES"] == "2,5"
    with device_locks.held(False, env, said.append, lambda: False) as none:
        assert none == {}


def test_a_folder_that_many_stages_read_is_hashed_once(toy: Path, monkeypatch: pytest.MonkeyPatch):
    from dvc.output import Output

    run(toy)
    asked: list[str] = []
    build = Output._build
    monkeypatch.setattr(
        Output, "_build", lambda self, *args, **more: asked.append(self.def_path) or build(self, *args, **more)
    )
    with Runner(toy, say=lambda text: None) as runner:
        assert not runner.plan().stale
    assert sorted(asked) == ["a.txt", "b.txt", "c.txt", "d.txt", "in.txt", "stage.py"]


def test_an_output_that_is_a_link_to_nowhere_is_one_sentence(toy: Path):
    run(toy)
    (toy / "b.txt").unlink()
    (toy / "b.txt").symlink_to(toy / "nowhere")
    with pytest.raises(UserError, match=r"^b\.txt is a link that leads nowhere .* remove the link and run again"):
        run(toy)
    (toy / "b.txt").unlink()
    assert set(run(toy).values()) <= {"Cached", "Restored", "Completed"}
