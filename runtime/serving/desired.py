"""The desired state: which bundles a server is to answer with, and how; handed to every replica."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lading.bundles.bundle import open_bundle
from lading.bundles.records import Digest, Record
from lading.core.errors import IntegrityError
from lading.runtime.deadlines import Deadlines

if TYPE_CHECKING:
    from lading.runtime.deployments import Deployments
    from lading.runtime.watch import Watch


class ChangedBundleError(IntegrityError):
    """A bundle is not the one that the server was started with."""

    def __init__(self, path: str, expected: str, found: str) -> None:
        super().__init__(path, expected, found)
        self.path, self.expected, self.found = path, expected, found

    def __str__(self) -> str:
        return (
            f"{self.path} is {self.found} now, and was {self.expected} when the server was told to serve it; "
            "put the old bundle back, or tell the server to read its bundles again (SIGHUP)"
        )


class DesiredBundle(Record):
    """One bundle to serve: where it lies, and which it must be."""

    path: str
    name: str
    version: str
    digest: Digest


class Desired(Record):
    """All that a replica answers with."""

    bundles: tuple[DesiredBundle, ...]
    threads: int

    @classmethod
    def read(cls, paths: Sequence[Path], threads: int) -> "Desired":
        """The desired state that the bundles at ``paths`` make; every file of each is checked.

        Raises what ``open_bundle`` raises, and ``DuplicateNameError``.
        """
        found: dict[str, DesiredBundle] = {}
        for path in paths:
            with open_bundle(path) as bundle:
                named = DesiredBundle(
                    path=str(path.resolve()),
                    name=bundle.manifest.name,
                    version=bundle.manifest.version,
                    digest=bundle.digest,
                )
            other = found.setdefault(named.name, named)
            if other is not named:
                from lading.runtime.deployments import DuplicateNameError  # loads ONNX Runtime

                raise DuplicateNameError(named.name, other.path, named.path)
        return cls(bundles=tuple(found.values()), threads=threads)

    def load(self, watch: "Watch | None" = None, deadlines: Deadlines | None = None) -> "Deployments":
        """The models, loaded and proved; raises ``ChangedBundleError``, and what ``Deployments.load`` raises."""
        from lading.runtime.deployments import Deployments  # the server describes bundles and never loads them

        deployments = Deployments.load([Path(bundle.path) for bundle in self.bundles], self.threads, watch, deadlines)
        for bundle in self.bundles:
            if (found := deployments.get(bundle.name).digest) != bundle.digest:
                raise ChangedBundleError(bundle.path, bundle.digest, found)
        return deployments
