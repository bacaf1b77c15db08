"""What a run will make, by what was made before and by the pixels of the data set; and the remark where it does not fit."""

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from flows.engine.disk_space import NETWORK, PER_PIXEL, estimate, remark
from flows.engine.plan import Plan, Stage
from flows.engine.runner import Runner
from tests.flows.engine.test_runner import run


def stale(*names):
    return Plan({name: Stage(name, why=("never ran",)) for name in names} | {"fresh": Stage("fresh")})


def lock(root, **sizes):
    stages = {name: {"outs": [{"path": f"data/{name}", "size": size}]} for name, size in sizes.items()}
    YAML().dump({"stages": stages}, root / "dvc.lock")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "params.yaml").write_text("ingest: {data: cells}\n")
    return tmp_path


def test_a_stage_needs_what_it_needed_or_what_another_round_did(root):
    lock(root, **{"ingest": 100, "query@r1": 30, "query@r2": 50, "fresh": 7})
    assert estimate(root, stale("ingest", "query@r2", "query@r3")) == 100 + 50 + 50


def test_by_the_pixels_of_a_raw_folder_then_of_the_data_set(root):
    (root / "data/raw/cells/deep").mkdir(parents=True)
    for k in range(50):
        Image.fromarray(np.zeros((30, 40), np.uint8)).save(root / f"data/raw/cells/deep/{k}.png")
    (root / "data/raw/cells/torn.png").write_bytes(b"no picture")
    (root / "data/raw/cells/notes.txt").write_text("50 images")
    assert estimate(root, stale("ingest", "train@r0")) == PER_PIXEL["ingest"] * 51 * 1200 + NETWORK
    (root / "data/dataset").mkdir()
    (root / "data/dataset/samples.csv").write_text("id,height,width\na,10,20\nb,10,30\n")
    assert estimate(root, stale("query@r1")) == PER_PIXEL["query"] * 500


def test_the_remark_comes_only_where_it_does_not_fit(root):
    lock(root, ingest=100)
    assert remark(root, stale("ingest")) == ""
    lock(root, ingest=10**18)
    assert "makes about 1000000000.0 GB, but only" in remark(root, stale("ingest"))


def test_a_run_says_it_once_and_goes_on(toy):
    run(toy)
    content = YAML().load(toy / "dvc.lock")
    content["stages"]["left"]["outs"][0]["size"] = 10**18
    YAML().dump(content, toy / "dvc.lock")
    (toy / "params.yaml").write_text("x: 1\ny: 2\n")
    remarks: list[str] = []
    with Runner(toy, say=remarks.append) as runner:
        outcomes = runner.run_all(runner.plan())
    assert len(remarks) == 1 and "segmend gc" in remarks[0]
    assert {outcome.what for outcome in outcomes.values()} == {"Completed", "Cached"}
