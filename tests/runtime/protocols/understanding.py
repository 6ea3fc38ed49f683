"""Understanding: what a dialect makes of a request, and whether that depends on what it has met before."""

from typing import Any

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.errors import RequestError
from lading.runtime.model import Model
from lading.runtime.protocols.inference import InferenceDialect

Head = dict[bytes, bytes]


def understood(dialect: InferenceDialect, body: bytes, head: Head) -> Any:
    """What a request asks, or the words with which it is refused."""
    try:
        question = dialect.read(body, head)
    except (RequestError, FieldError) as error:
        return type(error), str(error)
    feeds = {
        name: (array.dtype, array.shape, array.tolist() if array.dtype == object else array.tobytes())
        for name, array in question.feeds.items()
    }
    outputs = [writer.name for writer in question.outputs]
    id_ = question.id if b'"id"' in body else None
    return feeds, question.rows, id_, outputs, question.timeout, question.binary, question.warned


def knowing(model: Model, body: bytes, head: Head) -> InferenceDialect:
    """A dialect that has met ``body`` before."""
    dialect = InferenceDialect(model)
    for _ in range(3):
        understood(dialect, body, head)
    return dialect


def same(model: Model, first: bytes, then: bytes, head: Head, head_then: Head | None = None) -> None:
    """That whoever knows ``first`` understands ``then`` as if it came for the first time."""
    head_then = head if head_then is None else head_then
    fresh = InferenceDialect(model)
    assert understood(knowing(model, first, head), then, head_then) == understood(fresh, then, head_then)


def length_of(text: bytes) -> Head:
    """The header of a request whose JSON is ``text``."""
    return {b"inference-header-content-length": b"%d" % len(text)}
