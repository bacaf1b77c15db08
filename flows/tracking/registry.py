"""The registered network of a workspace in MLflow: its versions, and the aliases challenger (newest), champion (promoted) and
previous (the champion before, for `segmend rollback`)."""

import tempfile
import warnings
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

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
CHALLENGER = "challenger"


@may_be_unavailable
def register(store: Store, model: Path, md5: str, run: str) -> str:
    """The network as the next version of the registered model, alias challenger, once per content. Returns the version; of a
    content that was registered before, that one's (the alias moves to it)."""
    known = store.client.search_model_versions(f"name = '{store.name}'")
    same = next((v for v in known if v.tags.get("segmend.md5") == md5), None)
    if same is None:
        with tempfile.TemporaryDirectory() as folder:
            save_pyfunc(model, store.root / "segmend", Path(folder) / "network")
            store.client.log_artifacts(run, str(Path(folder) / "network"), "network")
        if not store.client.search_registered_models(f"name = '{store.name}'"):
            store.client.create_registered_model(
                store.name, description="Networks trained by Segmend on this data set."
            )
        source = f"{store.client.get_run(run).info.artifact_uri}/network"
        same = store.client.create_model_version(store.name, source, run, tags={"segmend.md5": md5})
    store.client.set_registered_model_alias(store.name, CHALLENGER, str(same.version))
    return str(same.version)


def save_pyfunc(model: Path, code: Path, target: Path) -> None:
    """An MLflow model of any image size: RGB uint8 (batch, height, width, 3) in, class ids uint8 (batch, height, width) out.

    The loader is named, not imported, and the requirements are given, not inferred: the flow never loads torch.
    """
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import save_model
    from mlflow.types import Schema, TensorSpec

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
            yield f"{name}=={version(name)}"
        except PackageNotFoundError:  # an extra that this machine does without
            continue
