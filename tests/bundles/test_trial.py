"""The trial: whatever a bundle does to the process that loads it, the one that asks goes on and hears why."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from onnx import GraphProto, NodeProto, TensorProto, helper, load_model_from_string

from lading.bundles import trial
from lading.bundles.bundle import open_bundle
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.trial import Report, TrialError, try_bundle
from lading.core.settings import Limits
from tests.bundles.graphs import model_of, penguins

MakeDraft = Callable[..., Draft]


def tried(draft: Draft, folder: Path, limits: Limits | None = None) -> Report:
    path = folder / "x.lading"
    digest = write_bundle(draft, path)
    return try_bundle(path, digest, Limits() if limits is None else limits)


def endless() -> bytes:
    """A graph that turns for ever."""
    return _turning([helper.make_node("Constant", [], ["steps"], value_int=2**62)])


def hiding() -> bytes:
    """A graph that turns for ever where it is asked more than one row."""
    nodes = [
        helper.make_node("Constant", [], ["single"], value_int=1),
        helper.make_node("Constant", [], ["many"], value_int=2**40),
        helper.make_node("Size", ["numbers"], ["size"]),
        helper.make_node("Shape", ["numbers"], ["width"], start=1),
        helper.make_node("Div", ["size", "width"], ["rows"]),
        helper.make_node("Sub", ["rows", "single"], ["others"]),
        helper.make_node("Mul", ["others", "many"], ["steps"]),
    ]
    return _turning(nodes)


def _turning(nodes: list[NodeProto]) -> bytes:
    """A graph that turns ``steps`` times, a number that ``nodes`` make."""
    turning = helper.make_node("Loop", ["steps", "", "start"], ["ended"], body=_body())
    start = helper.make_node("Constant", [], ["start"], value_float=0.0)
    return _answering([*nodes, start, turning])


def greedy(elements: int) -> bytes:
    """A graph that asks for so many numbers at once."""
    shape = helper.make_node("Constant", [], ["shape"], value_ints=[elements])
    many = helper.make_node("ConstantOfShape", ["shape"], ["many"])
    more = helper.make_node("RandomUniformLike", ["many"], ["random"], dtype=TensorProto.FLOAT)
    ended = helper.make_node("ReduceMax", ["random"], ["ended"], keepdims=0)
    return _answering([shape, many, more, ended])


def _body() -> GraphProto:
    same = helper.make_node("Identity", ["on"], ["still"])
    count = helper.make_node("Identity", ["before"], ["after"])
    inputs = [
        helper.make_tensor_value_info("step", TensorProto.INT64, []),
        helper.make_tensor_value_info("on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("before", TensorProto.FLOAT, []),
    ]
    outputs = [
        helper.make_tensor_value_info("still", TensorProto.BOOL, []),
        helper.make_tensor_value_info("after", TensorProto.FLOAT, []),
    ]
    return helper.make_graph([same, count], "body", inputs, outputs)


def _answering(nodes: list[NodeProto]) -> bytes:
    """The graph of the small draft, whose probabilities wait for ``ended``."""
    model = load_model_from_string(penguins())
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    (where,) = [node for node in model.graph.node if "probabilities" in node.output]
    where.output[0] = "waiting"
    model.graph.node.append(helper.make_node("Mul", ["ended", "nothing"], ["zero"]))
    model.graph.node.append(helper.make_node("Add", ["waiting", "zero"], ["probabilities"]))
    model.graph.initializer.append(helper.make_tensor("nothing", TensorProto.FLOAT, [], [0.0]))
    return model.SerializeToString()


def children() -> set[int]:
    """The processes that this one started and that are there, ended or not."""
    return {child.pid for child in psutil.Process().children()}


def test_a_sound_bundle_passes_and_leaves_no_process(archive: Path, folder: Path) -> None:
    with open_bundle(archive) as bundle:
        digest = bundle.digest
    before = children()
    for path in (archive, folder):
        assert try_bundle(path, digest).problem is None
    assert children() <= before


def test_a_bundle_that_answers_otherwise_is_refused(make_draft: MakeDraft, tmp_path: Path) -> None:
    draft = make_draft()
    golden = draft.golden.model_copy(update={"outputs": {**draft.golden.outputs, "label": ("Gentoo", "Gentoo")}})
    with pytest.raises(TrialError, match="golden row 0 with label") as caught:
        tried(replace(draft, golden=golden), tmp_path)
    assert caught.value.exit_code == 4


def test_a_graph_that_the_runtime_does_not_know_is_refused(make_draft: MakeDraft, tmp_path: Path) -> None:
    model = model_of([helper.make_node("NoSuchOperator", ["numbers"], ["probabilities"])]).SerializeToString()
    with pytest.raises(TrialError, match="cannot load the graph"):
        tried(make_draft(model=model), tmp_path)


@pytest.mark.parametrize(
    ("model", "limits"),
    [
        pytest.param(endless, Limits(load_seconds=1), id="in all"),
        pytest.param(endless, Limits(hang_seconds=0.5), id="at the first row"),
        pytest.param(hiding, Limits(hang_seconds=0.5), id="at another row"),
    ],
)
def test_a_graph_that_never_ends_is_ended(
    model: Callable[[], bytes], limits: Limits, make_draft: MakeDraft, tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(TrialError, match=r"in time; LADING_HANG_SECONDS \(.+\) and LADING_LOAD_SECONDS"):
        tried(make_draft(model=model()), tmp_path, limits)
    assert time.monotonic() < began + 2 * trial.START_SECONDS


def test_a_graph_that_takes_too_much_memory_is_refused_and_one_that_does_not_is_taken(
    make_draft: MakeDraft, tmp_path: Path
) -> None:
    limits = Limits(load_bytes=256 << 20)
    assert tried(make_draft(model=greedy(1 << 20)), tmp_path, limits).problem is None
    with pytest.raises(TrialError):
        tried(make_draft(model=greedy(1 << 30)), tmp_path, limits)


def test_another_bundle_at_the_path_is_noticed(make_draft: MakeDraft, archive: Path) -> None:
    with pytest.raises(TrialError, match="and was sha256:000"):
        try_bundle(archive, "sha256:" + "0" * 64)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGBUS, signal.SIGILL])
def test_the_one_that_asks_survives_every_end_of_the_process(
    archive: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, tmp_path: Path
) -> None:
    dying = tmp_path / "python"
    dying.write_text(f"#!/bin/sh\nkill -{int(number)} $$\n")
    dying.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(TrialError, match=f"ended its process by {number.name}"):
        try_bundle(archive, "sha256:" + "0" * 64)


def test_a_process_that_does_not_stop_talking_is_not_listened_to(
    archive: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    talking = tmp_path / "python"
    talking.write_text("#!/bin/sh\nwhile :; do echo $$ and more and more; done\n")
    talking.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(talking))
    with pytest.raises(TrialError):
        try_bundle(archive, "sha256:" + "0" * 64)


CONFINED = """
import json, os, socket, tempfile
from lading.bundles import trial_process
apart = trial_process._without_network()
missing = trial_process._bounded(1 << 28, 5.0)
facts = {"apart": apart, "missing": missing, "uid": os.geteuid(), "interfaces": [name for _, name in socket.if_nameindex()]}
try:
    facts["wrote"] = os.write(tempfile.TemporaryFile().fileno(), b"x")
except OSError:
    facts["wrote"] = 0
try:
    bytearray(1 << 30)
    facts["took"] = True
except MemoryError:
    facts["took"] = False
print(json.dumps(facts))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give all of it away without user namespaces")
def test_the_process_gives_away_what_it_does_not_need() -> None:
    ran = subprocess.run([sys.executable, "-c", CONFINED], capture_output=True, text=True, timeout=60, check=True)
    facts = json.loads(ran.stdout)
    assert (facts["missing"], facts["uid"], facts["wrote"], facts["took"]) == ([], 65534, 0, False)
    assert facts["interfaces"] == ["lo"] or not facts["apart"]
