"""Margins and votes: what is chosen by them is chosen by them in the graph too, ties and saturated probabilities included."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_wine
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier

from lading.converters import package
from lading.converters.sklearn.formulas import margins
from lading.converters.sklearn.formulas.combining import COMPOSITES
from lading.converters.sklearn.formulas.composites import ASKING

GENERATOR = np.random.default_rng(0)
CENTRES = np.array([[0.0, 0.0], [10.0, 0.0], [4.0, 9.0]])
CLASSES = np.arange(120) % 3
ROWS = CENTRES[CLASSES] + GENERATOR.normal(size=(120, 2))
NAMES = np.array(["ash", "birch", "cedar"])[CLASSES]
GRID = np.stack(np.meshgrid(np.linspace(-5, 15, 61), np.linspace(-5, 15, 61)), -1).reshape(-1, 2)
"""Far from the data, where probabilities are saturated, and between the classes, where votes are equal."""
LOGISTIC = LogisticRegression(max_iter=5000)
TREE = DecisionTreeClassifier(max_depth=1, random_state=0)
HUBER = SGDClassifier(loss="modified_huber", random_state=0)
BAGS = BaggingClassifier(TREE, n_estimators=2, random_state=0)
SCALED = make_pipeline(StandardScaler(), LOGISTIC)

EXACT: list[BaseEstimator] = [
    HUBER,
    SGDClassifier(random_state=0),
    SGDClassifier(loss="log_loss", random_state=0),
    make_pipeline(StandardScaler(), HUBER),
    SVC(break_ties=True),
    SVC(kernel="poly", degree=2, break_ties=True),
    NuSVC(nu=0.2, kernel="sigmoid", gamma=0.01, break_ties=True),
    OneVsOneClassifier(SCALED),
    OneVsOneClassifier(LinearSVC()),
    OneVsOneClassifier(SVC()),
    OneVsOneClassifier(HUBER),
    OneVsOneClassifier(GaussianNB()),
    OneVsOneClassifier(LinearRegression()),
    OneVsOneClassifier(RandomForestClassifier(3, random_state=0)),
    OneVsRestClassifier(HUBER),
    OneVsRestClassifier(SCALED),
    OneVsRestClassifier(SVC(kernel="linear")),
    OneVsRestClassifier(LinearRegression()),
    OneVsRestClassifier(TREE),
    OneVsRestClassifier(AdaBoostClassifier(n_estimators=2, random_state=0)),
    OneVsRestClassifier(FixedThresholdClassifier(GaussianNB(), threshold=0.9)),
    VotingClassifier([("a", LOGISTIC), ("b", TREE), ("c", HUBER)]),
    VotingClassifier([("a", HUBER), ("b", "drop"), ("c", Perceptron()), ("d", SVC())], weights=[1, 5, 2, 1.5]),
    VotingClassifier([("a", make_pipeline(StandardScaler(), RidgeClassifier())), ("b", GaussianNB())]),
    BaggingClassifier(LinearSVC(), n_estimators=2, random_state=0),
    BaggingClassifier(SVC(), n_estimators=3, max_features=1, random_state=0),
    BaggingClassifier(Perceptron(), n_estimators=4, max_samples=4, random_state=0),
    StackingClassifier([("a", SVC()), ("b", LOGISTIC)], LOGISTIC, cv=2),
    StackingClassifier([("a", HUBER), ("b", GaussianNB())], HUBER, cv=2),
    StackingClassifier([("a", LOGISTIC), ("b", BAGS)], make_pipeline(StandardScaler(), Perceptron()), cv=2),
    StackingClassifier([("a", GaussianNB())], OneVsRestClassifier(HUBER), cv=2, passthrough=True),
    StackingClassifier([("a", GaussianNB())], SVC(), cv=2),
    StackingClassifier([("a", TREE)], LinearSVC(), cv=2),
    OutputCodeClassifier(SVC(), random_state=0),
    CalibratedClassifierCV(SVC(), cv=2),
]


def title(model: BaseEstimator) -> str:
    return str(model).replace("\n", "").replace(" ", "")[:80]


@pytest.mark.parametrize("model", EXACT, ids=title)
@pytest.mark.parametrize("labels", [NAMES, CLASSES * 5 - 2, CLASSES == 1], ids=["text", "numbers", "two"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::FutureWarning")
def test_labels_are_those_of_the_model_everywhere(model: BaseEstimator, labels: Any, same: Any) -> None:
    assert same(clone(model).fit(ROWS, labels), ROWS, GRID).comparison.label_flips == 0


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
def test_saturated_probabilities_do_not_choose_the_label(loss: str, same: Any) -> None:
    rows, labels = load_wine(return_X_y=True)
    asked = same(SGDClassifier(loss=loss, random_state=0).fit(rows, labels), rows)
    assert asked.comparison.label_flips == 0


@pytest.mark.parametrize("model", [SVC(probability=True, random_state=0), HistGradientBoostingClassifier(max_iter=3)])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_one_against_the_rest_has_probabilities_too(model: BaseEstimator, same: Any) -> None:
    for labels in (NAMES, CLASSES == 1):
        same(OneVsRestClassifier(clone(model)).fit(ROWS, labels), ROWS, GRID)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_votes_are_those_of_predict_where_probabilities_say_otherwise(same: Any) -> None:
    platt = SVC(probability=True, random_state=0)
    strict = FixedThresholdClassifier(GaussianNB(), threshold=0.99)
    model = VotingClassifier([("a", platt), ("b", strict)]).fit(ROWS, CLASSES == 1)
    assert same(model, ROWS, GRID).comparison.label_flips == 0
    stack = StackingClassifier([("a", LOGISTIC), ("b", GaussianNB())], strict, cv=2).fit(ROWS, CLASSES == 1)
    assert same(stack, ROWS, GRID).comparison.label_flips == 0


@pytest.mark.parametrize("around", [OneVsRestClassifier, lambda inner: VotingClassifier([("a", inner)])])
def test_members_may_take_text(around: Any, same: Any) -> None:
    frame = pd.DataFrame({"kind": NAMES, "colour": np.array(["red", "blue"])[np.arange(120) % 2]})
    model = around(make_pipeline(OneHotEncoder(handle_unknown="ignore"), LOGISTIC)).fit(frame, CLASSES)
    same(model, frame)


@pytest.mark.parametrize("last", [True, False])
def test_of_equals_the_one_is_taken_that_this_version_takes(
    last: bool, monkeypatch: pytest.MonkeyPatch, ask: Any
) -> None:
    from lading.converters.sklearn.formulas import combining

    monkeypatch.setattr(combining, "_last_of_equals", lambda: last)
    model = OneVsRestClassifier(DecisionTreeClassifier(max_depth=1)).fit(ROWS, CLASSES)
    asked = ask(model, ROWS, GRID)
    best = np.array([member.predict_proba(GRID)[:, 1] for member in model.estimators_]).T
    expected = 2 - best[:, ::-1].argmax(axis=1) if last else best.argmax(axis=1)
    assert (asked.found["label"] == expected).all()


def test_what_asks_others_is_written_down_for_all_that_do() -> None:
    assert set(COMPOSITES) == set(ASKING)


def test_a_machine_has_scikit_learns_margins(ask: Any) -> None:
    assert set(margins.FORMULAS) == {SVC, NuSVC, SGDClassifier}
    model = CalibratedClassifierCV(SVC(), cv=2, method="isotonic").fit(ROWS, NAMES)
    assert ask(model, ROWS, GRID).comparison.label_flips == 0


def test_a_bag_of_two_is_packaged(tmp_path: Any) -> None:
    model = BaggingClassifier(LinearSVC(), n_estimators=2, random_state=0).fit(ROWS, NAMES)
    assert package(model, ROWS, name="bag", path=tmp_path / "bag.lading").parity.label_flips == 0
