"""Sizes: what the values of a column take when each is written out."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from lading.runtime.tables.columns import is_list, is_number, is_text

VIEW_INTS = 4
"""A view of a text is four integers of 32 bits, the first of which is its length."""


def written_out(column: pa.Array) -> int:
    """Bytes of all values of ``column``, which was validated, and one more for each, whatever they share."""
    kind, count = column.type, len(column)
    if is_number(kind):
        return count * (1 + int(kind.bit_width) // 8)
    if isinstance(column, pa.ExtensionArray):
        return written_out(column.storage)
    if kinds.is_dictionary(kind):
        return count + _named_bytes(column)
    if is_list(kind):
        return count + written_out(column.flatten())
    if kinds.is_string_view(kind):
        return count + _viewed_bytes(column)
    if is_text(kind):
        return count + (pc.sum(pc.binary_length(column)).as_py() or 0)
    return count * (1 + _width(kind))


def _width(kind: pa.DataType) -> int:
    return 0 if kinds.is_null(kind) or kinds.is_boolean(kind) else kind.bit_width // 8


def _named_bytes(column: pa.DictionaryArray) -> int:
    """Of the texts that the cells name, each as often as it is named."""
    if not len(column.dictionary) or kinds.is_primitive(column.dictionary.type):
        return len(column) * 8
    lengths = np.asarray(pc.binary_length(column.dictionary.cast(pa.large_string())).fill_null(0)).astype(np.int64)
    return int(np.append(lengths, 0)[column.indices.fill_null(len(lengths)).to_numpy()].sum())


def _viewed_bytes(column: pa.Array) -> int:
    views = np.frombuffer(column.buffers()[1], np.int32).reshape(-1, VIEW_INTS)
    lengths = views[column.offset : column.offset + len(column), 0].astype(np.int64)
    return int(lengths[np.asarray(column.is_valid())].sum())
