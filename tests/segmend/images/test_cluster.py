"""Per-image stages on a Dask cluster of two local workers give what one process gives, byte for byte."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from segmend.images import parallel
from segmend.stage.params import load, validated
from tasks.superpixelize.__main__ import superpixelize
from tasks.superpixelize.settings import Params
from tests import toys

pytestmark = pytest.mark.slow
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A workspace, and the address of a scheduler whose workers were started in it, as docs/operating.md says."""
    root, before = tmp_path_factory.mktemp("cluster"), Path.cwd()
    os.chdir(root)
    try:
        with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made:
            yield root, made.scheduler_address
    finally:
        os.chdir(before)


def worker_of(number: int) -> tuple[int, int]:
    return number, os.getpid()


def test_the_work_goes_to_both_workers_and_comes_back_in_order(cluster: tuple[Path, str], monkeypatch):
    monkeypatch.setenv("SEGMEND_CLUSTER", cluster[1])
    found = list(parallel.map_images(worker_of, list(range(40))))
    assert [number for number, _ in found] == list(range(40))
    assert len({pid for _, pid in found}) == 2 and os.getpid() not in {pid for _, pid in found}


def test_a_stage_writes_the_same_bytes(cluster: tuple[Path, str], monkeypatch):
    root, address = cluster
    toys.leaves(root)
    params = validated(Params, load()["superpixelize"], "superpixelize")
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    alone = superpixelize.stage(params, 0, dataset=root / "dataset", truth=root / "truth", out=root / "alone")
    shutil.rmtree(root / ".work")
    monkeypatch.setenv("SEGMEND_CLUSTER", address)
    shared = superpixelize.stage(params, 0, dataset=root / "dataset", truth=root / "truth", out=root / "shared")
    assert alone == shared and toys.digests(root / "alone") == toys.digests(root / "shared")
