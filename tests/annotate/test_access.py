"""Tokens, Origin, Host, headers; hostile requests change nothing, and no answer of the server shows the truth."""

import asyncio
import random
import re
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from annotate.access import LARGEST, Access, access_for
from annotate.app import make_app
from annotate.review import Options, Review
from annotate.workspace import Workspace
from tests.annotate import toy
from tests.annotate.conftest import give, take


def app_of(root: Path, access: Access):
    return make_app(Review(Workspace(root), Options()), access)


def test_elsewhere_a_token_is_demanded_and_goes_into_a_cookie(root):
    access = access_for("0.0.0.0", [])
    (token,) = access.tokens
    client = TestClient(app_of(root, access), base_url="http://example.org:80")
    assert client.get("/").status_code == 401 and client.get("/browse?token=wrong").status_code == 401
    assert client.get("/tiles/image/0000000000000000/0/0/0").status_code == 401
    entered = client.get(f"/?token={token}", follow_redirects=False)
    assert entered.status_code == 303 and token not in entered.headers["location"]
    assert "HttpOnly" in entered.headers["set-cookie"] and "samesite=strict" in entered.headers["set-cookie"].lower()
    assert client.get("/").status_code == 200
    aside = client.get(f"//evil.example/?token={token}", follow_redirects=False)
    assert aside.status_code != 303 or not aside.headers["location"].startswith("//")


def test_a_persons_own_token_is_their_name(root):
    access = access_for("127.0.0.1", ["Ada", "Ben"])
    assert set(access.tokens.values()) == {"Ada", "Ben"}
    token = next(token for token, who in access.tokens.items() if who == "Ben")
    client = TestClient(app_of(root, access), base_url="http://127.0.0.1")
    assert client.get("/").status_code == 401
    client.get(f"/?token={token}")
    assert client.post("/api/name", json={"name": "Ada"}).status_code == 403
    client.cookies.set("segmend_name", "Ada")
    query = take(client, 1)[0]["query"]
    give(client, query)
    assert '"who": "Ben"' in (root / "data/answers/r1.jsonl").read_text()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
    ids=str,
)
def test_a_request_from_another_page_is_refused(person, headers):
    ada = person("ada")
    body = {"window": "aaaaaaaa", "count": 1, "held": []}
    assert ada.post("/api/questions", json=body, headers=headers).status_code == 403
    assert ada.post("/api/questions", json=body, headers={"Origin": "http://127.0.0.1:8765"}).status_code == 200


def test_every_answer_has_a_policy_and_large_requests_are_refused(person):
    ada = person("ada")
    for path in ("/", "/browse", "/static/style.css", "/nothing", "/tiles/image/x/0/0/0"):
        headers = ada.get(path).headers
        assert (
            "script-src 'self'" in headers["content-security-policy"]
            and "unsafe" not in headers["content-security-policy"]
        )
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    said = ada.post("/api/answer", content=b"x" * (LARGEST + 1), headers={"Content-Type": "application/json"})
    assert said.status_code == 403
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert ada.get(path).status_code == 404


def test_who_has_no_name_is_asked_for_it_and_gets_no_question(root):
    client = TestClient(app_of(root, access_for("127.0.0.1", [])), base_url="http://127.0.0.1")
    assert "name-form" in client.get("/").text
    assert client.post("/api/questions", json={"window": "aaaaaaaa", "count": 1}).status_code == 401
    for name in ("", " ", "x" * 41, "<b>", "a\nb", "../a", "a/b", "\x00", "-"):
        assert client.post("/api/name", json={"name": name}).status_code == 422


def files_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


NASTY = (
    "", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "r1-00001\x00", "r1-99999", "r1-00001+1", "%00", "a" * 5000,
    "<script>", "{}", "nan", "1e999", "-1", "0", "99999999999999999999", "r0", "r1", "0" * 16, "f" * 16, "é", "‮", "\n",
)  # fmt: skip
VALUES = (
    *NASTY,
    None,
    True,
    -1,
    0,
    1,
    3,
    2**31,
    2**63,
    1.5,
    float("1e308"),
    [],
    {},
    [0],
    [[0]],
    ["x"],
    [-1, 0],
    [2**40],
    [0] * 300,
)


def test_10_000_hostile_requests_change_nothing(person, root):
    """Fuzzed ids, sizes, footprints and addresses: no file changes, no request ends in an error of the server's."""
    ada = person("ada")
    take(ada, 3)
    before, dice = files_of(root), random.Random(0)
    key = next(iter(Workspace(root).pictures))
    fields = {
        "/api/questions": ["window", "count", "held"],
        "/api/answer": [
            "window",
            "query",
            "kind",
            "classes",
            "paint",
            "clicks",
            "seconds",
            "at",
            "flag",
            "comment",
            "expert",
        ],
        "/api/undo": ["window"],
        "/api/leave": ["window"],
        "/api/paint": ["image", "paint", "at", "clicks", "seconds"],
        "/api/revert": ["image", "round", "who", "kind", "write"],
        "/api/name": ["name"],
    }
    good = {"window": "zzzzzzzz", "kind": "mask", "at": 1, "query": "r1-00001", "image": key, "count": 1}
    gets = ("/tiles/image/{}/{}/{}/{}", "/tiles/cells/{}/{}/{}/{}", "/tiles/labels/{}/{}/{}/0/0", "/image/{}", "/static/{}", "/{}",
            "/browse?sort={}&start={}", "/api/question?query={}&window={}")  # fmt: skip
    statuses = set()

    def box():
        size = [dice.choice((0, 1, -1, 5, 97, 2**31, 2**70)) for _ in range(4)]
        return {
            "named": dice.choice((0, 3, 4, 253, 254, -1)),
            "box": size,
            "runs": [dice.choice((0, 1, -1, 7, 2**31)) for _ in range(3)],
        }

    async def send_all():
        transport = httpx.ASGITransport(ada.app)  # one event loop: a fifth of the time of a client with threads
        async with httpx.AsyncClient(
            transport=transport, base_url=str(ada.base_url), cookies=dict(ada.cookies)
        ) as sender:
            for k in range(10_000):
                if k % 2:
                    path = dice.choice(gets)
                    words = [dice.choice((*NASTY, key, "r0", "0", "1")) for _ in range(path.count("{}"))]
                    words = [re.sub(r"[^\x21-\x7e]", "%ff", word) for word in words]
                    answer = await sender.get(path.format(*words))
                else:
                    path = dice.choice(list(fields))
                    body = {
                        name: dice.choice(VALUES)
                        for name in dice.sample(fields[path], dice.randint(0, len(fields[path])))
                    }
                    if dice.random() < 0.7:
                        body |= {name: good[name] for name in fields[path] if name in good and dice.random() < 0.8}
                    if "paint" in fields[path] and dice.random() < 0.7:
                        body["paint"] = [box() for _ in range(dice.randint(0, 2))]
                    if body.get("kind") in ("confirm", "skip") or (
                        path == "/api/undo" and body.get("window") == "zzzzzzzz"
                    ):
                        continue  # these would be honest answers
                    answer = await sender.post(path, json=body)
                assert answer.status_code < 500, (path, answer.text)
                statuses.add(answer.status_code)

    asyncio.run(send_all())
    assert files_of(root).keys() - before.keys() <= {".work/annotate/r1.jsonl.lock"}
    assert all(files_of(root)[name] == content for name, content in before.items())
    assert {200, 404, 422} <= statuses


def test_nothing_that_is_sent_depends_on_the_truth(tmp_path):
    """Two workspaces that differ in their truth alone send equal bytes."""
    sent = []
    for name, with_truth in (("a", True), ("b", False)):
        root = toy.make(tmp_path / name, truth=with_truth)
        client = TestClient(app_of(root, access_for("127.0.0.1", [])), base_url="http://127.0.0.1")
        client.post("/api/name", json={"name": "ada"})
        key = next(iter(Workspace(root).pictures))
        paths = ("/", "/browse", f"/image/{key}", f"/tiles/image/{key}/0/0/0", f"/tiles/labels/r0/{key}/0/0/0")
        said = [client.get(path).content for path in paths]
        sent.append([*said, client.post("/api/questions", json={"window": "aaaaaaaa", "count": 9}).content])
    assert sent[0] == sent[1]
