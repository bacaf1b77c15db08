"""The site: the pages of docs/, the results of the benchmarks, and one page for each method, generated from its card.

python -m docs.site            write it to build/site (mkdocs-material); part of `make docs`

Links that lead out of the site (to code, settings, experiments) lead to the repository; mkdocs' strict mode fails on any other that leads
nowhere.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from sys import modules
from typing import Any, get_args

from ruamel.yaml import YAML

from tasks.__main__ import choices, sections

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
GUIDE = {
    "Tutorial": "tutorial.md", "Your data": "data.md", "First labels": "first-labels.md", "Annotate": "annotate.md",
    "Answers": "answers.md", "Export": "export.md", "Audit": "audit.md", "Dashboards": "dashboards.md", "Operating": "operating.md",
    "Scale": "scale.md", "Faults": "faults.md",
}  # fmt: skip
REFERENCE = {
    "Commands": "cli.md", "Settings": "params.md", "Noisy labels": "noisy-labels.md", "Library": "library.md", "Architecture": "design.md",
    "Dependencies": "dependencies.md",
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "site_name": "Segmend",
    "site_description": "Mend segmentation labels",
    "docs_dir": "pages",
    "site_dir": "site",
    "strict": True,
    "use_directory_urls": False,  # opens from the disk
    "theme": {
        "name": "material",
        "font": False,
        "features": ["navigation.indexes", "navigation.top", "content.code.copy"],
    },
    "plugins": ["search"],
    "markdown_extensions": ["tables", "toc", "pymdownx.superfences"],
    "validation": {"links": {"anchors": "warn", "unrecognized_links": "ignore"}},
}


def methods() -> Iterator[tuple[str, str, str, str]]:
    """(stage, setting, name, page) of every method: its card, whatever its language, as it stands at the head of its file."""
    for stage, kind in sections().items():
        for setting, found in choices(kind):
            for method in found:
                name = get_args(method.model_fields["name"].annotation)[0]
                card = (modules[method.__module__].__doc__ or "").strip()
                first, _, rest = card.partition("\n")
                file = method.__module__.replace(".", "/") + ".py"
                page = f"# {name}\n\n`{stage}.{setting}: {{name: {name}}}`\n\n{first}\n\n```text\n{rest.strip()}\n```\n\nCode: `{file}`\n"
                yield stage, setting, name, page


def write_pages(pages: Path) -> list[Any]:
    """All pages; the navigation."""
    for file in (ROOT / "docs").glob("*.md"):
        shutil.copy(file, pages)
    for file in (ROOT / "docs/dag.svg", ROOT / "docs/report.png", ROOT / "docs/compose.yaml"):
        shutil.copy(file, pages)
    shutil.copytree(ROOT / "docs/pictures", pages / "pictures")
    shutil.copytree(ROOT / "benchmarks/results", pages / "results", ignore=shutil.ignore_patterns("*.json*", "*.csv"))
    (pages / "index.md").write_text((ROOT / "README.md").read_text())
    tree: dict[str, dict[str, list[Any]]] = {}
    for stage, setting, name, text in methods():
        path = Path("methods") / stage / setting.replace(".", "_") / f"{name}.md"
        (pages / path).parent.mkdir(parents=True, exist_ok=True)
        (pages / path).write_text(text)
        tree.setdefault(stage, {}).setdefault(setting, []).append({name: path.as_posix()})
    by_stage = [{stage: [{setting: listed} for setting, listed in kinds.items()]} for stage, kinds in tree.items()]
    results = [{path.stem: f"results/{path.name}"} for path in sorted((pages / "results").glob("*.md"))]
    for page in pages.rglob("*.md"):
        page.write_text(linked(page.read_text(), page, pages))
    guide, reference = ([{title: name} for title, name in table.items()] for table in (GUIDE, REFERENCE))
    return [
        {"Segmend": "index.md"}, {"Guide": guide}, {"Methods": ["methods.md", *by_stage]}, {"How it was measured": results},
        {"Reference": reference},
    ]  # fmt: skip


def linked(text: str, page: Path, pages: Path) -> str:
    """Links within the repository as links within the site; what is not on the site becomes text."""

    def replaced(match: re.Match[str]) -> str:
        label, target, anchor = match[1], match[2], match[3] or ""
        if target.startswith(("http:", "https:", "mailto:")):
            return match[0]
        name = re.sub(r"^(\.\./)*(docs/|benchmarks/(?=results/))?", "", target)
        here = "../" * (len(page.relative_to(pages).parts) - 1)
        for candidate in (name, f"results/{name}"):
            if (pages / candidate).is_file():
                return f"[{label}]({here}{candidate}{anchor})"
        return label if match[0].startswith("[") else f"`{label}`"

    return re.sub(r"\[([^\[\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)", replaced, text)


def main() -> int:
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort

    pages = BUILD / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)
    with (BUILD / "mkdocs.yml").open("w") as file:
        YAML().dump({**SETTINGS, "nav": write_pages(pages)}, file)
    try:
        build(load_config(str(BUILD / "mkdocs.yml")))
    except Abort as trouble:
        print(trouble, file=sys.stderr)
        return 1
    print(f"wrote {(BUILD / 'site' / 'index.html').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
