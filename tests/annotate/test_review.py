"""The page in a real browser: sittings by keyboard, a killed server, a reload, two people, the brush."""

import pytest

from segmend.answers.answers import latest, pixels, read, read_queries
from tests.annotate import toy
from tests.annotate.browser import CHROMIUM, Sitting, chromium, served
from tests.annotate.sittings import sit, sit_together

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def test_a_sitting_of_200_answers_survives_a_killed_server_and_a_reload(browser, tmp_path):
    root = toy.make(tmp_path / "space", images=6, questions=210)
    given, _, troubles = sit(browser, root, 200, kill_at=(60, 110), reload_at=110)
    answers = read(root / "data/answers/r1.jsonl")
    assert len(given) == len(set(given)) == 200 and not troubles
    assert [a.query for a in answers] == given  # each once, in order
    assert {a.kind for a in answers} == {"confirm", "class", "skip"} and {a.who for a in answers} == {"Ada"}
    assert all(a.clicks and a.seconds is not None for a in answers)


def test_two_browsers_at_once_answer_no_question_twice_and_undo_their_own(browser, tmp_path):
    root = toy.make(tmp_path / "space", questions=40)
    given, troubles = sit_together(browser, root, turns=10, undone=3)
    answers = latest(read(root / "data/answers/r1.jsonl"))
    assert not set(given[0]) & set(given[1]) and len(answers) == 40 and not troubles
    said = {(query, name) for name, some in zip(("Ada", "Ben"), given, strict=True) for query in some}
    assert {(a.query, a.who) for a in answers} == said


def in_the_middle(folder):
    """A workspace whose first question is far from the image's border, so that it is shown in the middle of the picture."""
    for seed in range(60):
        root = toy.make(folder / str(seed), images=1, questions=2, seed=seed)
        query = read_queries(root / "data/queries/r1")[0]
        if 30 <= query.row + 8 <= 66 and 36 <= query.column <= 92:
            return root, query
    raise AssertionError("no seed draws one")


def test_the_brush_follows_superpixels_and_a_cut_splits_a_region(browser, tmp_path):
    root, query = in_the_middle(tmp_path)
    with served(root) as server:
        ada = Sitting(browser, server.address, "Ada")
        box = ada.page.locator("#picture").bounding_box()
        middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        for key in ("b", "3"):
            ada.page.keyboard.press(key)
        ada.page.wait_for_timeout(700)  # superpixels are loaded
        ada.page.mouse.click(*middle)
        assert ada.answer("Enter") == query.query
        ada.page.keyboard.press("u")
        ada.page.wait_for_selector(f"body[data-drawn='{query.query}']", state="attached")
        for key in ("b", "k"):
            ada.page.keyboard.press(key)
        ada.page.mouse.move(box["x"] + 5, middle[1])
        ada.page.mouse.down()
        ada.page.mouse.move(box["x"] + box["width"] - 5, middle[1], steps=4)
        ada.page.mouse.up()
        for key, dy in (("1", -20), ("2", 20)):
            ada.page.keyboard.press(key)
            ada.page.mouse.click(middle[0], middle[1] + dy)
        assert ada.answer("Enter") == query.query
        ada.saved()
        assert not ada.troubles
    lines = read(root / "data/answers/r1.jsonl")
    brushed, split = lines[0], latest(lines)
    assert brushed.kind == "mask" and brushed.classes == ("lake",) and "revert" in {line.kind for line in lines}
    cells = {(place // 128 // 8, place % 128 // 8) for place in pixels(brushed.mask)}
    assert len(cells) == 1 and brushed.mask.area <= 64  # one superpixel, or what of it is in the region
    assert [a.query for a in split] == [query.query, f"{query.query}+1"]
    assert {a.classes for a in split} == {("field",), ("road",)}
    assert sum(a.mask.area for a in split) == query.area


def test_every_page_opens_and_a_question_can_be_answered_by_typing(browser, tmp_path):
    root = toy.make(tmp_path / "space", classes=[f"kind {k}" for k in range(40)])
    with served(root) as server:
        ada = Sitting(browser, server.address, "Ada")
        before = ada.query
        ada.page.keyboard.press("/")
        ada.page.keyboard.type("kind 37")
        ada.page.keyboard.press("Enter")
        ada.drawn(before)
        ada.page.keyboard.press("c")
        ada.page.keyboard.type("hard to see")
        ada.page.keyboard.press("Enter")
        ada.answer("Enter")
        ada.page.keyboard.press("f")
        ada.page.keyboard.type("road or field?")
        flagged = ada.query
        ada.page.keyboard.press("Enter")
        ada.drawn(flagged)
        ada.page.keyboard.press("?")
        assert ada.page.locator("#help-sheet").is_visible()
        ada.page.keyboard.press("Escape")
        ada.saved()
        for place in ("browse", "people", "disputed", "run"):
            ada.page.goto(f"{server.address}/{place}")
            assert ada.page.locator("h1").is_visible()
        ada.page.goto(f"{server.address}/disputed")
        assert "road or field?" in ada.page.inner_text("main") and flagged in ada.page.inner_text("main")
        ada.page.goto(f"{server.address}/browse")
        ada.page.click(".images a")
        ada.page.wait_for_selector("body[data-drawn]")
        for key in ("b", "p", "2"):
            ada.page.keyboard.press(key)
        box = ada.page.locator("#picture").bounding_box()
        ada.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        ada.page.keyboard.press("Enter")
        ada.page.wait_for_selector("#status.shown")
        assert "Saved: 1" in ada.page.inner_text("#status") and not ada.troubles
    answers = read(root / "data/answers/r1.jsonl")
    assert answers[0].classes == ("kind 37",) and answers[1].comment == "hard to see"
    assert answers[2].kind == "skip" and answers[2].flag and answers[2].comment == "road or field?"
    assert answers[3].kind == "mask" and answers[3].query.startswith("paint-")
