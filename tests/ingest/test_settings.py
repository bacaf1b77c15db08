"""No value of params.yaml reaches a shell in a form that it could take apart."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmend.stage.params import load, validated
from tasks.ingest.settings import Params

SAFE = re.compile(r"\w[\w.-]*")


@given(st.text(max_size=12))
def test_names_of_data_sets_are_words(name):
    block = {"data": name, "format": {"name": "toy"}}
    if SAFE.fullmatch(name):
        assert validated(Params, block, "ingest").data == name
    else:
        with pytest.raises(ValueError, match=r"ingest\.data"):
            validated(Params, block, "ingest")


def test_free_text_is_quoted_in_every_command_of_dvc_yaml():
    """Variables of the loops are keys of params.yaml and budgets; all others stand in single quotes."""
    for name, stage in load("dvc.yaml")["stages"].items():
        for command in [stage.get("do", stage)["cmd"]]:
            bare = re.sub(r"'[^']*'", "", command)
            for variable in re.findall(r"\$\{([\w.]+)\}", bare):
                assert variable in ("key", "last", "item.prev", "item.budget", "train.start", "pseudo_label.network"), (
                    name,
                    variable,
                )


def test_the_command_of_ingest_names_its_folder_in_quotes():
    assert "'data/raw/${ingest.data}'" in Path("dvc.yaml").read_text()
