"""Inference over gRPC: one model's predictions, asked and answered in messages."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from lading.runtime.grpc.contents import FIELDS, document_of, packed, typed
from lading.runtime.grpc.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.answering import Answering
from lading.runtime.protocols.head import Head
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.tensors import OutputWriter


class Question(NamedTuple):
    """A request that was read."""

    feeds: Feeds
    rows: int
    timeout: float | None
    id: str
    outputs: Sequence[OutputWriter]
    raw: bool
    """Whether the answer is to be raw."""
    warnings: str | None
    """What in the request is not like the training data, where it asks for that."""


class Predictions:
    """The predictions of one model."""

    def __init__(self, model: Model) -> None:
        self._dialect = InferenceDialect(model)
        self._answering: Answering[Question, ModelInferResponse] = Answering(model, self._write)
        self._name, self._version = model.name, model.version
        self.fail = self._answering.fail

    async def answer(
        self, request: ModelInferRequest, seconds: float | None, large: bool, head: Head
    ) -> ModelInferResponse:
        """The answer to ``request``, raw as it is; the client waits for ``seconds``, and ``head`` came along.

        Raises ``RequestError`` and ``FieldError``.
        """
        return await self._answering.answer(partial(self._read, request), seconds, large, head)

    def _read(self, request: ModelInferRequest) -> Question:
        found = self._dialect.question(document_of(request))
        # What has no typed contents goes raw, and then all of it does.
        raw = bool(request.raw_input_contents) or any(output.datatype not in FIELDS for output in found.outputs)
        warnings = self._dialect.warnings(found) if found.warned else None
        return Question(found.feeds, found.rows, found.timeout, request.id, found.outputs, raw, warnings)

    def _write(self, question: Question, outputs: Feeds) -> ModelInferResponse:
        answer = ModelInferResponse(model_name=self._name, model_version=self._version, id=question.id)
        if question.warnings is not None:
            answer.parameters["warnings"].string_param = question.warnings
        arrays = [writer.array(outputs[writer.name]) for writer in question.outputs]
        for writer, values in zip(question.outputs, arrays, strict=True):
            tensor = answer.outputs.add(name=writer.name, datatype=writer.datatype, shape=values.shape)
            if not question.raw:
                tensor.contents.CopyFrom(typed(writer.datatype, values))
        if question.raw:
            answer.raw_output_contents.extend(packed(arrays))
        return answer
