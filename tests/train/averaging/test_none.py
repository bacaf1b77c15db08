"""The plain case."""

from tasks.train.averaging.none import Nothing
from tests.train.steps import learner


def test_the_network_itself_is_shown():
    state = learner().state
    assert Nothing().build(state.network) is None
    assert state.shown is state.network
