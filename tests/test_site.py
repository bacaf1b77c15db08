"""The site: every page in its navigation, no link that leads nowhere, a page for each method."""

import subprocess
import sys
from pathlib import Path

import pytest

from docs import site

ROOT = Path(__file__).resolve().parents[1]


def test_links_become_links_of_the_site_or_text(tmp_path: Path):
    (tmp_path / "results").mkdir()
    for name in ("data.md", "results/noise.md"):
        (tmp_path / name).touch()
    text = (
        "[a](docs/data.md#x) [b](../benchmarks/results/noise.md) [`c`](../tasks/train/settings.py) [d](https://e.org)"
    )
    assert (
        site.linked(text, tmp_path / "index.md", tmp_path)
        == "[a](data.md#x) [b](results/noise.md) `c` [d](https://e.org)"
    )
    assert site.linked("[b](noise.md)", tmp_path / "results/crowd.md", tmp_path) == "[b](../results/noise.md)"


@pytest.mark.slow
def test_the_site_builds_in_strict_mode():
    pytest.importorskip("mkdocs")
    done = subprocess.run([sys.executable, "-m", "docs.site"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.relative_to(ROOT / "build/site").as_posix() for path in (ROOT / "build/site").rglob("*.html")}
    assert {"index.html", "tutorial.html", "operating.html", "methods/train/loss/gce.html"} <= pages
