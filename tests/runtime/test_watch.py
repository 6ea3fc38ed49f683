import math
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from lading.bundles.bundle import open_bundle
from lading.runtime import watch as watch_module
from lading.runtime.deadlines import Deadlines
from lading.runtime.errors import DeadlineError
from lading.runtime.model import Model
from lading.runtime.watch import Run, Watch

QUICK, ENDLESS = {"X": np.array([[2.0]])}, {"X": np.array([[1e15]])}


def load(path: Path, watch: Watch | None = None, seconds: float = math.inf) -> Model:
    with open_bundle(path) as bundle:
        return Model.load(bundle, watch=watch, deadlines=Deadlines(seconds=seconds))


def test_an_inference_that_ends_in_time_is_answered(loops_bundle: Path) -> None:
    model = load(loops_bundle)
    assert model.run(QUICK, model.begin(60))["same"].tolist() == [[2.0]]


def test_an_endless_inference_is_stopped_at_its_deadline_and_the_model_answers_on(loops_bundle: Path) -> None:
    model = load(loops_bundle, seconds=0.2)
    with pytest.raises(DeadlineError, match=r"within 0\.2 s"):
        model.run(ENDLESS, model.begin())
    assert model.run(QUICK, model.begin())["same"].tolist() == [[2.0]]


def test_any_thread_can_stop_an_inference(loops_bundle: Path) -> None:
    model = load(loops_bundle)
    run = model.begin()
    threading.Timer(0.1, run.stop).start()
    with pytest.raises(DeadlineError):
        model.run(ENDLESS, run)


def test_an_inference_that_was_stopped_before_or_is_too_late_never_begins(loops_bundle: Path) -> None:
    model = load(loops_bundle)
    stopped = model.begin()
    stopped.stop()
    late = model.begin(0.01)
    time.sleep(0.02)
    for run in (stopped, late):
        with pytest.raises(DeadlineError):
            model.run(QUICK, run)
        assert run.began == 0


def test_a_client_can_lower_its_deadline_and_never_raise_it(loops_bundle: Path) -> None:
    model = load(loops_bundle, seconds=5)
    assert model.begin(60).remaining() <= 5
    assert model.begin(0.5).remaining() <= 0.5
    run = model.begin(0.5)
    run.lower(60)
    run.lower(None)
    assert run.remaining() <= 0.5


def test_only_an_inference_that_cannot_be_stopped_is_said_to_hang(loops_bundle: Path) -> None:
    class Deaf(Run):
        def stop(self) -> None:
            self.stopped, self.told = True, time.monotonic()  # ONNX Runtime hears nothing of it

    said: list[Run] = []
    heard = threading.Event()

    def hung(run: Run) -> None:
        said.append(run)
        heard.set()
        Run.stop(run)

    watch = Watch(hung)
    model = load(loops_bundle, watch)
    with pytest.raises(DeadlineError):
        model.run(ENDLESS, watch.begin(0.1))
    deaf = Deaf(watch, 0.1)
    with pytest.raises(DeadlineError):
        model.run(ENDLESS, deaf)
    assert heard.is_set()
    assert set(said) == {deaf}


def test_an_inference_whose_process_stood_still_at_its_deadline_gets_time_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch_module, "GRACE_SECONDS", 0.05)
    said: list[Run] = []
    watch = Watch(said.append)
    run = Run(watch, 0.01)  # no thread looks on
    watch.running.add(run)
    time.sleep(0.1)
    watch.look()
    assert (run.stopped, said) == (True, [])
    time.sleep(0.06)
    watch.look()
    assert said == [run]


def test_a_model_whose_work_depends_on_the_values_is_never_run_in_the_event_loop(
    loops_bundle: Path, bundles: dict[str, Path]
) -> None:
    assert not load(loops_bundle).quick(1)
    assert load(bundles["cells"]).quick(1)


def test_a_model_that_took_too_long_leaves_the_event_loop_but_not_at_a_clients_wish(loops_bundle: Path) -> None:
    model = load(loops_bundle, seconds=1)
    model.seconds_per_call = 0.0  # as one without loops would have
    with pytest.raises(DeadlineError):
        model.run(ENDLESS, model.begin(0.1))
    assert model.quick(1)
    with pytest.raises(DeadlineError):
        model.run(ENDLESS, model.begin())
    assert not model.quick(1)


def test_a_run_that_ended_in_time_can_be_a_fresh_one(loops_bundle: Path) -> None:
    model = load(loops_bundle, seconds=60)
    run = model.begin(5)
    model.run(QUICK, run)
    assert run.renew(60)
    assert (run.seconds, run.began, run.ended) == (60, 0, 0)
    assert 59 < run.remaining() <= 60
    assert run.limit == run.deadline
    assert model.run(QUICK, run)["same"].tolist() == [[2.0]]


def test_a_run_that_was_stopped_or_was_late_cannot(loops_bundle: Path) -> None:
    model = load(loops_bundle, seconds=60)
    stopped, late = model.begin(), model.begin(0.01)
    stopped.stop()
    time.sleep(0.02)
    assert not stopped.renew(60)
    assert not late.renew(60)


def test_a_renewed_run_is_stopped_at_its_own_deadline(loops_bundle: Path) -> None:
    model = load(loops_bundle, seconds=60)
    run = model.begin()
    model.run(QUICK, run)
    assert run.renew(0.2)
    with pytest.raises(DeadlineError, match=r"within 0\.2 s"):
        model.run(ENDLESS, run)
