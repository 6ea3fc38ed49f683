"""Classification: an output as the texts of its best classes, as an extension of the Open Inference Protocol has it."""

import numpy as np
import orjson

from lading.bundles.answer_names import class_names, column_names
from lading.bundles.signature import Output, Signature
from lading.runtime.errors import MalformedRequestError, shown
from lading.runtime.protocols.tensors import Array, OutputWriter

MEANINGS = ("probabilities", "scores")


def has_classes(signature: Signature, output: Output) -> bool:
    """Whether the output has a number for each class."""
    return output.meaning in MEANINGS and column_names(signature, output) is not None


class ClassWriter(OutputWriter):
    """Writes an output that has a number for each class as texts ``value:index:label``, the best ones first.

    Raises ``MalformedRequestError`` for any other output, and unless ``count``, how many are asked for, is one.
    """

    def __init__(self, signature: Signature, output: Output, count: object) -> None:
        super().__init__(signature, output)
        if not has_classes(signature, output):
            problem = f"output {shown(self.name)} has no number for each class"
            raise MalformedRequestError(f"{problem}; ask for the output itself, without classification")
        if type(count) is not int or count < 1:
            problem = f"output {shown(self.name)} has {shown(count)} for its classification"
            raise MalformedRequestError(f"{problem}, expected how many classes to answer")
        self._count, self._labels = count, class_names(output)
        self.datatype = "BYTES"
        self._start = self._described()

    def write(self, values: Array) -> bytes:
        """The texts as JSON."""
        texts = self.array(values)
        return self._whole(texts.shape, orjson.dumps(texts.reshape(-1).tolist()))

    def array(self, values: Array) -> Array:
        """The texts, shape ``[rows, classes]``; of equal values the first is the better, and NaN is the worst."""
        best = np.argsort(-values, axis=1, kind="stable")[:, : self._count]
        chosen = np.take_along_axis(values, best, axis=1).astype(str)
        pairs = zip(chosen.reshape(-1).tolist(), best.reshape(-1).tolist(), strict=True)
        made = np.empty(best.size, dtype=object)
        made[:] = [f"{value}:{index}:{self._labels[index]}" for value, index in pairs]
        return made.reshape(best.shape)
