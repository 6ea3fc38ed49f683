"""The draft: all that a bundle will hold, before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from lading.bundles.canonical import NotCanonicalError, canonical_json
from lading.bundles.card import model_card
from lading.bundles.container import write_container
from lading.bundles.content import Checked, Content, Held, OnDisk, entry_of
from lading.bundles.digest import digest_of
from lading.bundles.golden import Golden
from lading.bundles.integrity import FileNameError, ManifestError
from lading.bundles.manifest import CARD_PATH, GOLDEN_PATH, MANIFEST_PATH, MODEL_PREFIX, PROFILE_PATH, Graph, Manifest
from lading.bundles.manifest_reading import in_words, read_manifest
from lading.bundles.names import MOST_FILES, check_names
from lading.bundles.parity import Parity
from lading.bundles.profile import Profile
from lading.bundles.provenance import Provenance
from lading.bundles.signature import Signature
from lading.core.errors import UsageError


class DraftError(UsageError):
    """What is to be written would not be a bundle of the format."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"no bundle can be written: {self.problem}"


@dataclass(frozen=True)
class Draft:
    """All that a bundle will hold."""

    name: str
    version: str
    graph: Graph
    signature: Signature
    provenance: Provenance
    parity: Parity
    golden: Golden
    profile: Profile
    model: bytes
    """The ONNX file that ``graph.path`` names."""
    description: str | None = None
    extra_files: Mapping[str, bytes | Path] = field(default_factory=lambda: MappingProxyType({}))
    """The model's external data: paths inside the bundle, under ``model/``, with the bytes or where they lie."""


def write_bundle(draft: Draft, path: Path) -> str:
    """Write the bundle to ``path`` and return its digest: an archive when it ends in ``.lading``, else a folder.

    A bundle that is there is replaced, all at once or not at all. The same draft gives the same bytes.
    Raises ``DraftError``, ``OccupiedError``, ``DiskFullError``, ``NotWritableError``.
    """
    files = _files(draft)
    entries = {name: entry_of(name, files[name]) for name in sorted(files)}
    try:
        manifest = Manifest(
            name=draft.name,
            version=draft.version,
            description=draft.description,
            graph=draft.graph,
            signature=draft.signature,
            provenance=draft.provenance,
            parity=draft.parity,
            files=tuple(entries.values()),
        )
        data = canonical_json(manifest)
        read_manifest(data, str(path))  # what a reader would refuse is not written
    except ValidationError as error:
        raise DraftError(in_words(error)) from error
    except (ManifestError, NotCanonicalError) as error:
        raise DraftError(str(error)) from error
    contents: dict[str, Content] = {name: Checked(files[name], entries[name], str(path)) for name in entries}
    write_container({**contents, MANIFEST_PATH: Held(data)}, path)
    return digest_of(data)


def _files(draft: Draft) -> dict[str, Content]:
    """Every file but the manifest."""
    extra: dict[str, Content] = {
        name: OnDisk(source) if isinstance(source, Path) else Held(source) for name, source in draft.extra_files.items()
    }
    _check_extra(draft, extra)
    try:
        return {
            draft.graph.path: Held(draft.model),
            GOLDEN_PATH: Held(canonical_json(draft.golden)),
            PROFILE_PATH: Held(canonical_json(draft.profile)),
            CARD_PATH: Held(model_card(draft).encode()),
            **extra,
        }
    except NotCanonicalError as error:
        raise DraftError(str(error)) from error


def _check_extra(draft: Draft, extra: Mapping[str, Content]) -> None:
    for name in (draft.graph.path, *extra):
        if not name.startswith(MODEL_PREFIX):
            raise DraftError(f"the file {name!r} does not lie under {MODEL_PREFIX}")
    try:
        check_names("the model", (draft.graph.path, *extra))
    except FileNameError as error:
        raise DraftError(str(error)) from error
    if len(extra) > MOST_FILES - 10:
        raise DraftError(f"the model has {len(extra)} files of external data; at most {MOST_FILES - 10} fit")
