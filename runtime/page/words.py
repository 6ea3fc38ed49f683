"""Words: what a manifest says, as a person reads it."""

import math
import re
from collections.abc import Iterable

from pydantic import JsonValue

from lading.bundles.outline import scalar
from lading.bundles.parity import Parity
from lading.bundles.profile import ColumnProfile
from lading.bundles.provenance import Code
from lading.bundles.signature import Field, Output, Signature
from lading.bundles.signing.policy import Vetting

SHOWN_CLASSES = 6
"""Class names that a sentence lists before it only counts the rest."""

STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def number(value: float) -> str:
    """A number for reading: five significant digits of a fraction; grouped from 10,000 on, so that a year is not."""
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 1e15):
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    if 10_000 <= abs(value) < 1e15:
        return f"{value:,.1f}"
    return f"{value:.5g}"


def counted(count: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def milliseconds(found: float | None) -> str:
    """A time for reading, of which two digits are known; nothing where there is none."""
    if found is None:
        return ""
    return f"{float(f'{found:.2g}'):g} ms" if found < 1000 else f"{found / 1000:.2g} s"


def visible(text: str) -> str:
    """Text in which characters that steer rather than show (line ends, changes of direction) are escaped as in JSON."""
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def share(part: int, whole: int) -> str:
    """A part of a whole in percent; never ``0 %`` of something, nor ``100 %`` of less than all."""
    if whole == 0:
        return "0 %"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %"


def short_digest(digest: str) -> str:
    """The first twelve hex digits, enough to tell bundles apart by eye."""
    return digest.removeprefix("sha256:")[:12]


def task(signature: Signature, target: str | None) -> str:
    """What the model does, in one phrase."""
    named = f" {visible(target)}" if target else ""
    targets = targets_of(signature)
    if len(targets) > 1:
        named_so = not all(map(str.isdecimal, targets))
        return f"Predicts {_listed(targets, 'and') if named_so else counted(len(targets), 'label')}"
    classes = classes_of(signature)
    if classes is not None:
        return f"Predicts{named or ' a class'}: {_listed(scalar(name) for name in classes)}"
    values = _meaning(signature, "value")
    if values is not None:
        several = values.targets
        if several is not None and len(several) > 1:
            return f"Predicts {_listed(several)}"
        return f"Predicts{named or ' a number'}"
    tensors = [output.tensor.name for output in signature.outputs]
    return f"Answers with {counted(len(tensors), 'tensor')}: {_listed(tensors)}"


def kind(signature: Signature) -> str:
    """The kind of task, in a word or two."""
    targets = targets_of(signature)
    if len(targets) > 1:
        return f"Classification · {counted(len(targets), 'label')}"
    classes = classes_of(signature)
    if classes is not None:
        return f"Classification · {counted(len(classes), 'class')}".replace("classs", "classes")
    return "Regression" if _meaning(signature, "value") is not None else "Tensors"


def targets_of(signature: Signature) -> list[str]:
    """What a model of several labels predicts; nothing where it has one or none."""
    return [name for output in signature.outputs if output.meaning == "label" for name in output.targets or ()]


def classes_of(signature: Signature) -> tuple[JsonValue, ...] | None:
    """The class names, or None where the model names none."""
    return next((output.classes for output in signature.outputs if output.classes is not None), None)


def verdict(parity: Parity) -> str:
    """How the proof ended."""
    return "Proof waived" if parity.waiver is not None else "Proved"


def signed(vetting: Vetting) -> str:
    """Who stands for a bundle."""
    if vetting.signers:
        return f"Signed by {_listed(vetting.signers, 'and')}"
    return "Not signed by anybody who is trusted here" if vetting.evidence else "Not signed"


def policy(vetting: Vetting) -> str:
    """What the server makes of that."""
    return {
        "off": "no policy asks for a signature",
        "warn": "the policy only warns"
        + (f": {'; '.join(map(visible, vetting.problems))}" if vetting.problems else ""),
        "enforce": "the policy is enforced",
    }[vetting.policy.mode]


def proof(parity: Parity, signature: Signature) -> str:
    """What was compared and how much differs."""
    compared = f"Given the same {counted(parity.rows, 'row')} as the original ({parity.reference})"
    if parity.boundary_rows:
        compared += f", {number(parity.boundary_rows)} of them at the edges of its decisions"
    found = [_largest_difference(parity)]
    if _meaning(signature, "label") is not None:
        found.insert(0, _flips(parity.label_flips))
    return f"{compared}: {', and '.join(found)}."


def _flips(count: int) -> str:
    return "no label differs" if count == 0 else f"{counted(count, 'label')} {'differs' if count == 1 else 'differ'}"


def _largest_difference(parity: Parity) -> str:
    largest = max((output.max_absolute for output in parity.outputs), default=0.0)
    if largest == 0.0:
        return "every answer is the same to the last bit"
    return f"the largest difference of an answer is {largest:.1e}"


def ulps(count: int) -> str:
    """Units in the last place; millions of them only as a magnitude."""
    return number(count) if count < 1_000_000 else f"{count:.1e}"


def code(code: Code) -> str:
    """The commit and its state, or nothing."""
    if code.commit is None:
        return ""
    state = {True: " with uncommitted changes", False: "", None: ""}[code.dirty]
    return f"{code.commit[:12]}{state}"


def link(text: str) -> str | None:
    """The text itself where it is a web address that may be linked to, else None."""
    return text if re.fullmatch(r"https?://[^\s\x00-\x1f\"'<>\\]+", text) else None


def span(field: Field) -> str:
    """What values training saw: a range, categories, or nothing."""
    if field.categories is not None:
        return _listed(scalar(value) for value in field.categories)
    if field.range is not None:
        return f"{number(field.range.minimum)} to {number(field.range.maximum)}"
    return ""


def summary(column: ColumnProfile) -> str:
    """One column of the training data in one phrase."""
    if column.minimum is not None and column.maximum is not None and column.type in ("number", "integer"):
        low, high = number(column.minimum), number(column.maximum)
        mean = "" if column.mean is None else f", mean {number(column.mean)}"
        return f"always {low}" if low == high else f"{low} to {high}{mean}"
    if column.lengths:
        return f"text of {number(column.lengths[0].value)} to {number(column.lengths[-1].value)} characters"
    if column.distinct is not None:
        return counted(column.distinct, "distinct value")
    return ""


def _meaning(signature: Signature, meaning: str) -> Output | None:
    return next((output for output in signature.outputs if output.meaning == meaning), None)


def _listed(texts: Iterable[str], last: str = "or") -> str:
    names = [visible(text) for text in texts]
    if len(names) > SHOWN_CLASSES:
        return f"{', '.join(names[:SHOWN_CLASSES])} and {len(names) - SHOWN_CLASSES} more"
    return ", ".join(names[:-1]) + (f" {last} " if len(names) > 1 else "") + "".join(names[-1:])
