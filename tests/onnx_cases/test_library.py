"""Acceptance: what ONNX Runtime answers, the library answers to the bit; what it does not, the library refuses by name."""

from collections import Counter
from pathlib import Path

import pytest

from lading.core.main import main
from tests.onnx_cases.asking import EQUAL, WRONG, Outcome
from tests.onnx_cases.cases import Case

pytestmark = [pytest.mark.cases, pytest.mark.timeout(1200)]

ALL = 1818
"""Cases in the wheel of onnx 1.21.0: 1,678 of single operators, 82 and 35 from PyTorch, 23 of small models."""

LEAST = 1498
"""Of those, the ones that ONNX Runtime 1.31.1 answers as ONNX says, from and in tensors of NumPy's own types."""


def test_every_case_is_equal_or_refused_for_a_reason(
    outcomes: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    counts = Counter(outcome.kind for outcome in outcomes)
    with capsys.disabled():
        print("".join(f"\n{count:5} {kind}" for kind, count in counts.most_common()))
    assert [f"{outcome.case.name}: {outcome.problem}" for outcome in outcomes if outcome.kind == WRONG] == []
    assert len(outcomes) == ALL
    assert counts[EQUAL] >= LEAST


def test_what_was_refused_left_no_bundle_and_what_was_not_is_sound(
    cases: list[Case], outcomes: list[Outcome], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = sorted(folder.iterdir())
    assert [int(path.stem.removeprefix("case-")) for path in written] == [
        number for number, outcome in enumerate(outcomes) if outcome.kind == EQUAL
    ]
    with pytest.raises(SystemExit) as ended:
        main(["verify", *map(str, written)])
    assert ended.value.code in (0, None)
    assert capsys.readouterr().out.count("ok  ") == len(written)
