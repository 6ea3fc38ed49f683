"""The corpus: everything that was ever answered wrongly is answered rightly, and so is what is much like it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bundles.fuzz.targets import CORPUS, TARGETS

INPUTS = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


def test_every_target_has_a_corpus() -> None:
    assert {path.parent.name for path in INPUTS} == set(TARGETS)


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_is_answered_rightly(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@settings(max_examples=100)
@given(
    path=st.sampled_from(INPUTS),
    edits=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 4), st.binary(max_size=8)), max_size=6),
)
def test_what_is_like_it_is_answered_rightly(path: Path, edits: list[tuple[int, int, bytes]]) -> None:
    data = path.read_bytes()
    for place, length, put in edits:
        at = place % (len(data) + 1)
        data = data[:at] + put + data[at + length :]
    TARGETS[path.parent.name](data)


@settings(max_examples=50)
@given(name=st.sampled_from(sorted(TARGETS)), data=st.binary(max_size=500))
def test_any_bytes_are_answered_rightly(name: str, data: bytes) -> None:
    TARGETS[name](data)
