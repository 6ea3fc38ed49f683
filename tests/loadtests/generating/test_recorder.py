"""The recorder: all that became due is told of once."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lading.loadtests.generating.recorder import UNSENT, Recorder
from lading.loadtests.generating.schedule import Stretch, Timetable
from lading.loadtests.measuring.step import Window, merged

FORMS = ("a", "b", "invalid")


@given(
    rate=st.floats(0.5, 40),
    fates=st.lists(st.sampled_from(["answered", "timeout", UNSENT]), min_size=1, max_size=30),
    delay=st.floats(0, 2.5),
    step=st.integers(1, 3),
)
def test_every_arrival_is_counted_once_where_it_was_due_and_where_it_ended(
    rate: float, fates: list[str], delay: float, step: int
) -> None:
    timetable, start = Timetable([Stretch(seconds=3, rate=rate, rate_after=rate)]), 100.0
    windows: list[Window] = []
    for first in range(step):
        recorder = Recorder(FORMS, timetable, start, first, step)
        for number in range(first, timetable.count, step):
            due, fate = start + timetable.due(number), fates[number % len(fates)]
            windows += recorder.close(due)
            if fate == UNSENT:
                recorder.unsent(number)
            elif fate == "answered":
                recorder.answered(number, due, due + delay / 2, due + delay)
            else:
                recorder.failed(number, fate, due + delay)
        windows += [*recorder.close(start + timetable.seconds), *recorder.rest()]
    expected = Counter(fates[number % len(fates)] for number in range(timetable.count))
    assert sum(window.due for window in windows) == timetable.count
    assert sum(window.latencies.count for window in windows) == expected["answered"]
    assert sum(window.service.count for window in windows) == expected["answered"]
    for kind in ("timeout", UNSENT):
        assert sum(window.failures.get(kind, 0) for window in windows) == expected[kind]
    due_by_form = Counter({form: sum(one.due for one in windows if one.form == form) for form in FORMS})
    assert due_by_form == Counter({form: len(range(place, timetable.count, 3)) for place, form in enumerate(FORMS)})
    assert [(one.second, one.form) for one in merged(windows)] == sorted({(one.second, one.form) for one in windows})


def test_nothing_that_is_due_after_the_end_counts() -> None:
    recorder = Recorder(FORMS, Timetable([Stretch(seconds=10, rate=2, rate_after=2)]), 0.0)
    recorder.end(1.0)
    assert sum(window.due for window in (*recorder.close(9.0), *recorder.rest())) == 2
