"""What a manifest says, in words."""

import pytest

from lading.bundles.parity import OutputParity, Parity, Tolerance
from lading.bundles.profile import ColumnProfile, Quantile
from lading.bundles.provenance import Code
from lading.bundles.signature import Field, Output, Range, Signature, Tensor
from lading.runtime.page import words


def signature(*outputs: Output) -> Signature:
    return Signature(
        form="array",
        fields=(Field(name="x", type="number", dtype="float64"),),
        inputs=(Tensor(name="X", dtype="float32", shape=("N", 1)),),
        outputs=outputs,
    )


def label(*classes: str | bool | int, of: str | None = None) -> Output:
    tensor = Tensor(name="label" if of is None else f"label_{of}", dtype="string", shape=("N",))
    return Output(tensor=tensor, meaning="label", classes=classes, targets=None if of is None else (of,))


def value(*targets: str) -> Output:
    tensor = Tensor(name="variable", dtype="float32", shape=("N", max(1, len(targets))))
    return Output(tensor=tensor, meaning="value", targets=targets if targets else None)


def tensor(name: str) -> Output:
    return Output(tensor=Tensor(name=name, dtype="float32", shape=("N", 3)), meaning="tensor")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        pytest.param(7, "7", id="an integer"),
        pytest.param(2007, "2007", id="a year is not grouped"),
        pytest.param(25_000, "25,000", id="thousands are grouped"),
        pytest.param(2007.0, "2007", id="a whole float"),
        pytest.param(0.123456789, "0.12346", id="five digits of a fraction"),
        pytest.param(12345.678, "12,345.7", id="one digit of a large one"),
        pytest.param(1e300, "1e+300", id="huge"),
        pytest.param(-0.5, "-0.5", id="negative"),
    ],
)
def test_numbers(given: float, written: str) -> None:
    assert words.number(given) == written


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        pytest.param(0, 0, "0 %", id="of nothing"),
        pytest.param(0, 5, "0.0 %", id="none"),
        pytest.param(1, 100_000, "< 0.1 %", id="few are not none"),
        pytest.param(99_999, 100_000, "> 99.9 %", id="nearly all are not all"),
        pytest.param(5, 5, "100.0 %", id="all"),
        pytest.param(1, 3, "33.3 %", id="a third"),
    ],
)
def test_shares(part: int, whole: int, written: str) -> None:
    assert words.share(part, whole) == written


@pytest.mark.parametrize(
    ("outputs", "target", "task", "kind"),
    [
        pytest.param(
            (label("a", "b"),), "species", "Predicts species: a or b", "Classification · 2 classes", id="classes"
        ),
        pytest.param(
            (label(False, True),), None, "Predicts a class: false or true", "Classification · 2 classes", id="b"
        ),
        pytest.param(
            (label(*"abcdefgh"),),
            None,
            "Predicts a class: a, b, c, d, e, f and 2 more",
            "Classification · 8 classes",
            id="many classes",
        ),
        pytest.param(
            (label("a", "b", of="rain"), label("c", "d", of="wind")),
            None,
            "Predicts rain and wind",
            "Classification · 2 labels",
            id="several labels",
        ),
        pytest.param(
            (label("a", "b", of="0"), label("c", "d", of="1")),
            None,
            "Predicts 2 labels",
            "Classification · 2 labels",
            id="several labels without names",
        ),
        pytest.param((value(),), "price", "Predicts price", "Regression", id="a value"),
        pytest.param((value(),), None, "Predicts a number", "Regression", id="a value without a name"),
        pytest.param((value("left", "right"),), None, "Predicts left or right", "Regression", id="several values"),
        pytest.param((tensor("y"),), None, "Answers with 1 tensor: y", "Tensors", id="nobody has said"),
    ],
)
def test_the_task(outputs: tuple[Output, ...], target: str | None, task: str, kind: str) -> None:
    assert words.task(signature(*outputs), target) == task
    assert words.kind(signature(*outputs)) == kind


def parity(flips: int = 0, largest: float = 0.0, boundary: int = 0) -> Parity:
    return Parity(
        reference="scikit-learn 1.9.0",
        rows=10,
        boundary_rows=boundary,
        single_rows=2,
        label_flips=flips,
        outputs=(OutputParity(output="label", max_absolute=largest, max_relative=0.0, max_ulp=0),),
        tolerance=Tolerance(),
        precision="float32",
        versions={},
    )


@pytest.mark.parametrize(
    ("record", "output", "said"),
    [
        pytest.param(
            parity(), label("a"), "no label differs, and every answer is the same to the last bit", id="exact"
        ),
        pytest.param(parity(flips=1), label("a"), "1 label differs", id="one flip"),
        pytest.param(parity(flips=2), label("a"), "2 labels differ", id="two flips"),
        pytest.param(
            parity(largest=3e-8), value(), ": the largest difference of an answer is 3.0e-08.", id="no labels"
        ),
        pytest.param(parity(boundary=4), value(), "4 of them at the edges of its decisions", id="boundary rows"),
    ],
)
def test_the_proof(record: Parity, output: Output, said: str) -> None:
    assert said in words.proof(record, signature(output))
    assert words.proof(record, signature(output)).startswith(
        "Given the same 10 rows as the original (scikit-learn 1.9.0)"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param(Code(), "", id="unknown"),
        pytest.param(Code(commit="a" * 40, dirty=False), "a" * 12, id="clean"),
        pytest.param(Code(commit="a" * 40, dirty=True), "a" * 12 + " with uncommitted changes", id="dirty"),
        pytest.param(Code(commit="a" * 40), "a" * 12, id="nobody knows"),
    ],
)
def test_the_commit(code: Code, said: str) -> None:
    assert words.code(code) == said


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        pytest.param("https://example.org/data.csv?x=1", True, id="https"),
        pytest.param("http://example.org", True, id="http"),
        pytest.param("javascript:alert(1)", False, id="a script"),
        pytest.param("data:text/html,x", False, id="data"),
        pytest.param("https://example.org/\njavascript:alert(1)", False, id="a line end"),
        pytest.param('https://example.org/"onclick="alert(1)', False, id="quotes"),
        pytest.param("data/rows.csv", False, id="a path"),
    ],
)
def test_only_web_addresses_are_linked(text: str, linked: bool) -> None:
    assert words.link(text) == (text if linked else None)


def test_units_in_the_last_place() -> None:
    assert [words.ulps(count) for count in (0, 12, 28_931_785_913)] == ["0", "12", "2.9e+10"]


def test_characters_that_steer_are_escaped() -> None:
    assert words.visible("a\u202eb\nc\x1b[0m") == "a\\u202eb\\u000ac\\u001b[0m"
    assert words.visible("päron 梨") == "päron 梨"


@pytest.mark.parametrize(
    ("field", "said"),
    [
        pytest.param(Field(name="x", type="category", dtype="str", categories=("b", "c")), "b or c", id="categories"),
        pytest.param(
            Field(name="x", type="number", dtype="f", range=Range(minimum=-1, maximum=2.5)), "-1 to 2.5", id="a range"
        ),
        pytest.param(Field(name="x", type="string", dtype="str"), "", id="nothing"),
    ],
)
def test_what_training_saw(field: Field, said: str) -> None:
    assert words.span(field) == said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        pytest.param(
            {"type": "number", "minimum": 1.0, "maximum": 2.0, "mean": 1.25}, "1 to 2, mean 1.25", id="numbers"
        ),
        pytest.param({"type": "integer", "minimum": 3.0, "maximum": 3.0, "mean": 3.0}, "always 3", id="a constant"),
        pytest.param(
            {"type": "string", "lengths": (Quantile(share=0, value=1), Quantile(share=1, value=9))},
            "text of 1 to 9 characters",
            id="text",
        ),
        pytest.param({"type": "category", "distinct": 3}, "3 distinct values", id="categories"),
        pytest.param({"type": "boolean"}, "", id="nothing"),
    ],
)
def test_a_column_in_one_phrase(facts: dict[str, object], said: str) -> None:
    column = ColumnProfile.model_validate({"name": "x", "dtype": "x", "count": 5, "missing": 0, **facts})
    assert words.summary(column) == said
