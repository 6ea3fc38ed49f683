"""The observed: counted once each, bounded, summed like one, and found where they have shifted."""

import json
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest

from lading.bundles.signature import Feed
from lading.runtime.deployments import Deployments
from lading.runtime.drift.columns import Categories
from lading.runtime.drift.counts import Counts
from lading.runtime.drift.drift import Drift, FieldDrift, bins_of, drift_of
from lading.runtime.drift.observed import ROWS, VALUES, Observed
from lading.runtime.model import Model
from tests.runtime.visits import UNUSED, columns_of, frame


def fresh(model: Model) -> Observed:
    return Observed(model.signature, model.profile)


def observed(model: Model, given: pd.DataFrame, step: int = 200) -> Observed:
    """What is observed of a model that is asked all rows, some at a time."""
    found = fresh(model)
    for start in range(0, len(given), step):
        part = given.iloc[start : start + step]
        found.offer(model.encoder.encode(columns_of(part)), len(part))
        found.settled()
    return found


def drift(model: Model, given: pd.DataFrame) -> Drift:
    found = observed(model, given)
    return drift_of(found, found.settled())


def by_name(found: Drift) -> dict[str, FieldDrift]:
    return {field.name: field for field in found.fields}


def summed(parts: Iterable[Counts]) -> Counts:
    total = Counts()
    for part in parts:
        total.add(part)
    return total


def test_every_field_that_the_model_uses_is_counted_and_no_other(model: Model) -> None:
    kinds = {field.name: field.kind for field in drift(model, frame(10)).fields}
    assert kinds == {
        "age": "numbers",
        "kids": "numbers",
        "member": "categories",
        "score": "numbers",
        "city": "categories",
        "when": "moments",
        "note": "lengths",
    }
    assert UNUSED not in kinds


def test_every_value_is_in_a_bin(model: Model) -> None:
    found = observed(model, frame(300, seed=3, shift=0.5)).settled()
    assert found.rows == 300
    assert {name: bins.sum() for name, bins in found.columns.items()} == dict.fromkeys(found.columns, 300)


@pytest.mark.parametrize("cut", [1, 63, 100, 199])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_two_have_counted_is_what_one_would_have(model: Model, cut: int, seed: int) -> None:
    given = frame(200, seed, 0.3)
    parts = [observed(model, part).settled() for part in (given.iloc[:cut], given.iloc[cut:])]
    total, whole = summed(parts), observed(model, given).settled()
    assert total.rows == whole.rows
    assert {name: bins.tolist() for name, bins in total.columns.items()} == {
        name: bins.tolist() for name, bins in whole.columns.items()
    }


def test_counts_come_back_as_they_were_written(model: Model) -> None:
    found = observed(model, frame(50)).settled()
    assert Counts.read(json.loads(json.dumps(found.document()))).document() == found.document()


@pytest.mark.parametrize("rows", [100, 1000, 4000])
def test_rows_like_those_of_training_are_stable(model: Model, rows: int) -> None:
    found = drift(model, frame(rows, seed=11))
    assert [(field.name, field.psi) for field in found.fields if field.verdict != "stable"] == []
    assert found.verdict == "stable"
    assert all(field.distance is None or field.distance < 0.1 for field in found.fields)


def test_the_training_data_itself_has_hardly_drifted(model: Model) -> None:
    found = drift(model, frame(2000))
    assert [field.name for field in found.fields if field.psi is None or field.psi > 0.01] == []
    assert [field.name for field in found.fields if field.outside or field.unseen] == []


def test_the_columns_that_have_shifted_are_found_and_no_others(model: Model) -> None:
    found = by_name(drift(model, frame(2000, seed=12, shift=1)))
    assert {name for name, field in found.items() if field.verdict == "shifted"} == {
        "age", "kids", "score", "city", "note",
    }  # fmt: skip
    assert found["member"].verdict == found["when"].verdict == "stable"
    assert found["score"].missing.live == pytest.approx(0.4, abs=0.05)
    assert found["score"].missing.training == pytest.approx(0.1, abs=0.05)
    assert found["note"].outside == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("shift", [0.25, 0.5, 1.0])
def test_the_distance_says_how_far_numbers_have_moved(model: Model, shift: float) -> None:
    found = by_name(drift(model, frame(4000, seed=13, shift=shift)))["age"]
    spread = 2 * 1.2816 * 10  # between the outer deciles of a normal distribution
    assert found.distance == pytest.approx(20 * shift / spread, rel=0.15)


def test_moments_are_compared_as_such(model: Model) -> None:
    found = by_name(drift(model, frame(400, seed=14, start="2024-12-01")))["when"]
    assert found.verdict == "shifted"
    assert found.outside == pytest.approx(334 / 365, abs=0.1)


def test_few_rows_are_not_judged(model: Model) -> None:
    found = drift(model, frame(99, shift=1))
    assert {field.verdict for field in found.fields} == {"not enough rows"} == {found.verdict}
    assert {field.psi for field in found.fields} == {None}
    assert found.rows == 99


def test_nothing_asked_is_nothing_said(model: Model) -> None:
    found = drift_of(fresh(model), fresh(model).settled())
    assert (found.verdict, found.rows, found.since) == ("not enough rows", 0, None)


def test_new_categories_are_counted_and_not_kept(model: Model) -> None:
    given = frame(200)
    given["city"] = given["city"].astype(str)
    given.loc[:49, "city"] = "Atlantis"
    found = observed(model, given)
    told = by_name(drift_of(found, found.settled()))["city"]
    assert told.unseen == 0.25
    assert told.verdict == "shifted"
    assert "Atlantis" not in json.dumps(found.settled().document())


def test_of_more_categories_than_a_profile_names_none_is_called_new(model: Model) -> None:
    signature, profile = model.signature, model.profile
    place = next(place for place, column in enumerate(profile.columns) if column.name == "city")
    city = profile.columns[place].model_copy(update={"categories": profile.columns[place].categories[:1]})
    fields = (field.model_copy(update={"categories": None}) for field in signature.fields)
    columns = (*profile.columns[:place], city, *profile.columns[place + 1 :])
    found = Observed(
        signature.model_copy(update={"fields": tuple(fields)}), profile.model_copy(update={"columns": columns})
    )
    given = frame(200)
    given["city"] = given["city"].astype(str)
    given.loc[:49, "city"] = "Atlantis"
    found.offer(model.encoder.encode(columns_of(given)), 200)
    assert by_name(drift_of(found, found.settled()))["city"].unseen is None


def test_no_question_waits_beyond_the_bound_and_what_is_left_out_is_not_counted(model: Model) -> None:
    found, feeds = fresh(model), model.encoder.encode(columns_of(frame(1)))
    for _ in range(10 * ROWS):
        found.offer(feeds, 1)
    assert found.settled().rows == ROWS
    found.offer(feeds, 1)
    assert found.settled().rows == ROWS + 1


def test_of_a_long_request_rows_from_all_of_it_are_counted(model: Model) -> None:
    given = pd.concat([frame(5000, seed=1), frame(5000, seed=2, shift=1)])
    asked = model.encoder.encode(columns_of(given)), len(given)
    small, large = fresh(model), fresh(model)
    for _ in range(2):  # there is no room the second time
        small.offer(*asked)
        large.offer_large([asked])
    for found in (small, large):
        counts = found.settled()
        assert ROWS / 2 < counts.rows <= ROWS
        column = next(column for column in found.columns if column.field.name == "city")
        assert isinstance(column.sketch, Categories)
        assert min(bins_of(column, counts)[:2]) > 0.3 * counts.rows


def test_counts_do_not_grow_with_what_is_asked(model: Model) -> None:
    few = {name: len(bins) for name, bins in observed(model, frame(10)).settled().columns.items()}
    many = {name: len(bins) for name, bins in observed(model, frame(3000, seed=2, shift=1)).settled().columns.items()}
    assert few == many
    assert sum(few.values()) < 64 * len(few)


def test_a_matrix_is_counted_column_by_column(trained: Deployments) -> None:
    model, rng = trained.get("readings"), np.random.default_rng(5)
    found = fresh(model)
    for _ in range(5):
        found.offer({"X": rng.normal(size=(200, 2)) * (1, 100) + (3, 0)}, 200)
        found.settled()
    first, second = drift_of(found, found.settled()).fields
    assert (first.verdict, second.verdict) == ("shifted", "stable")


def test_of_a_large_tensor_some_values_are_counted(trained: Deployments) -> None:
    model = trained.get("readings")
    signature = model.signature
    pixels = signature.fields[0].model_copy(update={"feed": Feed(input="X"), "shape": (1000, 10)})
    found = Observed(signature.model_copy(update={"form": "tensors", "fields": (pixels,)}), model.profile)
    found.offer({"X": np.random.default_rng(1).normal(size=(20, 1000, 10))}, 20)
    (bins,) = found.settled().columns.values()
    assert VALUES / 2 < bins.sum() <= VALUES
