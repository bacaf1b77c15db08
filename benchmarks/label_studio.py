"""A round's questions through a real Label Studio server and back: nothing may be lost.

    python -m benchmarks.label_studio --install      once: Label Studio into an environment of its own (1.5 GB)
    python -m benchmarks.label_studio                start the server, 50 questions out, answers by its API, back in, applied

Label Studio is a heavy package with dependencies that do not go together with this project's, so it has a virtual environment of its own:
~/.cache/segmend/label-studio, or the folder that SEGMEND_LABEL_STUDIO names. Where it is missing, this and the test that uses it
(tests/export/test_label_studio_server.py) say so and stop. Answers are posted as the page of Label Studio posts them: the prediction is the
start, people leave it, tick another class, draw the region again, say that they cannot say, or skip. Writes results/label_studio.md.
"""

import subprocess
import sys
import venv
from collections import Counter
from json import dumps, loads
from os import environ
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.claims import RESULTS
from segmend.answers.answers import Answer, Query, decode, read, read_queries
from segmend.images.brush import packed_brush
from segmend.images.dataset import Dataset, Labels
from tasks.export import questions
from tasks.export.formats.label_studio import LOCAL

HOME = Path(environ.get("SEGMEND_LABEL_STUDIO") or Path.home() / ".cache/segmend/label-studio")
PROGRAM = HOME / "bin/label-studio"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
QUESTIONS, STARTS_WITHIN = 50, 900  # seconds: the first start makes its data base
WAYS = ("confirm", "class", "mask", "cannot say", "skipped")
MISSING = f"Label Studio is not installed in {HOME}: python -m benchmarks.label_studio --install"


class Server:
    """A Label Studio server with a data base of its own, which serves the images below `files`; stopped when the context ends."""

    def __init__(self, files: Path, data: Path):
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        names = {"LABEL_STUDIO_BASE_DATA_DIR": data, "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": files}
        self.environment = {**environ, **{name: str(path) for name, path in names.items()}}
        self.environment |= {
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true", "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
            "COLLECT_ANALYTICS": "false", "PYTHONPATH": "",
        }  # fmt: skip
        self.log = data / "server.log"

    def __enter__(self) -> "Server":
        words = ["start", "--no-browser", "--port", str(self.port), "--internal-host", "127.0.0.1"]
        words += ["--username", "ada@example.org", "--password", "a-long-password", "--user-token", TOKEN]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, *words], env=self.environment, stdout=log, stderr=log, cwd=self.log.parent
            )
        begin = monotonic()
        while monotonic() - begin < STARTS_WITHIN:
            if self.process.poll() is not None:
                raise RuntimeError(f"Label Studio ended: {self.log.read_text()[-2000:]}")
            try:
                self.version = self.call("GET", "/api/version")["release"]
                return self
            except (URLError, ConnectionError, TimeoutError):
                sleep(2)
        raise RuntimeError(f"Label Studio did not start within {STARTS_WITHIN} s")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def fetch(self, method: str, path: str, body: Any = None) -> bytes:
        """What the server answers, as bytes; an HTTP error ends with its text."""
        data = None if body is None else dumps(body).encode()
        heads = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        with urlopen(Request(self.address + path, data, heads, method=method), timeout=120) as answer:
            return bytes(answer.read())

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return loads(self.fetch(method, path, body))


def project_of(server: Server, folder: Path) -> int:
    """A project with the labelling interface, the images as local storage, and the tasks with their predictions."""
    config = (folder / "label_config.xml").read_text(encoding="utf-8")
    project = server.call("POST", "/api/projects", {"title": "round", "label_config": config})["id"]
    server.call(
        "POST", "/api/storages/localfiles", {"project": project, "path": str(folder / "images"), "use_blob_urls": True}
    )
    tasks = loads((folder / "tasks.json").read_text(encoding="utf-8"))
    server.call("POST", f"/api/projects/{project}/import", tasks)
    return int(project)


def tasks_of(server: Server, project: int) -> list[dict[str, Any]]:
    found = server.call("GET", f"/api/tasks?project={project}&fields=all&page_size=500")
    tasks: list[dict[str, Any]] = found["tasks"] if isinstance(found, dict) else found
    return sorted(tasks, key=lambda task: str(task["data"]["query"]))


def answered(
    task: dict[str, Any], query: Query, way: str, classes: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a person submits who starts from the prediction, and what must come back of it."""
    result = [dict(part) for part in task["predictions"][0]["result"]]
    body: dict[str, Any] = {"result": result, "lead_time": 2.5, "was_cancelled": way == "skipped"}
    expected: dict[str, Any] = {"query": query.query, "kind": way, "seconds": 2.5, "classes": (query.shown,)}
    other = next(name for name in classes if name != query.shown)
    if way == "class":
        result[1] = questions.ticked([other], query)
        result.append(
            {
                "id": "note",
                "type": "textarea",
                "from_name": "comment",
                "to_name": "image",
                "value": {"text": ["half of it, äöü"]},
            }
        )
        expected |= {"classes": (other,), "comment": "half of it, äöü"}
    elif way == "mask":
        drawn = decode(query.footprint)
        drawn[: query.row] = False
        result[0] = {**result[0], "value": {"format": "rle", "rle": packed_brush(drawn), "brushlabels": [other]}}
        expected |= {"classes": (other,), "mask": drawn}
    elif way == "cannot say":
        result[1] = questions.ticked([questions.SKIP], query)
    if way in ("cannot say", "skipped"):
        expected |= {"kind": "skip", "classes": ()}
    return body, expected


def lost(expected: list[dict[str, Any]], given: list[Answer]) -> list[str]:
    """What did not come back as it was given, one sentence each."""
    found = {answer.query: answer for answer in given}
    wrong = [f"{len(given)} answers, {len(expected)} were given"] if len(given) != len(expected) else []
    for wanted in expected:
        answer = found.get(wanted["query"])
        if answer is None:
            wrong.append(f"{wanted['query']} did not come back")
            continue
        same = {"kind": answer.kind, "classes": answer.classes, "seconds": answer.seconds, "comment": answer.comment}
        wrong += [f"{answer.query}: {key} is {value}" for key, value in same.items() if value != wanted.get(key)]
        if "mask" in wanted and (answer.mask is None or not (decode(answer.mask) == wanted["mask"]).all()):
            wrong.append(f"{answer.query}: its mask differs")
        if answer.when is None or not answer.who:
            wrong.append(f"{answer.query}: who or when is missing")
    return wrong


def not_applied(root: Path, out: Path, given: list[Answer]) -> list[str]:
    """Answers whose pixels do not carry what they say in the labels of the round."""
    names, labels, wrong = Dataset(root / "data/dataset").classes, Labels(out), []
    for answer in given:
        if answer.kind not in ("class", "mask", "confirm"):
            continue
        pixels = decode(answer.mask or answer.footprint)
        shown = labels[answer.image][pixels]
        if answer.kind != "confirm" and not (shown == names.index(answer.classes[0])).all():
            wrong.append(
                f"{answer.query}: {int((shown != names.index(answer.classes[0])).sum())} pixels carry another class"
            )
    return wrong


def round_trip(root: Path, server: Server, files: Path, number: int = QUESTIONS) -> dict[str, Any]:
    """All of it in a workspace that waits for answers; the row of numbers."""
    queries = root / "data/queries/r1"
    paths = ["--queries", str(queries), "--dataset", str(root / "data/dataset")]
    assert questions.main(["out", "--out", str(files), "--limit", str(number), *paths]) == 0
    project = project_of(server, files)
    tasks, asked, classes = (
        tasks_of(server, project),
        {q.query: q for q in read_queries(queries)},
        Dataset(root / "data/dataset").classes,
    )
    served = server.fetch("GET", tasks[0]["data"]["image"])
    assert tasks[0]["data"]["image"].startswith(LOCAL)
    same_image = served == (files / "images" / f"{asked[tasks[0]['data']['query']].image}.png").read_bytes()
    expected = []
    for k, task in enumerate(tasks):
        body, wanted = answered(task, asked[task["data"]["query"]], WAYS[k % len(WAYS)], classes)
        server.call("POST", f"/api/tasks/{task['id']}/annotations", body)
        expected.append(wanted)
    export = root / "export.json"
    export.write_bytes(server.fetch("GET", f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true"))
    answers = root / "data/answers/r1.jsonl"
    taken = ["in", str(export), "--answers", str(answers), "--lock", str(root / ".work/annotate"), *paths]
    assert questions.main(taken) == 0
    before = answers.read_bytes()
    assert questions.main(taken) == 0 and answers.read_bytes() == before  # a second time adds nothing
    given = read(answers)
    return {
        "version": server.version, "questions": len(tasks), "predictions": sum(len(task["predictions"]) for task in tasks),
        "image_served": same_image, "answers": len(given), "lost": lost(expected, given),
        "kinds": dict(Counter(answer.kind for answer in given)),
    }  # fmt: skip


def install() -> None:
    venv.create(HOME, with_pip=True)
    subprocess.run([HOME / "bin/pip", "install", "--quiet", "label-studio>=1.23,<2"], check=True)


def page(row: dict[str, Any]) -> str:
    wrong = [*row["lost"], *row["not_applied"]]
    return f"""# Questions through Label Studio and back

`python -m benchmarks.label_studio`: a real server, Label Studio {row["version"]} from PyPI in an environment of its own.

| step | number |
|---|---|
| questions written as tasks | {row["questions"]} |
| predictions (pre-annotations) that the server holds | {row["predictions"]} |
| the image that the server serves is the image that was written | {"yes" if row["image_served"] else "**no**"} |
| annotations posted by its API, in turn {", ".join(WAYS)} | {row["questions"]} |
| answers read back from its JSON export | {row["answers"]} ({", ".join(f"{kind} {count}" for kind, count in sorted(row["kinds"].items()))}) |
| of these, lost or different (kind, class, mask, seconds, comment, who, when) | {len(row["lost"])} |
| answers whose pixels do not carry them in the labels of the round | {len(row["not_applied"])} |

{"Nothing was lost." if not wrong else "**Lost:** " + "; ".join(wrong)}

Reading the same export a second time adds nothing. CVAT goes by files (`segmend export --format cvat`): its server needs containers and
was not run.
"""


def main() -> None:
    from tests.annotate import toy

    if "--install" in sys.argv[1:]:
        install()
    if not PROGRAM.is_file():
        raise SystemExit(MISSING)
    with TemporaryDirectory() as place:
        root, files, data = (Path(place) / name for name in ("workspace", "files", "server"))
        toy.make(root, images=6, questions=QUESTIONS + 10)
        files.mkdir()
        data.mkdir()
        with Server(files, data) as server:
            row = round_trip(root, server, files)
        row["not_applied"] = not_applied(root, apply(root), read(root / "data/answers/r1.jsonl"))
    (RESULTS / "label_studio.json").write_text(dumps(row, indent=2) + "\n")
    (RESULTS / "label_studio.md").write_text(page(row))
    print(page(row))


def apply(root: Path) -> Path:
    """The labels of round 1 by the stage correct, without an expansion; where they are."""
    from segmend.stage.params import validated
    from tasks.correct.__main__ import correct
    from tasks.correct.settings import Params

    data = root / "data"
    (data / "labels/r0/answers.jsonl").touch()  # as the stage pseudo_label leaves it
    settings = validated(
        Params, {"oracle": {"name": "people", "people": {"enough": 0.0}}, "expansion": {"name": "none"}}, "correct"
    )
    correct.stage(
        settings, 0, round="r1", dataset=data / "dataset", truth=data / "truth", first=data / "labels/r0", labels=data / "labels/r0",
        queries=data / "queries/r1", answers=data / "answers/r1.jsonl", regions=data / "regions", model=data / "models/r0",
        out=data / "labels/r1",
    )  # fmt: skip
    return data / "labels/r1"


if __name__ == "__main__":
    main()
