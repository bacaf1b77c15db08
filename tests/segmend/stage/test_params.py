"""params.yaml is checked to the last key, and mistakes come back as sentences."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from segmend.stage import params
from segmend.stage.params import Method, Settings, one_of


class Plain(Method):
    name: Literal["plain"] = "plain"


class Power(Method):
    name: Literal["power"] = "power"
    q: Annotated[float, Field(gt=0, le=1)] = 0.7


class Section(Settings):
    loss: one_of(Plain, Power)
    steps: Annotated[int, Field(ge=1)] = 10


def section(block):
    return params.check(Section, block, "train")


def test_a_method_is_chosen_by_name_with_its_block():
    assert section({"loss": {"name": "power", "power": {"q": 0.5}}}).loss == Power(q=0.5)
    assert section({"loss": {"name": "power"}}).loss.q == 0.7


def test_blocks_of_other_methods_may_stay_and_are_checked():
    assert section({"loss": {"name": "plain", "power": {"q": 0.5}}}).loss == Plain()
    with pytest.raises(ValueError, match=r"train\.loss: power\.q must be at most 1 \(it is 3\)"):
        section({"loss": {"name": "plain", "power": {"q": 3}}})


@pytest.mark.parametrize(
    "block, words",
    [
        ({"loss": {"name": "gauss"}}, "unknown method 'gauss'; known: plain, power"),
        ({"loss": {"q": 1}}, "one of: plain, power"),
        ({"loss": {"name": "plain", "q": 1}}, "unknown key 'q'"),
        ({"loss": {"name": "plain"}, "step": 1}, "train.step is not a known setting"),
        ({"loss": {"name": "plain"}, "steps": 0}, r"train.steps must be at least 1 \(it is 0\)"),
    ],
)
def test_mistakes_come_back_as_sentences(block, words):
    with pytest.raises(ValueError, match=words):
        section(block)


def test_scientific_numbers_are_numbers(tmp_path):
    (tmp_path / "params.yaml").write_text("train: {lr: 1e-3}\n")
    assert params.load(tmp_path / "params.yaml")["train"]["lr"] == 0.001


def test_methods_of_lists_the_classes():
    assert params.methods_of(one_of(Plain, Power)) == (Plain, Power)
    assert params.methods_of(one_of(Plain)) == (Plain,)


def test_departures_are_chosen_methods_and_what_differs_from_the_defaults():
    assert params.departures(section({"loss": {"name": "plain"}})) == {"loss.name": "plain"}
    found = params.departures(section({"loss": {"name": "power", "power": {"q": 0.5}}, "steps": 7}))
    assert found == {"loss.name": "power", "loss.power.q": 0.5, "steps": 7}
