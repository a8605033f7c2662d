import json

from dashboard.server_state import ServerState


def test_going_and_coming_back_are_news_once_each() -> None:
    state = ServerState(1000)
    assert not state.up(1500)
    assert state.down("refused", 2000)
    assert not state.down("still refused", 2500)
    assert state.up(3000)


def test_the_banner_says_since_when_and_why() -> None:
    state = ServerState(1000)
    state.down("Redis at db:6379 cannot be reached", 2000)
    state.down("Redis at db:6379 did not answer in time", 4000)
    assert json.loads(state.message(5000).payload) == {
        "type": "state",
        "redis": "down",
        "since": 2000,
        "text": "Redis at db:6379 did not answer in time",
        "now": 5000,
    }
