"""The state of each stage according to DVC: fresh or stale and why, in DVC's own order. Only this file and runner.py know dvc.

The graph is DVC's (`Repo.index.graph`), the freshness is DVC's; nothing here is a second opinion. Each call opens its
own Repo, because a Repo shared by threads breaks; calls in one process are serialised, because waiting for DVC's lock is
polled every half second.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from flows.environment import UserError

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml. `why` is empty when it is fresh; `upstream` are the names it waits for."""

    name: str
    why: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def fresh(self) -> bool:
        return not self.why

    @property
    def only_upstream(self) -> bool:
        """Nothing of its own has changed: it is fresh after all if what it waits for comes out the same."""
        return bool(self.why) and all(reason.startswith("after ") for reason in self.why)


@dataclass(frozen=True)
class Plan:
    """The stages in the order in which `dvc repro` would take them."""

    stages: dict[str, Stage]

    @property
    def stale(self) -> list[Stage]:
        return [stage for stage in self.stages.values() if not stage.fresh]

    def select(self, target: str | None) -> "Plan":
        """Only `target` (a stage, or `train` for all of its rounds) and what it needs; all for None."""
        if target is None:
            return self
        wanted = set(self.names(target))
        for name in reversed(self.stages):
            if name in wanted:
                wanted.update(self.stages[name].upstream)
        return Plan({name: stage for name, stage in self.stages.items() if name in wanted})

    def names(self, target: str) -> list[str]:
        """The stages that an argument of the command line names; raises UserError with the known ones."""
        names = [name for name in self.stages if name == target or name.split("@")[0] == target]
        if not names:
            raise UserError(f"dvc.yaml has no stage '{target}'; it has: {', '.join(self.stages)}.")
        return names

    def force(self, targets: Iterable[str]) -> "Plan":
        """The plan if these stages were stale."""
        forced = {name for target in targets for name in self.names(target)}
        stages = {n: replace(s, why=("forced", *s.why)) if n in forced else s for n, s in self.stages.items()}
        return Plan(_with_downstream(stages))


def _with_downstream(stages: dict[str, Stage]) -> dict[str, Stage]:
    """Adds `after X` to every stage with a stale stage X right before it. Expects DVC's order: what is needed first."""
    done: dict[str, Stage] = {}
    for name, stage in stages.items():
        own = tuple(reason for reason in stage.why if not reason.startswith("after "))
        done[name] = replace(stage, why=own + tuple(f"after {u}" for u in stage.upstream if not done[u].fresh))
    return done


@contextmanager
def opened(root: Path) -> Iterator[Any]:
    """This thread's own Repo, with DVC's lock held; what DVC refuses in the files becomes a UserError."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo, lock_repo

    with _one_at_a_time:
        try:
            repo = Repo(str(root), _wait_for_lock=True)
            try:
                with lock_repo(repo):
                    yield repo
            finally:
                repo.close()
        except DvcException as error:
            raise UserError(f"DVC cannot read this workspace: {_whole_message(error)}") from error
        except FileNotFoundError as error:
            if not os.path.islink(error.filename or ""):
                raise
            raise UserError(
                f"{os.path.relpath(error.filename, root)} is a link that leads nowhere (was DVC's cache moved or deleted?): bring back what "
                "it led to, or remove the link and run again."
            ) from error


def _whole_message(error: BaseException | None) -> str:
    """DVC's errors say what went wrong and keep where in their causes."""
    messages = []
    while error is not None:
        messages.append(" ".join(str(error).split()).rstrip("."))
        error = error.__cause__
    return ": ".join(dict.fromkeys(messages)) + "."


def name_of(stage: Any, root: Path) -> str:
    """As on the command line in the root folder, whatever the current folder is."""
    file = os.path.relpath(stage.path, root)
    name = getattr(stage, "name", None)
    return file if name is None else name if file == "dvc.yaml" else f"{file}:{name}"


def _in_order(repo: Any, root: Path) -> tuple[list[Any], Any]:
    """The stages and the graph that a plain `dvc repro` works on; a frozen stage waits for nothing."""
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    graph = get_active_graph(repo.index.graph)
    return plan_repro(graph, collect_stages(repo, [str(root / "dvc.yaml")])), graph


def _find(repo: Any, root: Path, name: str) -> Any:
    file, _, inside = name.rpartition(":")
    if not inside.endswith(".dvc"):
        return repo.stage.load_one(str(root / (file or "dvc.yaml")), inside)
    return next(stage for stage in _in_order(repo, root)[0] if name_of(stage, root) == name)


def _hash_once(stages: Iterable[Any]) -> None:
    """Let stages share the hashes of paths while DVC's lock is held; DVC by itself goes through a folder once for every reader."""
    from dvc.dependency.base import Dependency
    from dvc.output import Output

    known: dict[tuple[str, str], Any] = {}

    def shared(path: str, algorithm: str, get_hash: Callable[[], Any]) -> Any:
        if (path, algorithm) not in known:
            known[path, algorithm] = get_hash()
        return known[path, algorithm]

    for stage in stages:
        for entry in (*stage.deps, *stage.outs):
            if type(entry) in (
                Dependency,
                Output,
            ):  # files and folders; params and other kinds have hashes of their own
                entry.get_hash = partial(shared, str(entry.fs_path), entry.hash_name, entry.get_hash)


def read_plan(root: Path) -> Plan:
    """One pass over the whole graph: 0.03 to 0.08 s per stage."""
    with opened(root) as repo:
        order, graph = _in_order(repo, root)
        _hash_once(order)
        stages = {}
        for stage in order:
            name = name_of(stage, root)
            stages[name] = Stage(
                name=name,
                why=tuple(_reasons(stage)),
                upstream=tuple(name_of(other, root) for other in graph.successors(stage)),
                outs=tuple(os.path.relpath(str(out.fs_path), root) for out in stage.outs),
                meta=dict(stage.meta or {}),
            )
        return Plan(_with_downstream(stages))


def _reasons(stage: Any) -> Iterator[str]:
    """DVC's status of one stage in words."""
    from dvc.lock import LockError

    try:
        (entries,) = stage.status().values() or ([],)
    except LockError:  # its files are in use: another process is at it this moment
        yield "running now"
        return
    if stage.deps and all(not dep.hash_info for dep in stage.deps) and not stage.frozen:
        yield "never ran"
        return
    for entry in entries:
        if isinstance(entry, str):
            yield "changed command" if entry == "changed checksum" else entry
            continue
        for kind, changes in entry.items():
            files, params = [], []
            for path, state in changes.items():
                if isinstance(state, dict):
                    params += list(state)
                else:
                    files.append(path if state == "modified" else f"{path} ({state})")
            if params:
                yield f"changed params: {', '.join(params)}"
            if files:
                yield f"{kind}: {', '.join(files)}"


def is_stale(root: Path, name: str) -> bool:
    """Look again at one stage, after what it waits for has run."""
    with opened(root) as repo:
        return bool(_find(repo, root, name).changed())


def can_restore(root: Path, name: str) -> bool:
    """Whether DVC will take a stale stage from its run-cache instead of running it, as far as one can know before.

    Asked only to decide whether a tracking run is to be made; what happened is read from DVC's messages.
    """
    from dvc.stage.cache import RunCacheNotFoundError

    with opened(root) as repo:
        stage = _find(repo, root, name)
        if stage.frozen or not stage.cmd or any(not dep.exists for dep in stage.deps):
            return False
        try:
            if stage.changed_stage() or not stage.deps_cached():
                stage.save_deps()
                for out in stage.outs:  # else DVC takes the outputs of the last run for those of the new inputs
                    out.hash_info = type(out.hash_info)(None, None)
            repo.stage_cache.restore(stage, dry=True)
        except RunCacheNotFoundError:
            return False
        return True
