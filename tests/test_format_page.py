"""The format's specification names every field of every record, and its figures are the code's."""

import re
from pathlib import Path

import pytest

from lading.bundles import parity, profile, provenance, signature
from lading.bundles.golden import Golden
from lading.bundles.manifest import FORMAT, FileEntry, Graph, Manifest
from lading.bundles.manifest_reading import DEEPEST, LARGEST_MANIFEST
from lading.bundles.records import Record
from lading.bundles.storage.archive import LARGEST
from lading.bundles.storage.names import MOST_FILES

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "bundle-format.md").read_text()
RECORDS: list[type[Record]] = [
    FileEntry,
    Golden,
    Graph,
    Manifest,
    *(
        record
        for module in (parity, profile, provenance, signature)
        for record in vars(module).values()
        if isinstance(record, type) and issubclass(record, Record) and record.__module__ == module.__name__
    ),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_field_is_in_the_specification(record: type[Record]) -> None:
    assert [name for name in record.model_fields if f"`{name}`" not in PAGE] == []


def test_the_figures_are_those_of_the_code() -> None:
    assert f"# The bundle format, version {FORMAT}\n" in PAGE
    assert f"at most {LARGEST:,} bytes" in PAGE
    assert f"at most {MOST_FILES:,} files" in PAGE
    assert f"At most {LARGEST_MANIFEST >> 20} MiB, at most {DEEPEST} levels" in PAGE


def test_every_choice_of_a_word_is_in_the_specification() -> None:
    source = Path(signature.__file__).read_text()
    words = {word for choice in re.findall(r"Literal\[([^\]]*)\]", source) for word in re.findall(r'"(\w+)"', choice)}
    words -= {"int16", "int32", "uint16", "uint32"}  # the page says: int8 … int64
    assert [word for word in sorted(words) if f"`{word}`" not in PAGE] == []
