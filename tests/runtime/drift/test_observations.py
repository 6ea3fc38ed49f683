"""Observations: of what is deployed, from what was kept, with those of the others."""

from collections.abc import Mapping
from pathlib import Path

from lading.runtime.deployments import Deployments
from lading.runtime.drift.counts import Counts
from lading.runtime.drift.observations import Observations
from lading.runtime.model import Model
from tests.runtime.visits import columns_of, frame


def asked(model: Model, rows: int) -> None:
    model.observed.offer(model.encoder.encode(columns_of(frame(rows))), rows)


def kept(model: Model) -> Mapping[tuple[str, str], Counts]:
    return {(model.name, model.digest): Counts.read(model.observed.settled().document())}


def test_the_counts_of_others_are_summed(trained: Deployments, trained_bundles: dict[str, Path]) -> None:
    model, other = trained.get("visits"), Deployments.load([trained_bundles["visits"]]).get("visits")
    asked(model, 5)
    asked(other, 7)
    observations = Observations(others=lambda: [kept(other), {}, {("visits", "another"): Counts(rows=1000)}])
    observations.adopt([model])
    assert observations.total(model).rows == 12
    assert {column.sum() for column in observations.total(model).columns.values()} == {12}
    assert [(own.rows, total.rows) for _, own, total in observations.all()] == [(5, 12)]


def test_what_was_kept_is_gone_on_from_once(model: Model, trained_bundles: dict[str, Path]) -> None:
    asked(model, 5)
    observations = Observations(kept(model))
    fresh = Deployments.load([trained_bundles["visits"]]).get("visits")
    observations.adopt([fresh])
    observations.adopt([fresh])
    asked(fresh, 2)
    assert observations.total(fresh).rows == 7


def test_a_model_that_was_loaded_again_goes_on_and_one_that_left_is_forgotten(
    model: Model, trained_bundles: dict[str, Path]
) -> None:
    observations = Observations()
    observations.adopt([model])
    asked(model, 5)
    again = Deployments.load([trained_bundles["visits"]]).get("visits")
    observations.adopt([again])
    assert observations.total(again).rows == 5
    observations.adopt([])
    assert observations.own() == {}
    later = Deployments.load([trained_bundles["visits"]]).get("visits")
    observations.adopt([later])
    assert observations.total(later).rows == 0
