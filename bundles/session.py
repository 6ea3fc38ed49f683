"""The session: a graph loaded into ONNX Runtime, with the settings that serving and proofs share."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from lading.bundles.signature import Signature
from lading.bundles.tensors.values import aligned
from lading.core.errors import LadingError, UsageError, cut

# From 1.31 on the library writes usage data under HOME and sends it to its makers, unless told before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

BROKEN_RUNTIMES = frozenset({"1.26.0", "1.27.0"})
"""Versions of ONNX Runtime that answer wrongly for binary tree ensembles (its issue 28557)."""

NOTHING = 4
"""To be logged, since what goes wrong is raised."""

SOURCE = re.compile(r"/|\.(h|cc|cpp)\b|::")
"""What in a message of ONNX Runtime is of its sources."""
SHOWN = 256
"""Characters of such a message that are repeated."""

_RUN_OPTIONS = cast(Any, onnxruntime).RunOptions

AS_ASKED = 1
"""How an arena grows: by what is asked for. The default is by powers of two, and once it was asked for gigabytes in
vain, by as much as there is."""


def _share_arena() -> None:
    """Make the arena of this process, which all of its sessions use."""
    runtime = cast(Any, onnxruntime)
    kinds, default = runtime.OrtAllocatorType, -1
    where = runtime.OrtMemoryInfo("Cpu", kinds.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT)
    runtime.create_and_register_allocator(where, runtime.OrtArenaCfg(0, AS_ASKED, default, default))


_share_arena()


class BrokenRuntimeError(LadingError):
    """The installed ONNX Runtime is known to give wrong answers."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found

    def __str__(self) -> str:
        return (
            f"onnxruntime {self.found} is installed, which answers wrongly for tree models "
            "(its issue 28557); install onnxruntime>=1.28"
        )


class ModelLoadError(LadingError):
    """ONNX Runtime cannot load a graph."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"onnxruntime {onnxruntime.__version__} cannot load the graph: {self.reason}"


class UnevenAnswersError(UsageError):
    """Rows of the form ``whole`` have answers of different shapes, which no one tensor holds."""

    def __init__(self, output: str, first: tuple[int, ...], other: tuple[int, ...]) -> None:
        super().__init__(output, first, other)
        self.output, self.first, self.other = output, first, other

    def __str__(self) -> str:
        shapes = f"shape {list(self.first)} for one row and {list(self.other)} for another"
        return f"output {self.output!r} has {shapes}; ask for each alone"


class Session(Protocol):
    """What answers for a graph."""

    def run(
        self, names: Sequence[str], feeds: Mapping[str, NDArray[Any]], options: Any = None
    ) -> Sequence[NDArray[Any]]:
        """The outputs ``[rows, …]`` of these names for the inputs ``[rows, …]``."""
        ...


class RowByRow:
    """Answers each row by a run of its own, in which nothing counts rows: inputs and outputs are those of the graph."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(
        self, names: Sequence[str], feeds: Mapping[str, NDArray[Any]], options: Any = None
    ) -> Sequence[NDArray[Any]]:
        """The outputs ``[rows, …]``, for at least one row. Raises ``UnevenAnswersError``."""
        rows = range(len(next(iter(feeds.values()))))
        # The ellipsis keeps what has no dimension an array.
        asked = ({name: aligned(of[row, ...]) for name, of in feeds.items()} for row in rows)
        runs = [self._session.run(names, one, options) for one in asked]
        return [_stacked(name, parts) for name, parts in zip(names, zip(*runs, strict=True), strict=True)]


def session_of(signature: Signature, session: Session) -> Session:
    """What answers rows of ``signature`` from the session of its graph."""
    return RowByRow(session) if signature.form == "whole" else session


def bare(session: Session) -> Session:
    """What ``session`` runs, without what looks at each call: feeds that were made to fit need no look.

    It has to be given options, or None. The looks take a third of the time of a short inference.
    """
    found: Session = getattr(session, "_sess", session)
    return found


def _stacked(name: str, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    for part in parts:
        if part.shape != parts[0].shape:
            raise UnevenAnswersError(name, parts[0].shape, part.shape)
    return np.stack(parts)


def open_session(
    model: bytes | Path, threads: int = 1, external: Mapping[str, bytes] | None = None
) -> onnxruntime.InferenceSession:
    """Load a serialised graph, on the CPU, with ``threads`` threads for one inference, none of them spinning.

    ``external`` holds the files of external data by the location that the graph names; those of a graph that is given
    by its path may lie beside it.
    Raises ``BrokenRuntimeError`` and ``ModelLoadError``.
    """
    refuse_broken_runtime(onnxruntime.__version__)
    options = _options(threads)
    if external:
        add_external(options, external)
    try:
        source = str(model) if isinstance(model, Path) else model
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # ONNX Runtime's errors share no class but Exception; its own module marks them.
        if not _from_runtime(error):
            raise
        raise ModelLoadError(str(error)) from error


def run_options() -> Any:
    """Options of one inference; setting their ``terminate`` in another thread ends it."""
    return _RUN_OPTIONS()


def give_back(options: Any) -> None:
    """Have an inference give back at its end what memory the arena took and no longer uses."""
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")


def add_external(options: Any, external: Mapping[str, bytes]) -> None:
    """Give a session's options the files of external data. Raises ``ModelLoadError`` where the runtime takes none."""
    add = getattr(options, "add_external_initializers_from_files_in_memory", None)
    if add is None:
        raise ModelLoadError("its weights lie in files of their own; install onnxruntime>=1.28")
    add(list(external), list(external.values()), [len(data) for data in external.values()])


def refuse_broken_runtime(version: str) -> None:
    """Raise ``BrokenRuntimeError`` for a version of ONNX Runtime that is known to answer wrongly."""
    if version.split("+")[0] in BROKEN_RUNTIMES:
        raise BrokenRuntimeError(version)


def reason_of(said: str) -> str:
    """What ONNX Runtime said of the values, without what it says of its own sources."""
    reason = said.rpartition("Status Message: ")[2].strip()
    if SOURCE.search(reason):
        return ""
    return cut(reason, SHOWN)


def _options(threads: int) -> Any:
    options = cast(Any, onnxruntime).SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = NOTHING
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.use_env_allocators", "1")
    return options


def _from_runtime(error: Exception) -> bool:
    return isinstance(error, RuntimeError | ValueError) or type(error).__module__.startswith("onnxruntime")
