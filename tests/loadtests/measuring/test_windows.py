"""Windows of several processes, as one."""

from lading.loadtests.measuring.latencies import gathered
from lading.loadtests.measuring.step import Window, merged


def test_windows_of_one_second_and_form_become_one() -> None:
    first = Window(second=1, form="a", due=3, latencies=gathered({5: 2}), service=gathered({4: 2}), failures={"503": 1})
    second = Window(second=1, form="a", due=4, latencies=gathered({5: 1, 6: 1}), failures={"503": 1, "timeout": 1})
    other, earlier = first.model_copy(update={"form": "b"}), first.model_copy(update={"second": 0})
    both = Window(
        second=1,
        form="a",
        due=7,
        latencies=gathered({5: 3, 6: 1}),
        service=gathered({4: 2}),
        failures={"503": 2, "timeout": 1},
    )
    assert merged([first, other, second, earlier]) == (earlier, both, other)
    assert merged([]) == ()
