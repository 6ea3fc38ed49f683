"""The state: laws of deploying, rolling back and undeploying."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.runtime.administration.state import (
    MOST_CHANGES,
    MOST_PREVIOUS,
    Author,
    NotDeployedError,
    NothingBeforeError,
    State,
    Version,
)

AUTHOR = Author(who="ada", time="2026-01-01T00:00:00+00:00", why="because")


def version(number: int) -> Version:
    return Version(version=f"{number}.0.0", digest=f"sha256:{number:064x}")


def deployed(*numbers: int) -> State:
    state = State()
    for number in numbers:
        state = state.deploy("a", version(number), AUTHOR)
    return state


def test_a_rollback_brings_what_answered_before_and_one_more_goes_back_further() -> None:
    state = deployed(1, 2, 3)
    state = state.rollback("a", AUTHOR)
    assert state.get("a").bundle == version(2)
    state = state.rollback("a", AUTHOR)
    assert state.get("a").bundle == version(1)
    with pytest.raises(NothingBeforeError):
        state.rollback("a", AUTHOR)


def test_what_is_deployed_again_is_not_what_answered_before_it() -> None:
    state = deployed(1, 2, 1)
    assert state.rollback("a", AUTHOR).get("a").bundle == version(2)
    assert [one.digest for one in state.get("a").previous] == [version(2).digest]


def test_what_is_undeployed_is_remembered() -> None:
    state = deployed(1, 2).undeploy("a", AUTHOR)
    assert state.deployed == {}
    assert state.last("a") == version(2)
    assert state.kept() == {version(2).digest}
    with pytest.raises(NotDeployedError):
        state.get("a")


def test_every_change_says_who_when_why_from_and_to() -> None:
    change = deployed(1, 2).history[-1]
    assert change.number == 2
    assert (change.who, change.time, change.why) == ("ada", AUTHOR.time, "because")
    assert (change.before, change.after) == (version(1), version(2))


def test_a_change_says_whether_an_older_version_was_allowed() -> None:
    allowing = AUTHOR.model_copy(update={"allow_older": True})
    state = deployed(2).deploy("a", version(1), allowing)
    assert [change.allow_older for change in state.history] == [False, True]
    assert ["older allowed" in str(change) for change in state.history] == [False, True]


def test_what_answers_after_a_rollback_is_what_answered_last() -> None:
    assert deployed(1, 2).rollback("a", AUTHOR).last("a") == version(1)


def test_what_the_server_was_started_with_is_told_from_what_was_deployed_since() -> None:
    state = State().deploy("a", version(1), AUTHOR, "serve").deploy("a", version(2), AUTHOR)
    assert state.served("a") == version(1)
    assert state.served("b") is None


@given(st.lists(st.one_of(st.integers(1, 30), st.none()), max_size=60))
def test_what_a_rollback_may_bring_is_kept_and_all_of_it_survives_as_json(steps: list[int | None]) -> None:
    state = State()
    for step in steps:
        if step is not None:
            state = state.deploy("a", version(step), AUTHOR)
        elif "a" in state.deployed and state.get("a").previous:
            state = state.rollback("a", AUTHOR)
    assert State.model_validate_json(state.model_dump_json()) == state
    if "a" in state.deployed:
        found = state.get("a")
        assert len(found.previous) <= MOST_PREVIOUS
        assert state.kept() == {one.digest for one in (found.bundle, *found.previous)}
        assert found.bundle not in found.previous


def test_the_history_is_bounded_and_its_numbers_go_on() -> None:
    state = deployed(*([1, 2] * MOST_CHANGES))
    assert len(state.history) == MOST_CHANGES
    assert state.history[-1].number == 2 * MOST_CHANGES
