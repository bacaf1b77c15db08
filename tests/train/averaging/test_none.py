"""The plain case."""

from tasks.train.averaging.none import Nothing
from tests.train.steps import train_step


def test_the_network_itself_is_shown():
    state = train_step().state
    assert Nothing().build(state.network) is None
    assert state.shown is state.network
