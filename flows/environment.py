"""Where the workspace is, and the environment that every process of the project runs in.

Machine matters (device, tracking address, servers) live in the environment; segmend.env holds the shipped defaults.
"""

import os
import re
from pathlib import Path

SHIPPED = Path(__file__).with_name("segmend.env")
OFFLINE = ("SEGMEND_OFFLINE", "HF_HUB_OFFLINE")


SECRET = re.compile(r"(PASSWORD|TOKEN|SECRET|API_KEY|ACCESS_KEY|WEBHOOK)", flags=re.IGNORECASE)


class UserError(ValueError):
    """A mistake that the user can correct. The command line shows its one sentence and exits 2, without a traceback."""


def shipped_settings() -> dict[str, str]:
    """The name=value lines of segmend.env."""
    lines = (line.strip() for line in SHIPPED.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def apply(root: Path) -> None:
    """Set the shipped defaults, and keep Prefect's files inside the workspace. What the user has set stays.

    One folder for Prefect means that the flow and `segmend ui --prefect` share a data base, and that a profile
    in the home folder of somebody who also uses Prefect elsewhere does not send these runs there.
    """
    for name, value in shipped_settings().items():
        os.environ.setdefault(name, value)
    home = root / ".work" / "prefect"
    if os.environ.setdefault("PREFECT_HOME", str(home)) == str(home):
        home.mkdir(parents=True, exist_ok=True)  # Prefect makes only the last folder of it


def find_root(start: Path) -> Path:
    """The nearest folder from `start` upwards that holds dvc.yaml and params.yaml; raises UserError if there is none."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / "dvc.yaml").is_file() and (folder / "params.yaml").is_file():
            return folder
    raise UserError(
        f"{start} is not in a segmend workspace: no dvc.yaml and params.yaml there or above; go to one, "
        "or make one with `segmend new DIR`."
    )


def enter(check: bool = True, any_rounds: bool = False) -> Path:
    """The workspace around the current folder, with its environment; the current folder becomes its root.

    `check` refuses a params.yaml with mistakes before anything is done; `any_rounds` lets a broken chain of rounds pass.
    """
    root = find_root(Path.cwd())
    os.chdir(root)
    apply(root)
    if check:
        from flows.files.params_check import check_params

        check_params(root, any_rounds=any_rounds)
    return root


def tracking_uri(root: Path) -> str:
    """Where MLflow keeps the runs: a file in the workspace unless MLFLOW_TRACKING_URI names another place."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"


def machine(device: str, precision: str, workers: int | None, offline: bool = False) -> dict[str, str]:
    """The variables for what must not change a result's key; "auto", and offline not asked for, leave what the environment says.

    Offline is said to our labellers and to the hub's own library, through which networks fetch their initial weights.
    """
    chosen = {"SEGMEND_DEVICE": device, "SEGMEND_PRECISION": precision, "SEGMEND_WORKERS": str(workers or "auto")}
    chosen |= dict.fromkeys(OFFLINE, "1" if offline else "auto")
    return {name: value for name, value in chosen.items() if value != "auto"}


def without_secrets(text: str) -> str:
    """The text with *** for passwords in addresses (user:password@host, ?token=...) and for the values of variables that hold secrets."""
    text = re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)
    text = re.sub(r"([?&][\w-]*(?:token|key|password|secret)[\w-]*=)[^&\s]+", r"\1***", text, flags=re.IGNORECASE)
    for name, value in os.environ.items():
        if len(value) >= 6 and SECRET.search(name):
            text = text.replace(value, "***")
    return text


def disk_full(error: OSError) -> str:
    """The sentence for a disk or quota that is full."""
    path = str(error.filename or error.filename2 or os.getcwd())
    return f"The disk is full: {path} could not be written. Free space and run again; what was finished is kept."
