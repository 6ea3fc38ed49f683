"""The bundle: a model with all that is known of it, open for reading, every file checked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from lading.bundles.contents import check_contents
from lading.bundles.digest import digest_of
from lading.bundles.evidence.files import check_evidence, read_evidence
from lading.bundles.golden import Golden
from lading.bundles.manifest import (
    CARD_PATH,
    EVIDENCE_PREFIX,
    GOLDEN_PATH,
    MANIFEST_PATH,
    PROFILE_PATH,
    Manifest,
)
from lading.bundles.manifest_reading import LARGEST_MANIFEST, in_words, read_manifest
from lading.bundles.profile import Profile
from lading.bundles.storage.container import Container, open_container, write_container
from lading.bundles.storage.content import Checked, Content, Held
from lading.bundles.storage.integrity import (
    DocumentError,
    ExtraFileError,
    ManifestError,
    MissingFileError,
    NotABundleError,
    SizeMismatchError,
)
from lading.core.errors import UsageError
from lading.core.settings import LIMITS, Limits

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and the bytes in all."""


class UnknownFileError(UsageError):
    """The bundle holds no file of that name."""

    def __init__(self, bundle: str, file: str) -> None:
        super().__init__(bundle, file)
        self.bundle, self.file = bundle, file

    def __str__(self) -> str:
        return f"{self.bundle} holds no file {self.file!r}"


class Bundle:
    """A bundle that is open for reading; a context manager.

    When it was opened, every file's size and SHA-256 was what the manifest records.
    """

    path: Path
    manifest: Manifest
    digest: str
    """The bundle's identity: the digest of the bytes of ``manifest.json``."""

    def __init__(self, path: Path, container: Container, manifest_bytes: bytes, manifest: Manifest) -> None:
        self.path, self.manifest, self.digest = path, manifest, digest_of(manifest_bytes)
        self._container, self._manifest_bytes = container, manifest_bytes
        self._files = {
            entry.path: Checked(container.contents[entry.path], entry, str(path)) for entry in manifest.files
        }

    def read(self, path: str) -> bytes:
        """The bytes of one file, checked again, so that a file that changed since is noticed.

        Raises ``UnknownFileError``, ``SizeMismatchError``, ``DigestMismatchError``, ``UnreadableError``.
        """
        if path == MANIFEST_PATH:
            return self._manifest_bytes
        if path not in self._files:
            raise UnknownFileError(str(self.path), path)
        return b"".join(self._files[path].chunks())

    def golden(self) -> Golden:
        """The golden rows. Raises ``DocumentError`` when the file breaks the format."""
        try:
            return Golden.model_validate_json(self.read(GOLDEN_PATH), strict=True)
        except ValidationError as error:
            raise DocumentError(str(self.path), GOLDEN_PATH, in_words(error)) from error

    def profile(self) -> Profile:
        """The profile of the training data. Raises ``DocumentError`` when the file breaks the format."""
        try:
            return Profile.model_validate_json(self.read(PROFILE_PATH), strict=True)
        except ValidationError as error:
            raise DocumentError(str(self.path), PROFILE_PATH, in_words(error)) from error

    def card(self) -> str:
        """The model card, as Markdown."""
        try:
            return self.read(CARD_PATH).decode()
        except UnicodeDecodeError as error:
            raise DocumentError(str(self.path), CARD_PATH, str(error)) from error

    def evidence(self) -> Mapping[str, bytes]:
        """The files under ``evidence/`` by path; the manifest does not list them, so that anybody may have written them.

        Raises ``EvidenceError``.
        """
        return read_evidence(self._container.contents, str(self.path))

    def contents(self) -> Mapping[str, Content]:
        """Every file with its content, the manifest and the evidence too."""
        evidence = {
            name: content for name, content in self._container.contents.items() if name.startswith(EVIDENCE_PREFIX)
        }
        return {**self._files, **evidence, MANIFEST_PATH: Held(self._manifest_bytes)}

    def close(self) -> None:
        """Let go of the file; nothing can be read afterwards."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


Vet = Callable[[Bundle], object]
"""Raises what speaks against a bundle, every file of which was checked."""


def open_bundle(
    path: Path | str, progress: Progress | None = None, limits: Limits = LIMITS, vet: Vet | None = None
) -> Bundle:
    """Open the archive or the folder at ``path`` and check every file before anything looks at its bytes.

    Then ``vet`` is asked. What its files hold is looked at last: no code is among them, and the graph does nothing but
    compute. Raises what ``vet`` does, ``NoSuchBundleError`` (exit code 2) when there is nothing, and the children of
    ``BundleError`` (exit code 4), which name the file and the rule, when it is broken.
    """
    path = Path(path)
    container = open_container(path, limits)
    try:
        data = _manifest_bytes(container, path, min(LARGEST_MANIFEST, limits.manifest_bytes))
        manifest = read_manifest(data, str(path))
        _check_files(container.contents, manifest, str(path))
        bundle = Bundle(path, container, data, manifest)
        _check_bytes(bundle, progress)
        if vet is not None:
            vet(bundle)
        check_contents(bundle.contents(), manifest.graph.path, str(path), limits)
    except BaseException:
        container.close()
        raise
    return bundle


def copy_bundle(bundle: Bundle, path: Path, *, private: bool = False) -> None:
    """Write the same bundle to ``path``: an archive when it ends in ``.lading``, else a folder; same digest.

    Where it is ``private`` nobody but its owner can read it. What is copied is checked once more. Raises as
    ``open_bundle`` and ``write_container`` do.
    """
    write_container(bundle.contents(), path, private=private)


def _manifest_bytes(container: Container, path: Path, most: int) -> bytes:
    content = container.contents.get(MANIFEST_PATH)
    if content is None:
        raise NotABundleError(str(path), "it holds no manifest.json")
    if content.size > most:
        raise ManifestError(str(path), f"has {content.size} bytes; at most {most} are allowed")
    return b"".join(content.chunks())


def _check_files(contents: Mapping[str, Content], manifest: Manifest, bundle: str) -> None:
    """That the files are those that the manifest lists, no fewer and no more, each as long as it says."""
    listed = {entry.path: entry for entry in manifest.files}
    for name in contents:
        if name not in listed and name != MANIFEST_PATH and not name.startswith(EVIDENCE_PREFIX):
            raise ExtraFileError(bundle, name)
    for name, entry in listed.items():
        if name not in contents:
            raise MissingFileError(bundle, name)
        if contents[name].size != entry.size:
            raise SizeMismatchError(bundle, name, entry.size, contents[name].size)
    check_evidence(contents, bundle)


def _check_bytes(bundle: Bundle, progress: Progress | None) -> None:
    contents = bundle.contents()
    done, total = 0, sum(content.size for content in contents.values())
    for content in contents.values():
        for piece in content.chunks():
            done += len(piece)
            if progress is not None:
                progress(done, total)
