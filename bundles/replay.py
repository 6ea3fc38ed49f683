"""The replay: the golden rows, asked of the graph on this machine and compared with what the original answered."""

import numpy as np
import orjson
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException
from pydantic import JsonValue

from lading.bundles.golden import Golden
from lading.bundles.manifest import Manifest
from lading.bundles.session import Session, UnevenAnswersError, reason_of
from lading.bundles.tensors.comparing import compare, tolerated
from lading.bundles.tensors.feeds import Encoder
from lading.core.errors import IntegrityError, cut

SHOWN = 256
"""Characters of an answer that an error repeats."""

Feeds = dict[str, NDArray[np.generic]]
"""Tensors by name."""


class GoldenMismatchError(IntegrityError):
    """On this machine the model does not answer as the original one did."""

    def __init__(self, model: str, row: int, output: str, expected: str, found: str) -> None:
        super().__init__(model, row, output, expected, found)
        self.model, self.row, self.output, self.expected, self.found = model, row, output, expected, found

    def __str__(self) -> str:
        return (
            f"{self.model} answers golden row {self.row} with {self.output} = {self.found}, the original model gave "
            f"{self.expected}; this machine or its ONNX Runtime computes something else: "
            "serve it elsewhere, or package the model again here"
        )


class UnfitSignatureError(IntegrityError):
    """The graph does not take, or does not answer, what the bundle's signature says."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, reason)
        self.model, self.reason = model, reason

    def __str__(self) -> str:
        return (
            f"the graph of {self.model} is not what its signature says: {self.reason or 'its golden rows fail'}; "
            "package the model again"
        )


def replay(manifest: Manifest, golden: Golden, encoder: Encoder, session: Session) -> Feeds:
    """Ask ``session``, which answers rows of the signature, the golden rows; returns what it was fed, ``[rows, …]``.

    Raises ``GoldenMismatchError`` when it answers other than the original model did, and ``UnfitSignatureError`` when
    it does not take the rows.
    """
    signature = manifest.signature
    feeds = encoder.encode(golden.columns(signature))
    names = [output.tensor.name for output in signature.outputs]
    try:
        answers = session.run(names, feeds, None)
    except (Fail, InvalidArgument, RuntimeException) as error:
        raise UnfitSignatureError(manifest.deployment, reason_of(str(error))) from error
    except UnevenAnswersError as error:
        raise UnfitSignatureError(manifest.deployment, str(error)) from error
    found = dict(zip(names, answers, strict=True))
    comparison = compare(signature, golden.expected(signature), found, manifest.parity.tolerance)
    if tolerated(manifest.parity, comparison):
        return feeds
    worst = comparison.failures[0]
    expected, given = _shown(worst.expected), _shown(worst.found)
    raise GoldenMismatchError(manifest.deployment, worst.row, worst.output, expected, given)


def _shown(value: JsonValue) -> str:
    return cut(orjson.dumps(value).decode(), SHOWN)
