"""dvc.lock by LockWriter against DVC's own writer: equal bytes, whatever changes."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dvc.dvcfile
from dvc.utils.serialize import dump_yaml, modify_yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from flows.engine.lock_file import LockWriter

NAMES = st.from_regex(r"[a-z_]{1,8}(@r?[0-9]{1,3})?", fullmatch=True)
WORDS = st.text("abz 09.:'\"#&*{}[]@-|>%!?,é\n", max_size=100)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 1) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
FILES = st.lists(st.fixed_dictionaries({"path": WORDS, "hash": st.just("md5"), "size": st.integers(0, 9)}), max_size=3)
ENTRIES = st.fixed_dictionaries({"cmd": WORDS, "deps": FILES, "params": st.dictionaries(NAMES, VALUES, max_size=3)})
STAGES = st.dictionaries(NAMES, ENTRIES, max_size=4)


def change(writer: Any, path: Path, stages: dict[str, Any]) -> bytes:
    """What Lockfile.dump_stages does with the file."""
    with writer(str(path)) as data:
        if not data:
            data.update({"schema": "2.0"})
        data["stages"] = data.get("stages", {})
        for name, entry in stages.items():
            data["stages"].update({name: entry})
    return path.read_bytes()


@given(st.lists(STAGES, min_size=1, max_size=4))
@settings(max_examples=20, deadline=None, phases=[Phase.generate])  # shrinking would take minutes
def test_the_bytes_are_those_of_dvc(runs: list[dict[str, Any]]):
    with TemporaryDirectory() as folder:
        paths = [Path(folder, name) / "dvc.lock" for name in ("ours", "theirs")]
        for path in paths:
            path.parent.mkdir()
        for stages in runs:
            ours, theirs = (
                change(w, p, stages) for w, p in zip((LockWriter(modify_yaml), modify_yaml), paths, strict=True)
            )
            assert ours == theirs


def test_other_files_and_other_looks_are_left_to_dvc(tmp_path: Path):
    asked = []

    def as_dvc_does(path: str, fs: Any = None) -> Any:
        asked.append(Path(path).name)
        return modify_yaml(path, fs=fs)

    entry = {"cmd": "python", "deps": [{"path": "a", "md5": "1"}]}
    lock, other = tmp_path / "dvc.lock", tmp_path / "dvc.yaml"
    change(LockWriter(as_dvc_does), lock, {"a": entry})  # a new file
    change(LockWriter(as_dvc_does), lock, {"b": entry})
    assert asked == ["dvc.lock"]
    shared = {"x": 1}
    change(
        LockWriter(as_dvc_does), lock, {"c": {"cmd": "", "params": {"p": shared, "q": shared}}}
    )  # written with an anchor
    assert asked == ["dvc.lock"] * 2 and "&id001" in lock.read_text()
    lock.write_text("# mine\n" + lock.read_text())
    change(LockWriter(as_dvc_does), lock, {"d": entry})
    assert asked == ["dvc.lock"] * 3 and lock.read_text().startswith("# mine\n")
    dump_yaml(other, {"stages": {}})
    change(LockWriter(as_dvc_does), other, {"a": entry})
    assert asked[-1] == "dvc.yaml"


def test_a_change_is_written_without_a_whole_dump(tmp_path: Path):
    lock = tmp_path / "dvc.lock"
    change(modify_yaml, lock, {"a": {"cmd": "x"}, "b@r1": {"cmd": "y"}})
    shutil.copy(lock, tmp_path / "copy")
    refused = LockWriter(lambda *_, **__: (_ for _ in ()).throw(AssertionError("DVC was asked")))
    assert change(refused, lock, {"a": {"cmd": "z"}}) == lock.read_bytes()
    assert lock.read_text() == (tmp_path / "copy").read_text().replace("cmd: x", "cmd: z")


def test_dvc_still_has_what_is_replaced():
    assert (
        dvc.dvcfile.modify_yaml is modify_yaml and "modify_yaml" in dvc.dvcfile.Lockfile.dump_stages.__code__.co_names
    )
