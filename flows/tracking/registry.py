"""The registered network of a workspace in MLflow: its versions, and the aliases challenger (the newest) and champion (the
promoted one; each names the champion before it, so that `segmend rollback` finds the way back)."""

import tempfile
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mlflow.exceptions import MlflowException

from flows.tracking.mlflow_store import Store, may_be_unavailable

SERVING = (
    "mlflow",
    "numpy",
    "torch",
    "torchvision",
    "segmentation_models_pytorch",
    "transformers",
    "pillow",
    "safetensors",
    "pydantic",
    "ruamel.yaml",
    "jaxtyping",
)  # what segmend.network.pyfunc needs to load and run a network
CHALLENGER, CHAMPION = "challenger", "champion"  # aliases: the newest network, and the promoted one
BEFORE, MD5 = "segmend.champion_before", "segmend.md5"  # tags of a version


@may_be_unavailable
def register(store: Store, model: Path, md5: str, run: str) -> str:
    """The network as the next version of the registered model, alias challenger, once per content. Returns the version; of a
    content that was registered before, that one's (the alias moves to it)."""
    known = store.client.search_model_versions(f"name = '{store.name}'")
    same = next((v for v in known if v.tags.get(MD5) == md5), None)
    if same is None:
        with tempfile.TemporaryDirectory() as folder:
            save_pyfunc(model, store.root / "segmend", Path(folder) / "network")
            store.client.log_artifacts(run, str(Path(folder) / "network"), "network")
        if not store.client.search_registered_models(f"name = '{store.name}'"):
            store.client.create_registered_model(
                store.name, description="Networks trained by Segmend on this data set."
            )
        source = f"{store.client.get_run(run).info.artifact_uri}/network"
        same = store.client.create_model_version(store.name, source, run, tags={MD5: md5})
    store.client.set_registered_model_alias(store.name, CHALLENGER, str(same.version))
    return str(same.version)


class Version(NamedTuple):
    """A registered network: its version, DVC's hash of its folder, the version that was champion before it."""

    number: str
    md5: str
    before: str
    source: str


def _version(made: Any) -> Version:
    return Version(str(made.version), made.tags.get(MD5, ""), made.tags.get(BEFORE, ""), made.source)


@may_be_unavailable
def champion(store: Store) -> Version | None:
    """The promoted network; None before the first promotion."""
    try:
        return _version(store.client.get_model_version_by_alias(store.name, CHAMPION))
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):  # no such model, no such alias
            return None
        raise


@may_be_unavailable
def version(store: Store, number: str) -> Version:
    return _version(store.client.get_model_version(store.name, number))


@may_be_unavailable
def crown(store: Store, number: str, before: str | None, sentence: str) -> None:
    """Make a version the champion; `before` (None: keep what stands there) is where a rollback leads."""
    if before is not None:
        store.client.set_model_version_tag(store.name, number, BEFORE, before)
    store.client.set_model_version_tag(store.name, number, "segmend.promotion", sentence)
    store.client.set_registered_model_alias(store.name, CHAMPION, number)


@may_be_unavailable
def fetch(store: Store, found: Version, folder: Path) -> Path:
    """The network of a version, as the stage train wrote it, below `folder`."""
    from mlflow.artifacts import download_artifacts

    local = Path(download_artifacts(artifact_uri=found.source, dst_path=str(folder), tracking_uri=store.uri))
    return next(path.parent for path in sorted((local / "data").rglob("config.json")))


def save_pyfunc(model: Path, code: Path, target: Path) -> None:
    """An MLflow model of any image size: RGB uint8 (batch, height, width, 3) in, class ids uint8 (batch, height, width) out.

    The loader is named, not imported, and the requirements are given, not inferred: the flow never loads torch.
    """
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import save_model
    from mlflow.types import Schema, TensorSpec

    # Else it reads the files of all installed packages, over a second, to warn of requirements that differ from what is installed.
    environment: Any = import_module("mlflow.utils.environment")
    environment.warn_dependency_requirement_mismatches = lambda requirements: None

    byte = np.dtype("uint8")
    signature = ModelSignature(
        inputs=Schema([TensorSpec(byte, (-1, -1, -1, 3))]), outputs=Schema([TensorSpec(byte, (-1, -1, -1))])
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input example was not provided")  # the signature is given
        save_model(
            str(target),
            loader_module="segmend.network.pyfunc",
            data_path=str(model),
            code_paths=[str(code)],
            signature=signature,
            pip_requirements=list(installed(SERVING)),
        )


def installed(names: tuple[str, ...]) -> Iterator[str]:
    """The requirements as installed here, without importing them."""
    for name in names:
        try:
            yield f"{name}=={installed_version(name)}"
        except PackageNotFoundError:  # an extra that this machine does without
            continue
