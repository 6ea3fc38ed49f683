"""Ctrl-C: once it was pressed it is heeded, unless somebody else takes care of it."""

import signal
from contextlib import suppress
from threading import Thread

import pytest

from lading.core.interrupts import heeding


def lose() -> None:
    """An interrupt that somebody swallows."""
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_got_lost_is_raised_when_it_is_asked_for() -> None:
    with heeding() as heed:
        heed()
        lose()
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                heed()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_that_does_not_get_lost_is_raised_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), heeding():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_ignores_interrupts_or_hears_them_goes_on_doing_so() -> None:
    heard: list[int] = []

    def hear(number: int, _frame: object) -> None:
        heard.append(number)

    try:
        for handler in (signal.SIG_IGN, hear):
            signal.signal(signal.SIGINT, handler)
            with heeding() as heed:
                signal.raise_signal(signal.SIGINT)
                heed()
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert heard == [signal.SIGINT]


def test_another_thread_than_the_main_one_is_left_alone() -> None:
    def look() -> None:
        with heeding() as heed:
            heed()
            found.append(signal.getsignal(signal.SIGINT))

    found: list[object] = []
    thread = Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
