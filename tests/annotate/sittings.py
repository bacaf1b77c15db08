"""What people do at the page, scripted: for tests and for benchmarks/review.py."""

from pathlib import Path
from time import sleep
from typing import Any, NamedTuple

from tests.annotate.browser import Server, Sitting, served

KEYS = ("Enter", "n", "1", "Enter", "3", "Space")


class Sat(NamedTuple):
    """A sitting: the questions in the order in which they were answered, and milliseconds to the next question drawn."""

    given: list[str]
    took: list[float]
    troubles: list[str]


def sit(
    browser: Any, root: Path, answers: int, kill_at: tuple[int, ...] = (), reload_at: int = -1, pause: float = 0.0
) -> Sat:
    """Answer by keyboard, `pause` seconds between a question drawn and the next key. At `kill_at` the server is killed with -9 and answered on without it, at `reload_at` the window closes."""
    server = Server(root)
    ada = Sitting(browser, server.address, "Ada")
    given: list[str] = []
    took: list[float] = []

    def press(count: int) -> None:
        for _ in range(count):
            sleep(pause)
            given.append(ada.answer(KEYS[len(given) % len(KEYS)]))
            took.append(ada.took)

    try:
        for stop in sorted({*kill_at, reload_at, answers} - {-1}):
            press(stop - len(given))
            if stop == answers:
                break
            ada.page.wait_for_selector("body[data-ahead='5']", state="attached")
            if stop in kill_at:
                server.kill()
                press(3)  # the next ones are loaded already
                ada.page.wait_for_selector("#saved.wrong")
                assert "kept in this browser" in ada.page.inner_text("#saved")
            if stop == reload_at:
                ada.page.close()
                ada.page = ada.context.new_page()
            if stop in kill_at:
                server = Server(root, "--port", server.port)
            if stop == reload_at:
                ada.page.goto(server.address)
                ada.drawn("")
        ada.saved()
        server.stop()
        ada.context.close()
    finally:
        server.kill()  # nothing is left of it where something failed
    return Sat(given, took, ada.troubles)


def sit_together(browser: Any, root: Path, turns: int, undone: int = 0) -> tuple[list[list[str]], list[str]]:
    """Two people at two browsers in turn, then both to the end of the round; the first takes `undone` answers back and gives others."""
    with served(root) as server:
        people = [Sitting(browser, server.address, name) for name in ("Ada", "Ben")]
        given: list[list[str]] = [[], []]
        for _ in range(turns):
            for k, person in enumerate(people):
                given[k].append(person.answer("Enter"))
        people[0].saved()
        for expected in reversed(given[0][len(given[0]) - undone :]):
            people[0].page.keyboard.press("u")
            people[0].page.wait_for_selector(f"body[data-query='{expected}']")
        people[0].drawn("")
        if undone:
            given[0][-undone:] = [people[0].answer("2") for _ in range(undone)]
        while people[0].query or people[1].query:
            for k, person in enumerate(people):
                if person.query:
                    given[k].append(person.answer("Enter"))
        for person in people:
            person.saved()
            assert "No question is left" in person.page.inner_text("#asked")
        return given, [trouble for person in people for trouble in person.troubles]
