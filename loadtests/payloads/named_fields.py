"""Named fields: a row as an object with the fields by name, answered by meaning."""

from collections.abc import Sequence

import numpy as np
import orjson

from lading.bundles.answer_names import keys
from lading.bundles.signature import Signature
from lading.loadtests.payloads.checking import AnswerError, Outputs
from lading.loadtests.payloads.dialect import Message, parsed_any
from lading.loadtests.payloads.outputs import OutputReader
from lading.loadtests.payloads.request import MALFORMED, Answer
from lading.loadtests.payloads.rows import Row
from lading.loadtests.payloads.spoiling import cut_short, spoilt, wrong_rows


class NamedFields:
    """``POST /models/NAME/predict``: one row as an object, several as a list of objects."""

    title = "named fields"
    in_json = True

    def __init__(self, signature: Signature, deployment: str) -> None:
        self.path = f"/models/{deployment}/predict"
        self._ways = wrong_rows(signature)
        self._outputs = [
            (key, OutputReader(signature, output))
            for key, output in zip(keys(signature), signature.outputs, strict=True)
        ]

    def ask(self, rows: Sequence[Row]) -> Message:
        """The request for ``rows``."""
        return Message(orjson.dumps(rows[0] if len(rows) == 1 else rows))

    def spoil(self, rows: Sequence[Row], generator: np.random.Generator) -> Message:
        """A request for ``rows`` with one thing wrong."""
        way = generator.random()
        if way < 0.2:
            return Message(cut_short(self.ask(rows).body))
        return Message(b'"rows"') if way < 0.3 else self.ask(spoilt(rows, self._ways, generator))

    def read(self, answer: Answer, rows: int) -> Outputs:
        """The outputs of an object, or of a list of them. Raises ``AnswerError``."""
        document = parsed_any(answer.body)
        return outputs_by_meaning(self._outputs, [document] if rows == 1 else document, rows)


def outputs_by_meaning(readers: Sequence[tuple[str, OutputReader]], listed: object, rows: int) -> Outputs:
    """The outputs of ``listed``, an object for each row. Raises ``AnswerError``."""
    wanted = [key for key, _ in readers]
    if not isinstance(listed, list) or len(listed) != rows:
        raise AnswerError(MALFORMED)
    if not all(isinstance(row, dict) and list(row) == wanted for row in listed):
        raise AnswerError(MALFORMED)
    return {reader.name: reader.from_rows([row[key] for row in listed]) for key, reader in readers}
