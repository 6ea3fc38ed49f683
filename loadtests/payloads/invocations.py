"""Invocations: rows as MLflow's clients send them, answered by what the model's own ``predict`` gave."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from lading.bundles.answer_names import keys, predicted
from lading.bundles.signature import Signature
from lading.loadtests.payloads.checking import AnswerError, Outputs
from lading.loadtests.payloads.dialect import Message, parsed
from lading.loadtests.payloads.named_fields import outputs_by_meaning
from lading.loadtests.payloads.outputs import OutputReader
from lading.loadtests.payloads.request import MALFORMED, Answer
from lading.loadtests.payloads.rows import Row
from lading.loadtests.payloads.spoiling import cut_short, spoilt, wrong_rows


class Invocations:
    """``POST /models/NAME/invocations``, which is ``/invocations`` for the model of that name.

    Rows of a data frame go as ``dataframe_split``, those of a matrix as a list of lists, tensors by name.
    """

    title = "invocations"
    in_json = True

    def __init__(self, signature: Signature, deployment: str) -> None:
        self.path = f"/models/{deployment}/invocations"
        self._form = signature.form
        self._names = [field.name for field in signature.fields]
        self._ways = wrong_rows(signature)
        self._predicted = [OutputReader(signature, output) for output in predicted(signature)]
        self._outputs = [
            (key, OutputReader(signature, one)) for key, one in zip(keys(signature), signature.outputs, strict=True)
        ]

    def ask(self, rows: Sequence[Row]) -> Message:
        """The request for ``rows``."""
        lists = [[row[name] for name in self._names] for row in rows]
        body: dict[str, Any]
        if self._form == "frame":
            body = {"dataframe_split": {"columns": self._names, "data": lists}}
        elif self._form == "array":
            body = {"inputs": lists}
        else:
            body = {"inputs": {name: [row[name] for row in rows] for name in self._names}}
        return Message(orjson.dumps(body))

    def spoil(self, rows: Sequence[Row], generator: np.random.Generator) -> Message:
        """A request for ``rows`` with one thing wrong."""
        way = generator.random()
        if way < 0.2:
            return Message(cut_short(self.ask(rows).body))
        if way < 0.3:
            return Message(orjson.dumps(rows))  # no form is named
        return Message(orjson.dumps({"dataframe_records": spoilt(rows, self._ways, generator)}))

    def read(self, answer: Answer, rows: int) -> Outputs:
        """The outputs that are predicted; all of them where it is not plain which. Raises ``AnswerError``."""
        listed = parsed(answer).get("predictions")
        if not self._predicted:
            return outputs_by_meaning(self._outputs, listed, rows)
        if not isinstance(listed, list) or len(listed) != rows:
            raise AnswerError(MALFORMED)
        columns = [listed] if len(self._predicted) == 1 else self._columns(listed)
        return {reader.name: reader.from_rows(column) for reader, column in zip(self._predicted, columns, strict=True)}

    def _columns(self, listed: list[Any]) -> list[list[Any]]:
        """The labels of each target, of lists with one of each."""
        if not all(isinstance(row, list) and len(row) == len(self._predicted) for row in listed):
            raise AnswerError(MALFORMED)
        return [[row[place] for row in listed] for place in range(len(self._predicted))]
