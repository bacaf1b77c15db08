"""Documentation is executed: generated pages are current, commands exist, links lead somewhere, experiments are valid."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from docs import generate
from flows.cli import app
from segmend.stage.params import Settings
from tasks.__main__ import check_file, choices, sections

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks/results").glob("*.md")])
EXPERIMENTS = sorted((ROOT / "experiments").glob("*.yaml"))


def test_generated_pages_are_current(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["generate", "--check"])
    assert generate.main() == 0, capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_pages_exist(page):
    text = page.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for target in re.findall(r"`make ([a-z-]+)`|^    make ([a-z-]+)", text, flags=re.MULTILINE):
        assert "".join(target) in targets, f"{page.name}: no target make {''.join(target)}"
    commands = set(re.findall(r"^## segmend (\w+)", (ROOT / "docs/cli.md").read_text(), flags=re.MULTILINE))
    for command in re.findall(r"(?:`|^    |\$ )segmend ([a-z]+)", text, flags=re.MULTILINE):
        assert command in commands, f"{page.name}: no command segmend {command}"
    for module in re.findall(r"python -m ((?:tasks|flows|benchmarks|docs)[\w.]*)", text):
        place = ROOT / Path(*module.split("."))
        assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file() or "<" in text, module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_pages_have_the_options_that_are_written(page):
    """Every command that stands in a block or in backticks is parsed by the command line itself, without being run."""
    group = get_command(app)
    written = re.findall(
        r"^    (?:\$ )?segmend ([a-z-]+ ?[^\n]*)|`segmend ([a-z-]+ ?[^`\n]*)`", page.read_text(), re.MULTILINE
    )
    for line in ("".join(each) for each in written):
        first = re.split(r"\s+#|&&|\||;|>|…|\.\.\.", line)[0]
        name, *words = shlex.split(first)
        try:
            group.commands[name].make_context(name, words)
        except Exception as error:  # typer does not export its errors
            # A placeholder where a path or a number belongs, a command or an option that is only named, -h: these may stand there.
            allowed = ("BadParameter", "MissingParameter", "Exit")
            named = str(error).endswith("requires an argument.")
            assert named or type(error).__name__ in allowed, f"{page.name}: segmend {line}: {error}"


def test_results_name_no_folder_of_the_machine_that_measured():
    for path in sorted((ROOT / "benchmarks/results").glob("*.*")):
        assert not re.search(rb"[\"' ](?:/[\w.-]+)+/site-packages/", path.read_bytes()), path.name


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda path: path.stem)
def test_experiments_are_valid(experiment, tmp_path):
    """Merged into params.yaml as `segmend run -e` does, every shipped experiment passes the check of the whole file."""
    from flows.files.params_file import ParamsFile

    shutil.copy(ROOT / "params.yaml", tmp_path)
    file = ParamsFile(tmp_path)
    file.merge(YAML(typ="safe").load(experiment))
    file.save()
    check_file(tmp_path / "params.yaml")
    head = experiment.read_text()
    assert all(word in head for word in ("# Paper:", "# Command:", "# Expected:")), (
        "an experiment opens with what it is"
    )


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda path: path.stem)
def test_a_recipe_names_all_that_makes_it(experiment):
    """What a recipe leaves out would follow params.yaml, and change with the default."""
    content = YAML(typ="safe").load(experiment)
    assert {"acquisition", "merging", "kind", "unit", "random"} <= set(content["query"])
    assert {"sieving", "expansion"} <= set(content["correct"])


def test_every_setting_is_described():
    for section, kind in sections().items():
        for one in [kind, *(method for _, methods in choices(kind) for method in methods)]:
            for name, field in one.model_fields.items():
                if name != "name" and name not in dict(choices(kind)):
                    nested = isinstance(field.annotation, type) and issubclass(field.annotation, Settings)
                    assert field.description or nested, f"{section}: {one.__name__}.{name} has no description"


def test_the_project_speaks_of_itself_alone():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    stranger = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp/[a-z]+-)[/\w]*")
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".yaml", ".toml", ".json", ".cff"}
            and path.is_file()
            and name != "tests/test_docs.py"
        ):
            assert not stranger.search(path.read_text()), (
                f"{name} holds an absolute path: {stranger.search(path.read_text())}"
            )
