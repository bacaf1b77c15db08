"""A drawn workspace, and browsers of several people at one server."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from annotate.access import access_for
from annotate.app import make_app
from annotate.review import Options, Review
from annotate.workspace import Workspace
from tests.annotate import toy


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return toy.make(tmp_path / "space")


def served(root: Path, **options) -> Callable[[str], TestClient]:
    """`person(name)`: a browser of that person, all at one server."""
    app = make_app(Review(Workspace(root), Options(**options)), access_for("127.0.0.1", []))

    def person(name: str) -> TestClient:
        client = TestClient(app, base_url="http://127.0.0.1:8765")
        assert client.post("/api/name", json={"name": name}).status_code == 200
        return client

    return person


@pytest.fixture
def person(root: Path) -> Callable[[str], TestClient]:
    return served(root)


def take(client: TestClient, count: int = 5, window: str = "aaaaaaaa", held: tuple[str, ...] = ()) -> list[dict]:
    said = client.post("/api/questions", json={"window": window, "count": count, "held": held})
    assert said.status_code == 200, said.text
    return said.json()["questions"]


def give(client: TestClient, query: str, at: int = 1, window: str = "aaaaaaaa", **answer):
    body = {"window": window, "query": query, "at": at, "kind": "confirm", **answer}
    return client.post("/api/answer", json=body)
