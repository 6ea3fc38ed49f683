"""The manifest: what a bundle says of its model, and where that model came from."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field as Setting
from pydantic import StringConstraints, model_validator

from lading.bundles.optimization import Optimization
from lading.bundles.parity import Parity
from lading.bundles.provenance import Provenance
from lading.bundles.records import FrozenMap, Record
from lading.bundles.signature import Signature

FORMAT: Final = 1
"""The bundle format that this code writes, and the newest that it reads."""

BundleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$")]
"""Lower-case letters, digits, ``.``, ``_`` and ``-``; at most 64; it becomes a part of URLs and file names."""

BundleVersion = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]([0-9A-Za-z._+-]{0,62}[0-9A-Za-z])?$")]

FilePath = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,7}$", max_length=200),
]
"""A file's path inside the bundle: relative, ``/`` between at most 8 levels, no ``..``, no hidden names."""


GOLDEN_PATH = "golden/rows.json"
PROFILE_PATH = "profile.json"
CARD_PATH = "MODEL_CARD.md"
MANIFEST_PATH = "manifest.json"
EVIDENCE_PREFIX = "evidence/"
MODEL_PREFIX = "model/"
"""Where the graph and its external data lie."""
REQUIRED_PATHS = frozenset({GOLDEN_PATH, PROFILE_PATH, CARD_PATH})
"""Files that every bundle holds beside the manifest and the graph."""


class FileEntry(Record):
    """One file of the bundle."""

    path: FilePath
    size: Annotated[int, Setting(ge=0)]
    """In bytes."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Graph(Record):
    """The ONNX model."""

    path: FilePath = "model/model.onnx"
    framework: str
    """What it was converted from: ``scikit-learn``, ``onnx``, …"""
    ir_version: int
    opsets: FrozenMap[int]
    """Versions of the operator sets by domain; the default domain is ``ai.onnx``."""
    locale: str | None = None
    """The locale that text operators need on the serving machine."""
    steps: tuple[Optimization, ...] | None = None
    """What was done to it after it was converted, in that order; absent where nothing was."""


class Manifest(Record):
    """``manifest.json``: everything that a bundle states, and every file that it holds."""

    format: Literal[1] = FORMAT
    name: BundleName
    version: BundleVersion
    description: str | None = None
    graph: Graph
    signature: Signature
    provenance: Provenance
    parity: Parity
    files: tuple[FileEntry, ...]
    """Every file but the manifest itself and ``evidence/``, sorted by path."""

    @model_validator(mode="after")
    def _files_are_those_of_the_format(self) -> Self:
        paths = [entry.path for entry in self.files]
        if paths != sorted(set(paths)):
            raise ValueError("files must be sorted by path, each once")
        if self.graph.path not in paths:
            raise ValueError(f"the graph {self.graph.path!r} is not among the files")
        if missing := REQUIRED_PATHS.difference(paths):
            raise ValueError(f"files must list {min(missing)!r}")
        for path in paths:
            if path not in REQUIRED_PATHS and not path.startswith(MODEL_PREFIX):
                raise ValueError(
                    f"the format has no place for the file {path!r}; a model's files lie under {MODEL_PREFIX}"
                )
        return self

    @property
    def deployment(self) -> str:
        """The name and version as people write them: ``penguins 1.0.0``."""
        return f"{self.name} {self.version}"
