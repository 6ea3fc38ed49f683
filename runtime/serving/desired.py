"""The desired state: which bundles a server is to answer with, and how; handed to every replica."""

import logging
from typing import TYPE_CHECKING

from lading.bundles.records import Digest, Record
from lading.bundles.signing.policy import OFF, Policy
from lading.core.errors import IntegrityError
from lading.core.settings import LIMITS, Limits
from lading.runtime.deadlines import Deadlines
from lading.runtime.happening import Happening

if TYPE_CHECKING:
    from lading.runtime.deployments import Deployments
    from lading.runtime.model import Model
    from lading.runtime.watch import Watch


LOG = logging.getLogger(__name__)


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
    """One bundle to serve: where it lies, which it must be, and the name that it answers to."""

    path: str
    name: str
    version: str
    digest: Digest


class DesiredCanary(DesiredBundle):
    """One that is to answer a share of the requests for its name, which another one answers."""

    share: float
    """Between 0 and 1."""


class Desired(Record):
    """All that a replica answers with."""

    bundles: tuple[DesiredBundle, ...]
    canaries: tuple[DesiredCanary, ...] = ()
    shadows: tuple[DesiredBundle, ...] = ()
    """Those that are asked the same as the others of their names, and answer nobody."""
    history: tuple[Happening, ...] = ()
    """How that came to be, the latest last; for people."""
    threads: int
    policy: Policy = OFF
    """What is asked of each of them before it is loaded."""
    number: int = 0
    """Counted up from one desired state of a running server to the next."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are answered to."""
        return tuple(bundle.name for bundle in self.bundles)

    def load(
        self,
        watch: "Watch | None" = None,
        deadlines: Deadlines | None = None,
        held: "Deployments | None" = None,
        limits: Limits = LIMITS,
    ) -> "Deployments":
        """The models, loaded and proved; those that are ``held`` already, by the same policy, are taken as they are.

        Raises ``ChangedBundleError``, and what ``Policy.opened`` and ``Model.load`` raise.
        """
        from lading.runtime.canary import Canary
        from lading.runtime.deployments import Deployments  # the server describes bundles and never loads them
        from lading.runtime.watch import Watch

        watch = Watch() if watch is None else watch
        deadlines = Deadlines() if deadlines is None else deadlines
        variants = () if held is None else held.variants()
        loaded = {(model.name, model.digest): model for model in variants if model.vetting.policy == self.policy}

        def model(desired: DesiredBundle) -> "Model":
            found = loaded.get((desired.name, desired.digest))
            return self._model(desired, watch, deadlines, limits) if found is None else found

        def shadow(desired: DesiredBundle) -> "Model":
            found = None if held is None else held.shadows.get(desired.name)
            if found is not None and (found.digest, found.vetting.policy) == (desired.digest, self.policy):
                return found
            return self._model(desired, Watch(), deadlines, limits)  # of its own: a shadow that hangs ends no replica

        return Deployments(
            [model(bundle) for bundle in self.bundles],
            [Canary(model(canary), canary.share) for canary in self.canaries],
            [shadow(bundle) for bundle in self.shadows],
            self.history,
        )

    def _model(self, desired: DesiredBundle, watch: "Watch", deadlines: Deadlines, limits: Limits) -> "Model":
        from lading.runtime.model import Model

        with self.policy.opened(desired.path, limits=limits) as (bundle, vetting):
            if bundle.digest != desired.digest:
                raise ChangedBundleError(desired.path, desired.digest, bundle.digest)
            model = Model.load(bundle, self.threads, watch, deadlines, desired.name, vetting)
        for problem in vetting.problems:
            LOG.warning("%s: %s", bundle.manifest.deployment, problem, extra={"model": desired.name})
        return model
