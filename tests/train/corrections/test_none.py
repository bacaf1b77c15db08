"""Labels as they are."""

from tasks.train.corrections.none import Nothing


def test_it_corrects_nothing():
    assert not Nothing().corrects
