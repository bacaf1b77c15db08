"""Texts stand in one file, colours can be read, scripts are short."""

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "annotate"
SCRIPTS = sorted((FOLDER / "static/js").glob("*.js"))
TEXTS = json.loads((FOLDER / "texts.json").read_text())
CSS = (FOLDER / "static/style.css").read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_text_that_a_script_shows_is_there(script):
    source = script.read_text()
    for names in re.findall(r"\btexts\.((?:\w+\.?)+)", source):
        place = TEXTS
        for name in names.rstrip(".").split("."):
            assert not isinstance(place, dict) or name in place, f"{script.name}: texts.{names}"
            place = place[name] if isinstance(place, dict) else place
    assert len(source.splitlines()) <= 300 and source.startswith("//")


def test_pages_hold_no_words_of_their_own():
    """What stands between tags comes from texts.json; the name of the program, keys and names of layouts aside."""
    for path in (FOLDER / "templates").glob("*.j2"):
        plain = re.sub(
            r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<script.*?</script>|<[^>]*>", " ", path.read_text(), flags=re.DOTALL
        )
        words = set(re.findall(r"[A-Za-z]{3,}", plain)) - {"segmend", "Enter", "Space", "work", "plain", "scrolls"}
        assert not words, f"{path.name}: {words}"


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [":root", ':root[data-theme="dark"]'])
def test_contrast_is_that_of_wcag_aa(theme):
    """Text 4.5 to 1, lines of buttons that are pressed and the focus 3 to 1."""
    block = CSS[CSS.index(f"{theme} {{") :].split("}")[0]
    found = {
        name: value if len(value) == 7 else "#" + "".join(2 * c for c in value[1:])
        for name, value in re.findall(r"--([\w-]+): (#\w+)", block)
    }
    for text in ("text", "soft", "accent", "danger", "wrong", "good"):
        for ground in ("ground", "card"):
            assert contrast(found[text], found[ground]) >= 4.5, (text, ground)
    assert contrast(found["text"], found["pressed"]) >= 4.5 and contrast(found["on-accent"], found["accent"]) >= 4.5
    assert contrast(found["focus"], found["ground"]) >= 3


def test_dark_by_choice_is_dark_by_system():
    chosen = CSS[CSS.index(':root[data-theme="dark"] {') :].split("}")[0].split("{")[1]
    system = CSS[CSS.index(':root[data-theme="auto"] {') :].split("}")[0].split("{")[1]
    assert chosen.split() == system.split()
