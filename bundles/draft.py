"""The draft: all that a bundle will hold, before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from lading.bundles.canonical import NotCanonicalError, canonical_json
from lading.bundles.capturing.credentials import SameNameError, without_credentials, without_secrets
from lading.bundles.card import model_card
from lading.bundles.contents import check_contents
from lading.bundles.digest import digest_of
from lading.bundles.golden import Golden
from lading.bundles.manifest import CARD_PATH, GOLDEN_PATH, MANIFEST_PATH, PROFILE_PATH, Graph, Manifest
from lading.bundles.manifest_reading import in_words, read_manifest
from lading.bundles.parity import Parity
from lading.bundles.profile import Profile
from lading.bundles.provenance import Provenance
from lading.bundles.signature import Signature
from lading.bundles.storage.container import write_container
from lading.bundles.storage.content import Checked, Content, Held, OnDisk, entry_of
from lading.bundles.storage.integrity import BundleError
from lading.bundles.storage.names import MOST_FILES, check_names
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
    contents, manifest = draw_up(draft)
    write_container({**contents, MANIFEST_PATH: Held(manifest)}, path)
    return digest_of(manifest)


def draw_up(draft: Draft) -> tuple[dict[str, Content], bytes]:
    """Every file of the bundle but the manifest, and the manifest's bytes.

    Credentials in the description, the waiver and the provenance are left out, wherever they stand.
    Raises ``DraftError`` for what a reader would refuse.
    """
    try:
        draft = _without_secrets(draft)
        files = _files(draft)
        entries = {name: entry_of(name, files[name]) for name in sorted(files)}
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
        read_manifest(data, "the bundle")
        check_contents({**files, MANIFEST_PATH: Held(data)}, draft.graph.path, "the bundle")
    except ValidationError as error:
        raise DraftError(in_words(error)) from error
    except (BundleError, NotCanonicalError) as error:
        raise DraftError(str(error)) from error
    return {name: Checked(files[name], entries[name], "the bundle") for name in entries}, data


def _without_secrets(draft: Draft) -> Draft:
    """The draft with every text that people wrote, or that was seen where it was made, free of credentials."""
    waiver, description = draft.parity.waiver, draft.description
    try:
        provenance = without_secrets(draft.provenance.model_dump())
    except SameNameError as error:
        raise DraftError(f"provenance: {error}") from error
    return replace(
        draft,
        description=None if description is None else without_credentials(description),
        provenance=Provenance.model_validate(provenance),
        parity=draft.parity.model_copy(update={"waiver": None if waiver is None else without_credentials(waiver)}),
    )


def _files(draft: Draft) -> dict[str, Content]:
    """Every file but the manifest."""
    files: dict[str, Content] = {
        CARD_PATH: Held(model_card(draft, draft.profile).encode()),
        GOLDEN_PATH: Held(canonical_json(draft.golden)),
        PROFILE_PATH: Held(canonical_json(draft.profile)),
        draft.graph.path: Held(draft.model),
    }
    check_names("the bundle", (*files, MANIFEST_PATH, *draft.extra_files))
    for name, source in draft.extra_files.items():
        files[name] = OnDisk(source) if isinstance(source, Path) else Held(source)
    if len(files) >= MOST_FILES:
        raise DraftError(f"it would hold {len(files) + 1} files; at most {MOST_FILES} are allowed")
    return files
