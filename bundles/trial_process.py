"""The trial's own process: ``python -m lading.bundles.trial_process ORDER`` loads a bundle and prints a report."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lading.bundles.trial import Bound, Order, Report
from lading.core.offspring import PR_SET_PDEATHSIG
from lading.core.settings import MEBIBYTE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lading.bundles.session import Session

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_NO_NEW_PRIVS = 38
NOBODY = 65534
TIMES = 4
"""How many times the bytes of its files a bundle may take in memory: as read, as parsed, as packed for computing."""
SLOWER = 4
"""How many times as long as the first golden row each of the others may take."""
STATM = Path("/proc/self/statm")


def main() -> None:
    """Print one report on the order in the first argument."""
    missing: list[Bound] = [] if _without_network() else ["network"]
    try:
        missing += _try(Order.model_validate_json(sys.argv[1]))
        report = Report(missing=tuple(missing))
    except MemoryError:
        report = Report(problem="it takes too much memory; LADING_LOAD_BYTES gives more")
    except Exception as error:  # the rim of the process: whoever waits for it hears why
        report = Report(problem=str(error) or type(error).__name__)
    sys.stdout.write(report.model_dump_json())
    sys.stdout.flush()
    os._exit(0)


def _try(order: Order) -> list[Bound]:
    """Read and check the bundle with all rights, give them away, and load it; returns the bounds that could not be."""
    from lading.bundles.bundle import open_bundle
    from lading.bundles.contents import graph_of
    from lading.bundles.replay import replay
    from lading.bundles.session import open_session, session_of
    from lading.bundles.tensors.feeds import Encoder

    with open_bundle(Path(order.path), limits=order.limits) as bundle:
        if bundle.digest != order.digest:
            raise ValueError(f"it is {bundle.digest} now, and was {order.digest}")
        graph, external = graph_of(bundle)
        manifest, golden = bundle.manifest, bundle.golden()
    size = len(graph) + sum(map(len, external.values()))
    missing = _bounded(order.limits.load_bytes + TIMES * size, order.limits.load_seconds)
    _let_pass(order.limits.hang_seconds + size / MEBIBYTE)
    session = session_of(manifest.signature, open_session(graph, external=external))
    replay(manifest, golden, Encoder(manifest.signature), Paced(session, order.limits.hang_seconds))
    return missing


class Paced:
    """A session that answers its first row in the time that there is, and then has ``seconds`` more and time by its pace.

    So what hangs is ended soon, and what computes long for many rows is not.
    """

    def __init__(self, session: "Session", seconds: float) -> None:
        self._session, self._seconds = session, seconds

    def run(
        self, names: Sequence[str], feeds: "Mapping[str, NDArray[Any]]", options: Any = None
    ) -> "Sequence[NDArray[Any]]":
        """The outputs ``[rows, …]``."""
        began, rows = _used(), len(next(iter(feeds.values())))
        self._session.run(names, {name: tensor[:1] for name, tensor in feeds.items()}, options)
        _let_pass(self._seconds + SLOWER * rows * (_used() - began))
        return self._session.run(names, feeds, options)


def _without_network() -> bool:
    """Leave the network for an empty one, before anything here starts a thread, with which nobody leaves; or false."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    if unshare is None:
        return False
    return bool(unshare(CLONE_NEWNET) == 0 or unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _bounded(memory: int, seconds: float) -> list[Bound]:
    """Take ``memory`` bytes and ``seconds`` of the processor from here on at most, write no file, and be nobody."""
    missing: list[Bound] = []
    _limit(resource.RLIMIT_CPU, int(_used() + seconds) + 1, 1)  # SIGXCPU first, then SIGKILL
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    if STATM.exists():
        _limit(resource.RLIMIT_AS, int(STATM.read_text().split()[0]) * resource.getpagesize() + memory)
    else:
        missing.append("memory")
    if not _be_nobody():
        missing.append("user")
    return missing


def _used() -> float:
    """The seconds of the processor that this process has had."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _let_pass(seconds: float) -> None:
    """Have this process end by SIGPROF when it has had so many seconds of the processor from here on."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit(kind: int, most: int, between: int = 0) -> None:
    """Have the soft limit at ``most`` and the hard one so far above."""
    _, allowed = resource.getrlimit(kind)
    hard = most + between if allowed == resource.RLIM_INFINITY else min(most + between, allowed)
    resource.setrlimit(kind, (min(most, hard), hard))


def _be_nobody() -> bool:
    """Have no rights that come with being root, and get none; false where this process is root and has to stay so."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() != 0:
        return True
    parent = os.getppid()
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:
        return False
    finally:
        if prctl is not None:  # as it was started; the kernel forgets that with the rights
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
    return True


if __name__ == "__main__":
    main()
