"""What waits is bounded, comes out in order, and nobody waits to put something in."""

from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from lading.runtime.requests.waiting import Waiting


@given(st.lists(st.integers(0, 50), max_size=30))
def test_what_is_taken_in_comes_out_in_order_and_the_bounds_hold(sizes: list[int]) -> None:
    waiting = Waiting[int](10, 100)
    taken = [number for number, size in enumerate(sizes) if waiting.put(number, size)]
    assert len(taken) <= 10
    assert sum(sizes[number] for number in taken) <= 100
    waiting.close()
    assert not waiting.put(0, 0)
    assert [waiting.take() for _ in taken] == taken
    assert waiting.take() is None


def test_room_comes_back() -> None:
    waiting = Waiting[str](2, 10)
    assert waiting.put("large", 10)
    assert not waiting.put("small", 1)
    assert waiting.take() == "large"
    assert waiting.put("small", 1)


def test_who_takes_waits_for_what_comes_and_for_the_end() -> None:
    waiting, found = Waiting[str](2, 10), list[str | None]()
    thread = Thread(target=lambda: found.extend([waiting.take(), waiting.take()]))
    thread.start()
    waiting.put("one", 1)
    waiting.close()
    thread.join(20)
    assert found == ["one", None]
