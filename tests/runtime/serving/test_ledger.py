"""Replicas tell each other what they have counted, and what one has counted is kept when it is gone."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.serving.counts_file import read_lines
from lading.runtime.serving.ledger import Ledger
from lading.runtime.serving.slots import claim_slot
from lading.runtime.tallies import key_of
from lading.runtime.tally import Tally


@pytest.fixture
def model(deployments: Deployments) -> Model:
    return deployments.get("cells")


def answered(ledger: Ledger, model: Model, rows: int) -> None:
    """Count an answer as the replica of ``ledger`` does."""
    ledger.tallies.own.setdefault(key_of(model), Tally()).succeed(rows, 1, 1, 1, 1)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_whichever_replica_is_asked_knows_the_counts_of_all(tmp_path: Path, model: Model) -> None:
    ledgers = [Ledger(claim_slot(tmp_path, 3)) for _ in range(3)]
    for rows, ledger in enumerate(ledgers, 1):
        answered(ledger, model, rows)
    for ledger in ledgers:
        until(lambda ledger=ledger: ledger.tallies.total(model).rows == 6)  # type: ignore[misc]
        assert ledger.tallies.total(model).succeeded == 3
        assert set(ledger.tallies.total(model).batches) == {1, 2, 3}
    for ledger in ledgers:
        ledger.close()


def test_who_takes_the_slot_of_one_that_is_gone_goes_on_with_its_counts(tmp_path: Path, model: Model) -> None:
    slot, other = claim_slot(tmp_path, 2), Ledger(claim_slot(tmp_path, 2))
    gone = Ledger(slot)
    answered(gone, model, 5)
    gone.close()
    slot.release()
    assert other.tallies.total(model).rows == 5
    after = Ledger(claim_slot(tmp_path, 2))
    answered(after, model, 1)
    assert after.tallies.total(model).rows == 6
    after.close()
    assert other.tallies.total(model).rows == 6
    other.close()


def test_nothing_is_written_where_nothing_was_counted(tmp_path: Path) -> None:
    ledger = Ledger(claim_slot(tmp_path, 1))
    ledger.close()
    assert not list(tmp_path.glob("*.tally"))


def test_a_ledger_that_cannot_be_written_says_so_once_and_counts_on(
    tmp_path: Path, model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(claim_slot(tmp_path, 1))
    blocked = tmp_path / "slot0.tally"
    blocked.mkdir()  # nothing can be put in its place
    (blocked / "file").touch()
    with caplog.at_level(logging.WARNING, "lading.runtime"):
        answered(ledger, model, 1)
        until(lambda: bool(caplog.records))
        answered(ledger, model, 1)
        ledger.close()
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "the counts of predictions cannot be shared among replicas"
    ]
    assert ledger.tallies.total(model).rows == 2


def test_what_replicas_were_asked_is_shared_and_outlives_them(tmp_path: Path, trained_bundles: dict[str, Path]) -> None:
    models = [Deployments.load([trained_bundles["readings"]]).get("readings") for _ in range(3)]
    slots = [claim_slot(tmp_path, 3) for _ in range(2)]
    ledgers = [Ledger(slot) for slot in slots]
    for ledger, model in zip(ledgers, models, strict=False):
        ledger.observations.adopt([model])
        model.observed.offer({"X": np.zeros((5, 2))}, 5)
    until(lambda: [ledger.observations.total(models[0]).rows for ledger in ledgers] == [10, 10])
    ledgers[0].close()
    slots[0].release()
    assert ledgers[1].observations.total(models[1]).rows == 10
    after = Ledger(claim_slot(tmp_path, 3))
    after.observations.adopt([models[2]])
    models[2].observed.offer({"X": np.zeros((1, 2))}, 1)
    assert after.observations.total(models[2]).rows == 11
    after.close()
    assert ledgers[1].observations.total(models[1]).rows == 11
    ledgers[1].close()
    (line,) = read_lines(tmp_path / "slot0.drift")
    assert (line["rows"], line["drift"]["rows"]) == (6, 11)


def test_every_replica_comes_to_tell_what_all_were_asked(
    tmp_path: Path, trained_bundles: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lading.runtime.serving.ledger.SHARE", 1)  # not only every five seconds
    models = [Deployments.load([trained_bundles["readings"]]).get("readings") for _ in range(2)]
    ledgers = [Ledger(claim_slot(tmp_path, 2)) for _ in models]

    def told() -> list[int]:
        return [line["drift"]["rows"] for at in (0, 1) for line in read_lines(tmp_path / f"slot{at}.drift")]

    for ledger, model, rows in zip(ledgers, models, (5, 7), strict=True):
        before = told()
        ledger.observations.adopt([model])
        model.observed.offer({"X": np.zeros((rows, 2))}, rows)
        until(lambda before=before: told() != before)  # type: ignore[misc]
    until(lambda: told() == [12, 12])
    for ledger in ledgers:
        ledger.close()
