"""Integrity: the ways in which a bundle can be other than its manifest says, each an error of its own."""

from lading.core.errors import IntegrityError


class BundleError(IntegrityError):
    """A bundle is broken; ``bundle`` is its path."""

    def __init__(self, bundle: str, *details: object) -> None:
        super().__init__(bundle, *details)
        self.bundle = bundle


class NotABundleError(BundleError):
    """The file or folder is no bundle at all."""

    def __init__(self, bundle: str, reason: str) -> None:
        super().__init__(bundle, reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.bundle} is not a bundle: {self.reason}"


class TooLargeError(BundleError):
    """There is more of a bundle than is read; ``variable`` names the setting that limits it."""

    def __init__(self, bundle: str, what: str, most: int, variable: str) -> None:
        super().__init__(bundle, what, most, variable)
        self.what, self.most, self.variable = what, most, variable

    def __str__(self) -> str:
        return (
            f"{self.bundle} {self.what}, at most {self.most} are read; where you trust its maker, raise {self.variable}"
        )


class ForbiddenContentError(BundleError):
    """A file is of a kind that no bundle may hold: code, or what becomes code."""

    def __init__(self, bundle: str, file: str, kind: str) -> None:
        super().__init__(bundle, file, kind)
        self.file, self.kind = file, kind

    def __str__(self) -> str:
        return f"{self.bundle}: {self.file} is {self.kind}; a bundle holds no code: do not use what else came with it"


class GraphError(BundleError):
    """The ONNX file is not one that may be loaded."""

    def __init__(self, bundle: str, file: str, problem: str) -> None:
        super().__init__(bundle, file, problem)
        self.file, self.problem = file, problem

    def __str__(self) -> str:
        return f"{self.bundle}: {self.file} is not a graph that may be loaded: it {self.problem}"


class ArchiveError(BundleError):
    """The archive is not laid out as the format demands; ``file`` is empty where the whole archive is meant."""

    def __init__(self, bundle: str, file: str, problem: str) -> None:
        super().__init__(bundle, file, problem)
        self.file, self.problem = file, problem

    def __str__(self) -> str:
        where = f"{self.bundle}: {self.file}" if self.file else self.bundle
        return f"{where} {self.problem}; fetch the bundle again, or write it anew with lading"


class FileNameError(BundleError):
    """A file's name is one that no bundle may hold."""

    def __init__(self, bundle: str, file: str, problem: str) -> None:
        super().__init__(bundle, file, problem)
        self.file, self.problem = file, problem

    def __str__(self) -> str:
        return f"{self.bundle}: the file name {self.file!r} {self.problem}"


class ManifestError(BundleError):
    """``manifest.json`` is not a manifest of this format."""

    def __init__(self, bundle: str, problem: str) -> None:
        super().__init__(bundle, problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.bundle}: manifest.json {self.problem}"


class DocumentError(BundleError):
    """A document of the bundle has the bytes that the manifest records, and yet breaks the format."""

    def __init__(self, bundle: str, file: str, problem: str) -> None:
        super().__init__(bundle, file, problem)
        self.file, self.problem = file, problem

    def __str__(self) -> str:
        return f"{self.bundle}: {self.file} breaks the format: {self.problem}"


class NewerFormatError(BundleError):
    """The bundle was written in a format that this program is too old to read."""

    def __init__(self, bundle: str, found: int, newest: int, version: str) -> None:
        super().__init__(bundle, found, newest, version)
        self.found, self.newest, self.version = found, newest, version

    def __str__(self) -> str:
        return (
            f"{self.bundle} has bundle format {self.found}; lading {self.version} reads formats up to {self.newest}: "
            "update lading (pip install --upgrade lading)"
        )


class MissingFileError(BundleError):
    """The manifest lists a file that is not there."""

    def __init__(self, bundle: str, file: str) -> None:
        super().__init__(bundle, file)
        self.file = file

    def __str__(self) -> str:
        return f"{self.bundle}: {self.file} is missing, the manifest lists it; fetch the bundle again"


class ExtraFileError(BundleError):
    """A file is there that the manifest does not list."""

    def __init__(self, bundle: str, file: str) -> None:
        super().__init__(bundle, file)
        self.file = file

    def __str__(self) -> str:
        return (
            f"{self.bundle}: {self.file} is not listed in the manifest; "
            "a bundle holds nothing else but evidence/: remove the file, or fetch the bundle again"
        )


class SizeMismatchError(BundleError):
    """A file is longer or shorter than the manifest records."""

    def __init__(self, bundle: str, file: str, expected: int, found: int) -> None:
        super().__init__(bundle, file, expected, found)
        self.file, self.expected, self.found = file, expected, found

    def __str__(self) -> str:
        return (
            f"{self.bundle}: {self.file} has {self.found} bytes, the manifest records {self.expected}; "
            "fetch the bundle again"
        )


class DigestMismatchError(BundleError):
    """A file's bytes are not those that the manifest records."""

    def __init__(self, bundle: str, file: str, expected: str, found: str) -> None:
        super().__init__(bundle, file, expected, found)
        self.file, self.expected, self.found = file, expected, found

    def __str__(self) -> str:
        return (
            f"{self.bundle}: {self.file} is {self.found}, the manifest records {self.expected}; fetch the bundle again"
        )


class UnreadableError(BundleError):
    """The system would not hand out a file's bytes."""

    def __init__(self, bundle: str, file: str, reason: str) -> None:
        super().__init__(bundle, file, reason)
        self.file, self.reason = file, reason

    def __str__(self) -> str:
        return f"{self.bundle}: {self.file} cannot be read: {self.reason}"
