"""The run that is started from the page: its lines arrive as they come, it can be stopped, and there is one at a time."""

import json
import sys
from time import monotonic, sleep

from fastapi.testclient import TestClient

from annotate.access import access_for
from annotate.app import make_app
from annotate.retrain import Run
from annotate.review import Options, Review
from annotate.workspace import Workspace

TALK = "import sys, time\nfor k in range(3):\n    print('line', k, flush=True)\n    time.sleep(0.05)\nsys.exit({})"


def client_of(root, script: str) -> tuple[TestClient, Run]:
    run = Run(root, (sys.executable, "-c", script))
    client = TestClient(
        make_app(Review(Workspace(root), Options()), access_for("127.0.0.1", []), run), base_url="http://127.0.0.1"
    )
    client.post("/api/name", json={"name": "ada"})
    return client, run


def events(text: str) -> list[tuple[str, str]]:
    """(kind, data) of server-sent events."""
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return [(block.get("event", "line"), json.loads(block["data"])) for block in blocks if "data" in block]


def test_lines_arrive_and_the_end_is_told(root):
    for code, state in ((0, "done"), (75, "waiting"), (1, "failed")):
        client, run = client_of(root, TALK.format(code))
        assert client.post("/api/run/start", json={}).json() == {"started": True, "state": "running"}
        said = events(client.get("/api/run/lines").text)
        assert said == [*(("line", f"line {k}") for k in range(3)), ("end", state)]
        again = events(client.get("/api/run/lines", headers={"Last-Event-ID": "14"}).text)
        assert again == [("line", "line 2"), ("end", state)]
        assert "line" in run.log.read_text() and client.get("/run").status_code == 200


def test_one_run_at_a_time_and_stop(root):
    client, run = client_of(
        root,
        "import time\ntry:\n    print('asleep', flush=True)\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    raise SystemExit(130)",
    )
    assert client.post("/api/run/start", json={}).json()["started"]
    assert not client.post("/api/run/start", json={}).json()["started"]
    limit = monotonic() + 40
    while not (run.log.is_file() and "asleep" in run.log.read_text()) and monotonic() < limit:
        sleep(0.05)
    client.post("/api/run/stop", json={})
    while run.state == "running" and monotonic() < limit:
        sleep(0.05)
    assert run.state == "stopped"


def test_new_questions_of_a_run_are_asked_without_a_restart(root):
    """What the stage query writes for r2 is served as soon as it is there."""
    from segmend.answers.answers import read_queries, write_queries

    client, _ = client_of(root, "")
    body = {"window": "aaaaaaaa", "count": 1}
    assert client.post("/api/questions", json=body).json()["progress"]["round"] == "r1"
    later = [
        q.model_copy(update={"query": q.query.replace("r1", "r2")}) for q in read_queries(root / "data/queries/r1")
    ]
    write_queries(root / "data/queries/r2", later[:4])
    said = client.post("/api/questions", json=body).json()
    assert said["progress"] | {"round": "r2", "asked": 4} == said["progress"]
    assert said["questions"][0]["query"].startswith("r2-") and said["questions"][0]["labels"] == "r1"
