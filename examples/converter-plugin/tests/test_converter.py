"""The converter keeps all that Lading expects of one, and what a scorecard says is what its bundle says."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lading_scorecards.converter import ScorecardConverter
from scorecards import Scorecard

from lading.bundles.bundle import open_bundle
from lading.bundles.session import open_session
from lading.bundles.tensors.feeds import encode
from lading.converters import package
from lading.converters.testing import Case, Check, checks

ROWS = 400


def applications(missing: bool) -> pd.DataFrame:
    """Made-up applications for a loan, some of whose cells may be missing."""
    chance = np.random.default_rng(7)
    data = pd.DataFrame(
        {
            "income": chance.lognormal(8, 0.5, ROWS).round(2),
            "home": chance.choice(["rents", "owns", "with parents"], ROWS),
            "years": chance.integers(0, 30, ROWS),
        }
    )
    data["repaid"] = np.where(data["income"] + 300 * data["years"] + chance.normal(0, 2000, ROWS) > 5500, "yes", "no")
    if missing:
        data.loc[::7, "income"] = np.nan
        data.loc[::11, "home"] = None
    return data


def case(title: str, data: pd.DataFrame) -> Case:
    """A scorecard that was fitted on those applications."""
    model = Scorecard().fit(data.drop(columns="repaid"), data["repaid"])
    return Case(title, model, data, target="repaid", unfitted=Scorecard(), distributions=("lading-scorecards", "numpy"))


CASES = [
    case("whole", applications(missing=False)),
    case("with missing cells", applications(missing=True)),
    case("numbers only", applications(missing=False)[["income", "years", "repaid"]]),
    case("words only", applications(missing=True)[["home", "repaid"]]),
]


@pytest.mark.parametrize("check", checks(ScorecardConverter, CASES), ids=str)
def test_conforms(check: Check) -> None:
    check()


def test_a_bundle_says_what_the_scorecard_says(tmp_path: Path) -> None:
    data = applications(missing=True)
    model = Scorecard().fit(data.drop(columns="repaid"), data["repaid"])
    made = package(model, data, name="loans", target="repaid", path=tmp_path / "loans.lading")
    asked = data.drop(columns="repaid").assign(home="in a castle")
    with open_bundle(made.path) as bundle:
        signature, graph = bundle.manifest.signature, bundle.read(bundle.manifest.graph.path)
    columns = {name: asked[name].to_numpy() for name in asked}
    label, shares = open_session(graph).run(["label", "probabilities"], encode(signature, columns))
    assert label.tolist() == model.predict(asked).tolist()
    assert np.allclose(shares, model.probabilities(asked), rtol=1e-12)
