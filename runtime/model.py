"""A model that is ready to answer: its graph loaded, its golden rows replayed, its speed known."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

from lading.bundles.bundle import Bundle
from lading.bundles.contents import graph_of
from lading.bundles.golden import Golden
from lading.bundles.manifest import Manifest
from lading.bundles.parity import Parity
from lading.bundles.profile import Profile
from lading.bundles.replay import replay
from lading.bundles.session import Session, UnevenAnswersError, bare, open_session, reason_of, session_of
from lading.bundles.signature import Signature, Tensor
from lading.bundles.signing.policy import OFF, Vetting
from lading.bundles.tensors.feeds import Encoder
from lading.bundles.tensors.rules import closed
from lading.runtime import batching
from lading.runtime.batching import Batcher, Batching
from lading.runtime.deadlines import Deadlines
from lading.runtime.drift.observed import Observed
from lading.runtime.errors import DeadlineError, SeveralShapesError, TooMuchMemoryError, UncomputableError
from lading.runtime.pool import Pool
from lading.runtime.tally import Tally
from lading.runtime.watch import Run, Watch

if TYPE_CHECKING:
    from lading.runtime.mirror import Mirror
    from lading.runtime.protocols.witness import Witness

OUT_OF_MEMORY = ("Failed to allocate memory", "bad_alloc")
"""What it says where an allocation failed: that of a tensor, and any other."""

Feeds = batching.Feeds
"""Tensors by name."""

Answer = TypeVar("Answer")

INLINE_SECONDS = 0.001
"""A run that takes longer leaves the event loop to others and goes to a thread, which costs some 0.1 ms."""

UNLIMITED = Deadlines(seconds=math.inf, queue_seconds=math.inf)
TIMED_ROWS = 64
TIMED_RUNS = 5

ENDLESS = (b"Loop", b"Scan")
"""Operators whose work may depend on the values: what was quick at load may take for ever."""


class Model:
    """A bundle that is ready to answer. Made by ``Model.load``."""

    def __init__(
        self,
        bundle: Bundle,
        session: Session,
        watch: Watch,
        vetting: Vetting,
        deadlines: Deadlines = UNLIMITED,
        name: str | None = None,
    ) -> None:
        self.manifest: Manifest = bundle.manifest
        self.name = bundle.manifest.name if name is None else name
        """The name that it answers to."""
        self.digest: str = bundle.digest
        self.vetting = vetting
        """The policy that let it pass, and what that found of what others say of the bundle."""
        self.golden: Golden = bundle.golden()
        self.profile: Profile = bundle.profile()
        self.card: str = bundle.card()
        self.seconds_per_call = 0.0
        """What one run costs before its rows, as measured at load."""
        self.seconds_per_row = 0.0
        self.encoder = Encoder(self.signature)
        """How the values of its fields become tensors."""
        self.tally = Tally()
        """What this process has made of it."""
        self.mirror: Mirror | None = None
        """What asks a shadow the same."""
        self.observed = Observed(self.signature, self.profile)
        """What it is asked, counted to be compared with what it was trained on."""
        self.witnesses: Sequence[Witness] = ()
        """Who is told of each request for a prediction."""
        self.request_seconds = deadlines.of(self.name)
        """How long a request may take."""
        self._session, self._watch = session_of(self.signature, bare(session)), watch
        self._names = [output.tensor.name for output in self.signature.outputs]
        self._pool = Pool(self.name, deadlines.queue_seconds)
        self._batcher = Batcher(self._pool, self.run, self.begin)
        self.batching = batching.FEW
        """Whether requests that wait for it are answered together."""

    @classmethod
    def load(
        cls,
        bundle: Bundle,
        threads: int = 1,
        watch: Watch | None = None,
        deadlines: Deadlines = UNLIMITED,
        name: str | None = None,
        vetting: Vetting | None = None,
    ) -> "Model":
        """Load the graph of ``bundle``, replay its golden rows and time it; it answers to ``name``, or to its own.

        ``deadlines`` say how long requests may take; ``watch``, its own where none is given, ends those that take
        longer. ``vetting`` is what a policy found when it let the bundle pass; nothing was asked where there is none.
        Raises ``GoldenMismatchError`` when this machine answers other than the original model did,
        ``UnfitSignatureError`` when the graph does not go with the signature, ``GraphError`` and ``ModelLoadError``
        when the graph may not, or cannot, be loaded.
        """
        graph, external = graph_of(bundle)
        session = open_session(graph, threads, external)
        vetting = OFF.vet(bundle) if vetting is None else vetting
        model = cls(bundle, session, Watch() if watch is None else watch, vetting, deadlines, name)
        feeds = replay(model.manifest, model.golden, model.encoder, model._session)
        model._measure(feeds)
        model._pool.pace = model.seconds_per_call
        endless = any(name in graph for name in ENDLESS)
        model.batching = model._try_batching(feeds, endless)
        if endless:
            model.seconds_per_call = math.inf
        return model

    @property
    def version(self) -> str:
        """The bundle's version."""
        return self.manifest.version

    @property
    def signature(self) -> Signature:
        """What it takes and what it answers."""
        return self.manifest.signature

    @property
    def parity(self) -> Parity:
        """The proof that it answers as the original did, with its precision and its waiver."""
        return self.manifest.parity

    def begin(self, seconds: float | None = None) -> Run:
        """A run that has the model's ``request_seconds`` from now on, or ``seconds`` where these are fewer."""
        run = self._watch.begin(self.request_seconds)
        run.lower(seconds)
        return run

    def run(self, feeds: Mapping[str, NDArray[np.generic]], run: Run | None = None) -> Feeds:
        """The output tensors ``[N, …]`` by name for the graph's inputs ``[N, …]``; no rows are answered unasked.

        Raises ``DeadlineError`` when ``run`` is stopped or its time is up; without one there is no end to it. Raises
        ``SeveralShapesError`` where each row is a run of its own and their answers do not fit together, and in a
        ``run`` ``UncomputableError`` where the graph refuses the values, and ``TooMuchMemoryError``.
        """
        if len(next(iter(feeds.values()))) == 0:
            return {output.tensor.name: _nothing(self.signature, output.tensor) for output in self.signature.outputs}
        try:
            if run is None:
                return dict(zip(self._names, self._session.run(self._names, feeds, None), strict=True))
            return dict(zip(self._names, run.over(self._session, self._names, feeds), strict=True))
        except UnevenAnswersError as error:
            raise SeveralShapesError(str(error)) from None
        except (Fail, InvalidArgument, RuntimeException) as error:
            if run is None:
                raise
            if any(sign in str(error) for sign in OUT_OF_MEMORY):
                raise TooMuchMemoryError from None
            if isinstance(error, RuntimeException):
                raise
            # The golden rows were computed, so it is not the graph.
            raise UncomputableError(reason_of(str(error))) from None
        except DeadlineError:
            if run is not None and time.monotonic() > run.limit:  # not at a client's wish
                self.seconds_per_call = math.inf  # never again in the event loop
            raise

    def quick(self, rows: int) -> bool:
        """Whether a run over ``rows`` rows is too short to be worth a thread of its own."""
        return self.seconds_per_call + rows * self.seconds_per_row <= INLINE_SECONDS

    def aside(self, work: Callable[[], Answer]) -> "asyncio.Future[Answer]":
        """The result of ``work``, done in one of the model's threads while the event loop goes on.

        Raises ``OverloadedError`` when too much is waiting already.
        """
        return self._pool.submit(work)

    def batched(self, feeds: Feeds, rows: int, run: Run) -> "asyncio.Future[Feeds]":
        """The outputs for ``feeds``, made in one of the model's threads, with those of other requests that wait.

        Raises ``OverloadedError`` when too much is waiting already.
        """
        return self._batcher.submit(feeds, rows, run)

    def _try_batching(self, feeds: Feeds, endless: bool) -> Batching:
        if self.signature.form == "whole":
            return batching.WHOLE
        return batching.ENDLESS if endless else batching.tried(self.run, feeds, self.quick(1))

    def _measure(self, feeds: Feeds) -> None:
        """Time one row and, where that is quick, many; it also warms the session up for both."""
        one = batching.fastest(self.run, {name: tensor[:1] for name, tensor in feeds.items()}, TIMED_RUNS)
        if one > INLINE_SECONDS:
            self.seconds_per_call = one
            return
        rows = np.resize(np.arange(len(next(iter(feeds.values())))), TIMED_ROWS)
        many = batching.fastest(self.run, {name: tensor[rows] for name, tensor in feeds.items()}, TIMED_RUNS)
        self.seconds_per_row = max(0.0, many - one) / (TIMED_ROWS - 1)
        self.seconds_per_call = max(0.0, one - self.seconds_per_row)


def _nothing(signature: Signature, tensor: Tensor) -> NDArray[np.generic]:
    dtype = np.dtype(object if tensor.dtype == "string" else tensor.dtype)
    return np.empty((0, *closed(signature.row_shape(tensor))), dtype)
