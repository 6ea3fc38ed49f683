"""Rows of the small bundles, as hypothesis draws them: all of them are answered."""

from typing import Any

from hypothesis import strategies as st

Rows = list[dict[str, Any]]

REAL = st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6)
NUMBER = REAL | st.integers(-1000, 1000)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["heavy", "a: b", '"', "\\u003a", "true"])

PENGUIN = st.fixed_dictionaries(
    {
        "mass": NUMBER,
        "year": st.integers(-(2**53), 2**53) | st.integers(-9, 9).map(float),
        "tagged": st.booleans(),
        "island": st.sampled_from(["Biscoe", "Dream", "Torgersen"]),
        "band": st.integers(-5, 5),
    },
    optional={
        "bill length": st.none() | NUMBER,
        "eggs": st.none() | st.integers(0, 9),
        "moulting": st.none() | st.booleans(),
        "note": st.none() | TEXT,
        "seen": st.none() | TEXT,
    },
)
COIN = st.fixed_dictionaries({}, optional={"weight": st.none() | NUMBER, "width": st.none() | NUMBER})
COUNT = st.fixed_dictionaries(
    {"count": st.integers(-(2**53), 2**53) | st.integers(-9, 9).map(float), "flag": st.booleans()},
    optional={"level": st.none() | NUMBER},
)
CELL = st.fixed_dictionaries({f"x{index}": NUMBER for index in range(4)})
IMAGE = st.fixed_dictionaries(
    {
        "pixels": st.lists(st.lists(NUMBER, min_size=4, max_size=4), min_size=3, max_size=3),
        "shift": st.integers(-128, 127),
        "caption": TEXT,
    }
)


@st.composite
def mosaics(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Calls of one shape; a list of nothing does not say what it would hold."""
    height, width, marks = draw(st.tuples(*[st.integers(0, 3)] * 2, st.integers(1, 3)))

    def lists(values: st.SearchStrategy[Any], length: int) -> st.SearchStrategy[Any]:
        return st.lists(values, min_size=length, max_size=length)

    call = st.fixed_dictionaries(
        {
            "pixels": lists(lists(st.none() | NUMBER, width), height),
            "shift": NUMBER,
            "marks": lists(st.integers(-(2**63), 2**63 - 1), marks),
            "captions": lists(lists(TEXT, 1), 2),
            "nothing": st.just([[]] * height),
        }
    )
    return draw(st.lists(call, max_size=5))


ROWS = st.one_of(
    *(
        st.tuples(st.just(name), st.lists(row, max_size=5))
        for name, row in (("penguins", PENGUIN), ("coins", COIN), ("counts", COUNT), ("cells", CELL), ("images", IMAGE))
    )
)
CALLS = st.tuples(st.just("mosaics"), mosaics())
