"""What every test of a framework asks of a bundle."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lading.bundles.bundle import Bundle, open_bundle
from lading.bundles.contents import graph_of
from lading.bundles.session import open_session, session_of
from lading.bundles.tensors.feeds import encode
from lading.converters import package

# Where the frameworks are not installed there is nothing to collect; scripts/test-frameworks has them.
collect_ignore_glob = [] if find_spec("torch") and find_spec("jax") else ["test_*.py"]

Pack = Callable[..., Bundle]


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Pack]:
    """Packages a model, and opens what was written."""
    with ExitStack() as stack:
        numbers = count()

        def packed(model: Any, data: Any, **asked: Any) -> Bundle:
            made = package(model, data, name="network", path=tmp_path / f"network-{next(numbers)}.lading", **asked)
            return stack.enter_context(open_bundle(made.path))

        yield packed


def answers(bundle: Bundle, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the bundle's graph answers to columns as a server would feed them."""
    signature = bundle.manifest.signature
    graph, external = graph_of(bundle)
    session = session_of(signature, open_session(graph, external=external))
    names = [output.tensor.name for output in signature.outputs]
    return dict(zip(names, session.run(names, encode(signature, columns)), strict=True))


def columns_of(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of a matrix as its bundle names them."""
    return {f"x{place}": matrix[:, place] for place in range(matrix.shape[1])}
