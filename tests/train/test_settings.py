"""The section `train` of params.yaml."""

import pytest

from segmend.stage.params import validated
from tasks.train.settings import Params


def test_defaults_are_in_order():
    settings = Params()
    assert settings.network.name == "unet"
    assert [one.name for one in settings.augmentations] == ["flip", "crop"]


def test_augmentations_are_a_list_of_methods():
    given = {"augmentations": [{"name": "rotate90"}, {"name": "crop", "crop": {"height": 64, "width": 32}}]}
    settings = validated(Params, given, "train")
    assert settings.augmentations[1].width == 32
    with pytest.raises(ValueError, match="unknown method 'flop'"):
        validated(Params, {"augmentations": [{"name": "flop"}]}, "train")


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch": 0}, {"use": "first"}, {"learning_rate": 1}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=f"train.{next(iter(wrong))}"):
        validated(Params, wrong, "train")
