"""The DVC cache that several workspaces share: which they are, and removing what none of them needs.

Plain `dvc gc` knows the workspace it is called in and deletes what the others need. The workspaces of a cache are listed in a file
inside it, one path a line; `segmend new` writes it, and worktrees of the same git repository are added whenever it is read.
"""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock, Timeout

from flows.engine.plan import opened
from flows.environment import UserError
from flows.files import workspace_files

LISTED = "segmend-workspaces"


def cache_folder(root: Path) -> Path:
    """Where DVC keeps the objects of this workspace."""
    from dvc.config import Config

    named = Config(str(root / ".dvc"))["cache"].get("dir")
    return Path(os.path.abspath(root / ".dvc" / named)) if named else root / ".dvc" / "cache"


def share(root: Path, folder: Path) -> None:
    """Let another workspace use this one's cache: what `dvc cache dir --local` writes. Absolute paths belong in config.local, which git ignores."""
    from dvc.config import Config

    cache = cache_folder(root)
    with Config(str(folder / ".dvc")).edit("local") as settings:
        settings.setdefault("cache", {})["dir"] = str(cache)
    write_list(cache, [*workspaces(root), folder])


def workspaces(root: Path) -> list[Path]:
    """Every workspace that uses the cache of this one, this one included; also those whose folder is gone."""
    cache = cache_folder(root)
    file = cache / LISTED
    listed = [Path(line) for line in file.read_text().splitlines() if line] if file.is_file() else []
    trees = workspace_files.git(root, "worktree", "list", "--porcelain").splitlines()
    beside = [Path(line.removeprefix("worktree ")) for line in trees if line.startswith("worktree ")]
    users = [path for path in beside if (path / ".dvc").is_dir() and cache_folder(path) == cache]
    return list(dict.fromkeys([root, *listed, *users]))


def write_list(cache: Path, paths: Iterable[Path]) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    temporary = cache / f"{LISTED}.{os.getpid()}"
    temporary.write_text("".join(f"{path}\n" for path in dict.fromkeys(paths)))
    temporary.replace(cache / LISTED)


def forget(root: Path, folder: Path) -> None:
    """Take a deleted workspace off the list."""
    known = workspaces(root)
    if folder not in known or folder == root:
        raise UserError(
            f"{folder} is no other workspace of this cache; they are: {', '.join(map(str, known[1:])) or 'none'}."
        )
    write_list(cache_folder(root), [path for path in known if path != folder])


def collect(root: Path, dry_run: bool) -> tuple[int, int, list[Path]]:
    """Remove the objects that no workspace, branch, tag or experiment needs; nothing with `dry_run`.

    Returns:
        how many objects and bytes that are, and the workspaces whose needs were respected.

    Raises:
        UserError: a workspace is not there, so what it needs is unknown, or a run is at work in one.
    """
    users = workspaces(root)
    for path in users:
        if not (path / ".dvc").is_dir():
            raise UserError(
                f"The workspace {path} shares this cache and is not there, so what it needs is not known and nothing was removed; "
                f"make it reachable, or, if it was deleted for good: segmend gc --forget {path}"
            )
    cache = cache_folder(root)
    with ExitStack() as stack:
        for path in users:
            (path / ".work").mkdir(exist_ok=True)
            try:
                stack.enter_context(FileLock(path / ".work" / "runner.lock", timeout=0))
            except Timeout:
                raise UserError(
                    f"A run is at work in {path}; nothing was removed: try again when it has ended."
                ) from None
        before = sizes(cache)
        with opened(root) as repo:
            from dvc.scm import NoSCM

            versions = not isinstance(repo.scm, NoSCM)
            missing = set(before) - needed(repo, [path for path in users if path != root], versions)
        for name in () if dry_run else missing:
            (cache / "files" / "md5" / name[:2] / name[2:]).unlink(missing_ok=True)
        write_list(cache, users)
    return len(missing), sum(before[name] for name in missing), users


def needed(repo: object, others: list[Path], versions: bool) -> set[str]:
    """The objects of this cache that DVC finds used, with the folders' own lists (`.dir`) and the files in them."""
    from dvc.repo import Repo

    everywhere = dict.fromkeys(("all_branches", "all_tags", "all_experiments"), versions)
    names: set[str] = set()
    for user in [repo, *(Repo(str(path)) for path in others)]:
        for ids in user.used_objs(**everywhere).values():  # type: ignore[attr-defined]
            names |= {str(entry.value) for entry in ids}
    return names


def sizes(cache: Path) -> dict[str, int]:
    """Every object of a cache with its bytes."""
    folder = cache / "files" / "md5"
    return {f"{path.parent.name}{path.name}": path.stat().st_size for path in folder.glob("*/*") if path.is_file()}
