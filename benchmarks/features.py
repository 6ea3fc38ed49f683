"""``python -m benchmarks.features``: what a shadow, drift and batching cost or bring, on one server, with and without.

Every pair is measured in turns, so that whatever else the machine does falls on both.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import httpx
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.forms import Message
from benchmarks.measuring import READY_SECONDS, NotReadyError, Result, free_port, load, on_the_wire, say
from benchmarks.processes import Family, started
from benchmarks.subjects import SUBJECTS
from benchmarks.terms import PROCESSES
from lading.converters import package
from lading.core.errors import LadingError
from lading.runtime.administration.client import Client, NoServerError, deployment
from lading.runtime.administration.state_folder import StateFolder

NAME = "model"
PATH = f"/v2/models/{NAME}/infer"
SIZES = (30, 4096, 4096, 2)
"""Of the network's layers: one row takes some milliseconds, most of them for reading the weights from memory."""
ROWS = 64
WARM_SECONDS = 0.5


class NotSoError(LadingError):
    """What was to be measured is not what the server does."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found, self.expected = found, expected

    def __str__(self) -> str:
        return f"the server says {self.found}, and what is measured needs {self.expected}"


@dataclass(frozen=True)
class Server:
    """A server that is administered."""

    port: int
    family: Family
    client: Client
    store: StateFolder

    def call(self, method: str, then: str, bundle: Path | None = None) -> None:
        """Change what is deployed, with ``bundle`` where there is one."""
        wish = {} if bundle is None else {"digest": self.store.bring(bundle)[1].digest}
        self.client.call(method, deployment(NAME, then=then), wish)

    def described(self) -> Mapping[str, object]:
        """What the server says of the model."""
        found: Mapping[str, object] = httpx.get(f"http://127.0.0.1:{self.port}/models/{NAME}").json()
        return found

    def question(self) -> Message:
        """One row, as the model takes it."""
        (tensor,) = httpx.get(f"http://127.0.0.1:{self.port}/v2/models/{NAME}").json()["inputs"]
        shape = [1, tensor["shape"][1]]
        data = np.random.default_rng(7).normal(size=shape[1]).astype(np.float32).tolist()
        tensor = {"name": tensor["name"], "datatype": tensor["datatype"], "shape": shape, "data": data}
        return Message(json.dumps({"inputs": [tensor]}).encode())


@dataclass(frozen=True)
class Feature:
    """The bundle that a server begins with, and how it comes to have the feature and to be without it."""

    bundle: Path
    without: Callable[[Server], None]
    with_it: Callable[[Server], None]


def shadow(folder: Path) -> Feature:
    """The same model again as a shadow."""
    bundle, other = (_gbt(folder, version) for version in ("1.0.0", "1.0.1"))
    return Feature(
        bundle,
        without=lambda server: server.call("DELETE", "/shadow"),
        with_it=lambda server: server.call("PUT", "/shadow", other),
    )


def drift(folder: Path) -> Feature:
    """A bundle whose profile describes its columns, and one whose columns are all sensitive: nothing is compared."""
    bundle, mute = _gbt(folder, "1.0.0"), _gbt(folder, "1.0.1", sensitive=True)

    def deployed(one: Path, compared: int) -> Callable[[Server], None]:
        def deploy(server: Server) -> None:
            server.call("PUT", "", one)
            found = httpx.get(f"http://127.0.0.1:{server.port}/models/{NAME}/drift").json()["fields"]
            if len(found) != compared:
                raise NotSoError(f"{len(found)} fields are compared", str(compared))

        return deploy

    return Feature(bundle, deployed(mute, 0), deployed(bundle, SIZES[0]))


def batching(folder: Path) -> Feature:
    """A network, and the same one with a loop of one step at its end, for which Lading batches no requests."""
    bundle, looped = (_network(folder, looped) for looped in (False, True))

    def deployed(one: Path, used: bool) -> Callable[[Server], None]:
        def deploy(server: Server) -> None:
            server.call("PUT", "", one)
            found = server.described()["batching"]
            if not isinstance(found, Mapping) or found["used"] is not used:
                raise NotSoError(f"batching: {found}", f"used: {used}")

        return deploy

    return Feature(bundle, deployed(looped, used=False), deployed(bundle, used=True))


FEATURES: Mapping[str, Callable[[Path], Feature]] = {"shadow": shadow, "drift": drift, "batching": batching}


def main() -> None:
    """Measure what was asked for, and print it as a table."""
    options = _options()
    print("| | requests/s without | with | p50 ms without | with | p99 ms without | with | CPU ms without | with |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in options.features:
        with tempfile.TemporaryDirectory(prefix="lading-features-") as folder:
            feature = FEATURES[name](Path(folder))
            with _running(feature.bundle, Path(folder)) as server:
                without, with_it = _turns(server, feature, options)
        print(_line(name, without, with_it), flush=True)


def _turns(server: Server, feature: Feature, options: argparse.Namespace) -> tuple[list[Result], list[Result]]:
    """Every round measures both, in turns the one or the other first."""
    found: dict[bool, list[Result]] = {False: [], True: []}
    feature.with_it(server)
    has = True
    for round_ in range(options.rounds):
        for having in (bool(round_ % 2), not round_ % 2):
            if having is not has:
                (feature.with_it if having else feature.without)(server)
            has = having
            found[having].append(_loaded(server, options.connections, options.seconds))
            seen = found[having][-1]["requests_per_second"]
            say(f"  round {round_ + 1}, {'with' if having else 'without'}: {seen:,.0f} requests/s")
    return found[False], found[True]


def _loaded(server: Server, connections: int, seconds: float) -> Result:
    with tempfile.NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(on_the_wire(PATH, server.question(), server.port))
        load(server.port, connections, WARM_SECONDS, path)
        before = server.family.cpu_seconds()
        seen = load(server.port, connections, seconds, path)
        return seen | {"cpu_ms": 1000 * (server.family.cpu_seconds() - before) / seen["requests"]}


def _line(name: str, without: Sequence[Result], with_it: Sequence[Result]) -> str:
    """Medians of the rounds; of requests/s also how those of the same round compare."""
    cells = []
    for key, shown in (("requests_per_second", ",.0f"), ("p50_ms", ".2f"), ("p99_ms", ".2f"), ("cpu_ms", ".3f")):
        one, other = (median(result[key] for result in results) for results in (without, with_it))
        ratio = median(after[key] / before[key] for before, after in zip(without, with_it, strict=True))
        cells += [format(one, shown), f"{format(other, shown)} ({ratio:.3f} x)"]
    return f"| {name} | {' | '.join(cells)} |"


@contextmanager
def _running(bundle: Path, folder: Path) -> Iterator[Server]:
    """A server of ``bundle`` with a state folder."""
    port, state, log = free_port(), folder / "state", folder / "server.log"
    lading = str(Path(sys.executable).with_name("lading"))
    command = [lading, "serve", str(bundle), "--port", str(port), "--state", str(state), "--replicas", str(PROCESSES)]
    with log.open("w") as output, started(command, {}, output) as family:
        client, deadline = Client(state), time.monotonic() + READY_SECONDS
        while not _is_ready(client):
            if family.process.poll() is not None or time.monotonic() > deadline:
                raise NotReadyError(log.read_text()[-300:])
            time.sleep(0.1)
        yield Server(port, family, client, StateFolder(state))


def _is_ready(client: Client) -> bool:
    try:
        client.call("GET", "/deployments")
    except NoServerError:
        return False
    return True


def _gbt(folder: Path, version: str, *, sensitive: bool = False) -> Path:
    subject, model, rows = SUBJECTS["gbt"](folder)
    path, hidden = folder / f"{version}.lading", subject.fields if sensitive else ()
    return package(model, rows, name=NAME, version=version, path=path, sensitive=hidden).path


def _network(folder: Path, looped: bool) -> Path:
    chance = np.random.default_rng(7)
    rows = chance.normal(size=(ROWS, SIZES[0])).astype(np.float32)
    path = folder / f"network{'-looped' if looped else ''}.lading"
    return package(_network_graph(chance, looped), rows, name=NAME, version=f"1.0.{int(looped)}", path=path).path


def _network_graph(chance: np.random.Generator, looped: bool) -> onnx.ModelProto:
    nodes, weights, last = [], [], "X"
    for at, size in enumerate(pairwise(SIZES)):
        values = (chance.normal(size=size) / size[0] ** 0.5).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"W{at}"))
        nodes += [helper.make_node("MatMul", [last, f"W{at}"], [f"a{at}"])]
        last = f"a{at}"
        if at < len(SIZES) - 2:
            nodes.append(helper.make_node("Relu", [last], [f"b{at}"]))
            last = f"b{at}"
    if looped:
        weights += [numpy_helper.from_array(np.array(1), "once"), numpy_helper.from_array(np.array(True), "on")]
        nodes.append(helper.make_node("Loop", ["once", "on", last], ["y"], body=_same()))
    else:
        nodes.append(helper.make_node("Identity", [last], ["y"]))
    inputs = [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", SIZES[0]])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", SIZES[-1]])]
    made = helper.make_graph(nodes, "network", inputs, outputs, weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def _same() -> onnx.GraphProto:
    """The body of a loop that changes nothing."""
    step = helper.make_tensor_value_info("step", TensorProto.INT64, [])
    kept = helper.make_tensor_value_info("kept", TensorProto.BOOL, [])
    goes_on = helper.make_tensor_value_info("goes_on", TensorProto.BOOL, [])
    before = helper.make_tensor_value_info("before", TensorProto.FLOAT, ["N", SIZES[-1]])
    after = helper.make_tensor_value_info("after", TensorProto.FLOAT, ["N", SIZES[-1]])
    nodes = [helper.make_node("Identity", ["goes_on"], ["kept"]), helper.make_node("Identity", ["before"], ["after"])]
    return helper.make_graph(nodes, "same", [step, goes_on, before], [kept, after])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features", description=__doc__)
    parser.add_argument("--features", nargs="+", choices=list(FEATURES), default=list(FEATURES))
    parser.add_argument("--rounds", type=int, default=10, help="an even number: each comes first as often")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=16)
    return parser.parse_args()


if __name__ == "__main__":
    main()
