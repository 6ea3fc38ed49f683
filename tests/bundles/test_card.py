"""The model card: every fact is in it, and none of them is markup."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.card import classes, escaped, missing, model_card, seen, type_of
from lading.bundles.draft import Draft
from lading.bundles.parity import Parity
from lading.bundles.signature import Field, Output, Range, Tensor

MakeDraft = Callable[..., Draft]


def card_of(draft: Draft) -> str:
    return model_card(draft, draft.profile)


def test_the_card_holds_the_facts(draft: Draft) -> None:
    card = card_of(draft)
    for fact in ("# penguins 1.0.0", "Tells penguins apart.", "| mass | number", "Biscoe, Dream", "Adelie, Gentoo"):
        assert fact in card
    for fact in ("Rows: 344", "Target: species", "Metric accuracy: 0.98", "Package scikit-learn: 1.9.1", "Tag stage"):
        assert fact in card
    assert "2700 to 6300" in card
    assert "Uncommitted changes: no" in card
    assert "waived" not in card


@pytest.mark.parametrize(
    ("nullable", "default", "said"),
    [
        pytest.param(False, None, "no", id="never missing"),
        pytest.param(True, None, "yes", id="maybe missing"),
        pytest.param(False, False, "no; false when left out", id="a default"),
        pytest.param(True, 0, "yes; 0 when left out", id="both"),
    ],
)
def test_what_is_missing_and_what_is_left_out(nullable: bool, default: int | None, said: str) -> None:
    assert missing(Field(name="x", type="number", dtype="f", nullable=nullable, default=default)) == said


def test_a_waiver_stands_at_the_top(make_draft: MakeDraft, draft: Draft) -> None:
    parity = Parity(**{**dict(draft.parity), "waiver": "scores differ, labels do not"})
    head, _, _ = card_of(make_draft(parity=parity)).partition("## What it takes")
    assert "> **Parity was not reached.** It was waived, for this reason: scores differ, labels do not" in head


def test_what_is_unknown_is_absent(make_draft: MakeDraft, draft: Draft) -> None:
    code = draft.provenance.code.model_copy(update={"dirty": None, "repository": None})
    provenance = draft.provenance.model_copy(update={"code": code, "author": None})
    card = card_of(make_draft(provenance=provenance, description=None))
    assert "None" not in card
    assert "Uncommitted" not in card


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        pytest.param("# Heading", "\\# Heading", id="heading"),
        pytest.param("- item", "\\- item", id="list"),
        pytest.param("12. item", "12\\. item", id="numbered list"),
        pytest.param("--- ", "\\---", id="ruler"),
        pytest.param("    code", "code", id="code"),
        pytest.param("> quote", "&gt; quote", id="quotation"),
        pytest.param("3 kinds - told apart.", "3 kinds - told apart.", id="a sentence"),
    ],
)
def test_a_description_is_a_paragraph(make_draft: MakeDraft, description: str, expected: str) -> None:
    assert card_of(make_draft(description=description)).split("\n\n")[2] == expected


def test_the_card_ends_with_one_line_end_and_has_no_double_blank_lines(draft: Draft) -> None:
    card = card_of(draft)
    assert card.endswith("|\n")
    assert "\n\n\n" not in card


@given(st.text())
def test_a_value_stays_on_its_line_and_is_never_markup(text: str) -> None:
    line = escaped(text)
    assert line.isprintable()
    assert "<" not in line
    assert ">" not in line
    assert not re.search(r"(?<!\\)(?:\\\\)*[|`*_\[\]]", line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a|b", r"a\|b", id="pipe"),
        pytest.param("a\nb\r\x1b[0m", r"a b  \[0m", id="lines and control characters"),
        pytest.param("<script>&amp;", r"&lt;script&gt;&amp;amp;", id="HTML"),
        pytest.param("[x](javascript:0)", r"\[x\](javascript:0)", id="link"),
        pytest.param(
            "https://a.b/ www.a.b me@a.b", "https&#58;//a.b/ www&#46;a.b me&#64;a.b", id="links of their own accord"
        ),
    ],
)
def test_escaped(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_hostile_facts_do_not_change_the_tables(make_draft: MakeDraft, draft: Draft) -> None:
    rows = card_of(draft).count("\n")
    fields = (
        draft.signature.fields[0].model_copy(update={"name": "x | y\n| z <img src=x>"}),
        draft.signature.fields[1],
    )
    card = card_of(make_draft(signature=draft.signature.model_copy(update={"fields": fields})))
    assert card.count("\n") == rows
    assert "<img" not in card


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param(
            Field(name="x", type="number", dtype="f8", range=Range(minimum=0, maximum=1.5)), "0 to 1.5", id="range"
        ),
        pytest.param(Field(name="x", type="category", dtype="c", categories=(True, 2, "b")), "True, 2, b", id="few"),
        pytest.param(
            Field(name="x", type="category", dtype="c", categories=tuple(range(14))),
            "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, and 2 more",
            id="many",
        ),
        pytest.param(Field(name="x", type="string", dtype="str"), "", id="nothing known"),
    ],
)
def test_seen(field: Field, expected: str) -> None:
    assert seen(field) == expected


def test_extents_and_targets_are_named() -> None:
    assert type_of(Field(name="x", type="number", dtype="float32", shape=(3, 224))) == "number[3][224] (float32)"
    tensor = Tensor(name="y", dtype="float32", shape=("rows", 2))
    assert classes(Output(tensor=tensor, meaning="value", targets=("low", "high"))) == "low, high"
    assert classes(Output(tensor=tensor, meaning="tensor")) == ""
