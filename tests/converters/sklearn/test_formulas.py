"""Formulas: what we write down ourselves answers as scikit-learn does, on rows that the model has not seen."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, FeatureAgglomeration, MeanShift
from sklearn.compose import TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope
from sklearn.cross_decomposition import CCA, PLSSVD, PLSCanonical
from sklearn.datasets import load_diabetes
from sklearn.decomposition import (
    DictionaryLearning,
    FactorAnalysis,
    FastICA,
    MiniBatchDictionaryLearning,
    MiniBatchSparsePCA,
    SparseCoder,
    SparsePCA,
)
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    RandomTreesEmbedding,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern, RationalQuadratic, WhiteKernel
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_approximation import (
    AdditiveChi2Sampler,
    Nystroem,
    PolynomialCountSketch,
    RBFSampler,
    SkewedChi2Sampler,
)
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.manifold import Isomap
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OutputCodeClassifier
from sklearn.multioutput import RegressorChain
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    NearestCentroid,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
    RadiusNeighborsTransformer,
)
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from sklearn.random_projection import SparseRandomProjection
from sklearn.semi_supervised import LabelPropagation, LabelSpreading, SelfTrainingClassifier
from sklearn.svm import LinearSVC

from tests.converters.sklearn.wines import CLASSES, HELD_OUT, ROWS, title

LOGISTIC = LogisticRegression(max_iter=5000)
BAYES = GaussianNB()

CODERS = [
    SparseCoder(np.cos(np.arange(20.0).reshape(4, 5)), transform_algorithm="threshold", **options)
    for options in ({}, {"transform_alpha": 0.4, "positive_code": True}, {"transform_alpha": 0.4, "split_sign": True})
]

TRANSFORMERS: list[BaseEstimator] = [
    AdditiveChi2Sampler(),
    AdditiveChi2Sampler(sample_steps=3, sample_interval=0.3),
    BernoulliRBM(4, random_state=0),
    DictionaryLearning(3, alpha=0.2, transform_algorithm="threshold", max_iter=5, random_state=0),
    FactorAnalysis(2),
    FastICA(3, random_state=0, max_iter=1000, tol=1e-2),
    FastICA(whiten=False, random_state=0, max_iter=1000, tol=1e-1),
    FeatureAgglomeration(2),
    Isomap(n_components=2),
    MiniBatchDictionaryLearning(
        3, transform_algorithm="threshold", transform_alpha=0.3, split_sign=True, max_iter=5, random_state=0
    ),
    MiniBatchSparsePCA(2, random_state=0),
    Nystroem(n_components=10, random_state=0),
    Nystroem("poly", degree=2, coef0=0.5, n_components=10, random_state=0),
    Nystroem("cosine", n_components=10, random_state=0),
    Nystroem("laplacian", n_components=10, random_state=0),
    Nystroem("sigmoid", gamma=0.1, n_components=10, random_state=0),
    PolynomialCountSketch(degree=3, n_components=16, coef0=1.0, random_state=0),
    PolynomialCountSketch(n_components=9, random_state=0),
    RadiusNeighborsTransformer(radius=0.4),
    RadiusNeighborsTransformer(mode="connectivity", radius=0.4),
    RandomTreesEmbedding(5, random_state=0),
    RandomTreesEmbedding(2, max_depth=1, random_state=0),
    RBFSampler(n_components=8, random_state=0),
    SkewedChi2Sampler(n_components=8, random_state=0),
    SparsePCA(2, random_state=0),
    *CODERS,
    make_pipeline(CODERS[2], FactorAnalysis(2)),
    SparseRandomProjection(3, random_state=0),
    SplineTransformer(),
    SplineTransformer(3, degree=2, extrapolation="linear", include_bias=False),
    SplineTransformer(4, degree=1, extrapolation="continue", knots="quantile"),
    SplineTransformer(5, extrapolation="periodic"),
    TfidfTransformer(),
    TfidfTransformer(norm="l1", use_idf=False, sublinear_tf=True),
    TfidfTransformer(norm=None),
    make_pipeline(SplineTransformer(), FactorAnalysis(2)),
]

LENGTHS = [Normalizer(), Normalizer("l1"), Normalizer("max")]
TRANSFORMERS += [*LENGTHS, make_pipeline(StandardScaler(), LENGTHS[0])]

CLASSIFIERS: list[BaseEstimator] = [
    DummyClassifier(),
    DummyClassifier(strategy="most_frequent"),
    DummyClassifier(strategy="constant", constant=1),
    GaussianProcessClassifier(ConstantKernel(2.0) * RBF(0.5), optimizer=None),
    GaussianProcessClassifier(Matern(0.5, nu=1.5) + WhiteKernel(0.1), optimizer=None),
    GaussianProcessClassifier(Matern(0.5, nu=2.5) * Matern(2.0, nu=0.5), optimizer=None),
    GaussianProcessClassifier(RationalQuadratic(0.7, 0.5) + DotProduct(0.3) ** 2, optimizer=None),
    LabelPropagation(),
    LabelSpreading("knn", n_neighbors=5),
    NearestCentroid(),
    NearestCentroid(priors="empirical"),
    NearestCentroid(shrink_threshold=0.2, priors=[0.5, 0.3, 0.2]),
    OutputCodeClassifier(LOGISTIC, random_state=0),
    OutputCodeClassifier(BAYES, code_size=3, random_state=0),
    RadiusNeighborsClassifier(0.3, outlier_label="most_frequent"),
    RadiusNeighborsClassifier(0.3, weights="distance", outlier_label=2),
    SelfTrainingClassifier(LOGISTIC),
    CalibratedClassifierCV(LOGISTIC),
    CalibratedClassifierCV(LOGISTIC, method="isotonic"),
    CalibratedClassifierCV(make_pipeline(StandardScaler(), LOGISTIC), cv=3),
    CalibratedClassifierCV(make_pipeline(StandardScaler(), LinearSVC()), ensemble=False),
    CalibratedClassifierCV(make_pipeline(SplineTransformer(4), BAYES), cv=3),
    GridSearchCV(NearestCentroid(), {"shrink_threshold": [None, 0.1]}),
    VotingClassifier([("a", NearestCentroid()), ("b", LOGISTIC), ("c", DummyClassifier())], voting="soft"),
    VotingClassifier([("a", NearestCentroid()), ("b", SelfTrainingClassifier(LOGISTIC)), ("c", LOGISTIC)]),
    StackingClassifier([("a", BAYES)], final_estimator=NearestCentroid()),
    StackingClassifier([("a", BAYES)], final_estimator=make_pipeline(SplineTransformer(4), LOGISTIC)),
    StackingClassifier([("a", NearestCentroid()), ("b", make_pipeline(Nystroem(n_components=8, random_state=0), LOGISTIC))], final_estimator=LOGISTIC),
]  # fmt: skip

TWO: list[BaseEstimator] = [
    FixedThresholdClassifier(LOGISTIC, threshold=0.8),
    FixedThresholdClassifier(RandomForestClassifier(5, random_state=0), threshold=0.3),
    FixedThresholdClassifier(LOGISTIC, threshold=0.7, pos_label=0),
    FixedThresholdClassifier(make_pipeline(StandardScaler(), LOGISTIC)),
    TunedThresholdClassifierCV(LOGISTIC, cv=3),
    TunedThresholdClassifierCV(make_pipeline(SplineTransformer(4), BAYES), cv=3, scoring="f1"),
    make_pipeline(StandardScaler(), FixedThresholdClassifier(LOGISTIC, threshold=0.8)),
    CalibratedClassifierCV(LOGISTIC, cv=3),
    CalibratedClassifierCV(make_pipeline(MinMaxScaler(), LinearSVC()), method="isotonic", cv=3),
    GaussianProcessClassifier(RBF(0.5), optimizer=None),
    NearestCentroid(priors=[0.3, 0.7]),
]

REGRESSORS: list[BaseEstimator] = [
    CCA(1),
    DummyRegressor(strategy="median"),
    KernelRidge(kernel="rbf", gamma=2.0),
    KernelRidge(kernel="polynomial", degree=2),
    KernelRidge(kernel="laplacian"),
    PLSCanonical(1),
    RadiusNeighborsRegressor(0.5),
    RadiusNeighborsRegressor(0.5, weights="distance"),
]

CLUSTERS: list[BaseEstimator] = [
    AffinityPropagation(random_state=0, max_iter=1000),
    Birch(threshold=0.2, n_clusters=4),
    BisectingKMeans(5, random_state=0),
    MeanShift(bandwidth=0.5),
    EllipticEnvelope(random_state=0),
    IsolationForest(n_estimators=20, random_state=0),
    IsolationForest(n_estimators=5, max_features=2, contamination=0.1, max_samples=30, random_state=0),
    IsolationForest(n_estimators=3, max_samples=1, random_state=0),
]


def _fitted(model: BaseEstimator, answers: Any = None) -> Any:
    rows = ROWS[~HELD_OUT]
    return clone(model).fit(rows) if answers is None else clone(model).fit(rows, answers[~HELD_OUT])


def _in_front(model: BaseEstimator) -> Pipeline:
    return make_pipeline(MinMaxScaler((0.1, 0.9)), model)


@pytest.mark.parametrize("around", [clone, _in_front], ids=["alone", "in a pipeline"])
@pytest.mark.parametrize("model", TRANSFORMERS, ids=title)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::UserWarning")
def test_transformers(model: BaseEstimator, around: Any, same: Any) -> None:
    asked = same(_fitted(around(model)), ROWS[~HELD_OUT], ROWS[HELD_OUT])
    (output,) = asked.comparison.outputs
    assert min(output.max_absolute, output.max_relative) < 1e-9


@pytest.mark.parametrize("around", [clone, _in_front], ids=["alone", "in a pipeline"])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=title)
@pytest.mark.filterwarnings("ignore:y contains no unlabeled samples")
def test_classifiers(model: BaseEstimator, around: Any, same: Any) -> None:
    asked = same(_fitted(around(model), CLASSES), ROWS[~HELD_OUT], ROWS[HELD_OUT])
    assert asked.comparison.label_flips == 0


@pytest.mark.parametrize("names", [np.array([0, 1]), np.array(["no", "yes"]), np.array([False, True])], ids=str)
@pytest.mark.parametrize("model", TWO, ids=title)
def test_classifiers_of_two_classes(model: BaseEstimator, names: Any, same: Any) -> None:
    if getattr(model, "pos_label", None) is not None or getattr(model, "scoring", None) == "f1":
        names = np.array([0, 1])
    asked = same(_fitted(model, names[(CLASSES == 1).astype(int)]), ROWS[~HELD_OUT], ROWS[HELD_OUT])
    assert asked.comparison.label_flips == 0


@pytest.mark.parametrize("around", [clone, _in_front], ids=["alone", "in a pipeline"])
@pytest.mark.parametrize("model", REGRESSORS, ids=title)
def test_regressors(model: BaseEstimator, around: Any, same: Any) -> None:
    same(_fitted(around(model), ROWS @ np.arange(5.0)), ROWS[~HELD_OUT], ROWS[HELD_OUT])


@pytest.mark.parametrize("model", CLUSTERS, ids=title)
def test_clusters_and_outliers(model: BaseEstimator, same: Any) -> None:
    same(_fitted(model), ROWS[~HELD_OUT], ROWS[HELD_OUT])
    same(_fitted(_in_front(model)), ROWS[~HELD_OUT], ROWS[HELD_OUT])


@pytest.mark.parametrize(
    "model",
    [
        CCA(1), PLSCanonical(2), KernelRidge(), DummyRegressor(), RadiusNeighborsRegressor(0.5),
        RegressorChain(Ridge()), RegressorChain(LinearRegression(), order=[1, 0]),
        make_pipeline(StandardScaler(), RegressorChain(make_pipeline(StandardScaler(), Ridge()))),
    ],
    ids=title,
)  # fmt: skip
def test_several_targets(model: BaseEstimator, same: Any) -> None:
    targets = ROWS[:, :2] ** 2 @ np.array([[1.0, 2.0], [0.5, -1.0]])
    asked = same(_fitted(model, targets), ROWS[~HELD_OUT], ROWS[HELD_OUT])
    assert asked.found["value"].shape == (HELD_OUT.sum(), 2)


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler(), MaxAbsScaler()], ids=title)
@pytest.mark.parametrize("model", [Ridge(), RandomForestRegressor(5, random_state=0), KernelRidge()], ids=title)
@pytest.mark.parametrize("targets", [1, 2])
def test_targets_that_were_scaled(scaler: BaseEstimator, model: BaseEstimator, targets: int, same: Any) -> None:
    answers = (ROWS[:, :2] * [300.0, 2.0] + 1000)[:, : targets if targets > 1 else None]
    answers = answers if targets > 1 else answers[:, 0]
    asked = same(
        _fitted(TransformedTargetRegressor(model, transformer=scaler), answers), ROWS[~HELD_OUT], ROWS[HELD_OUT]
    )
    assert asked.found["value"].shape == (HELD_OUT.sum(), targets)


def test_latent_variables_of_two_tables(same: Any) -> None:
    same(_fitted(PLSSVD(2), ROWS[:, :2]), ROWS[~HELD_OUT], ROWS[HELD_OUT])


@pytest.mark.parametrize("out_of_bounds", ["nan", "clip"])
@pytest.mark.parametrize("increasing", [True, False, "auto"])
def test_isotonic_lines(out_of_bounds: str, increasing: Any, same: Any) -> None:
    rows, targets = load_diabetes(return_X_y=True)
    model = IsotonicRegression(out_of_bounds=out_of_bounds, increasing=increasing).fit(rows[100:, 2:3], targets[100:])
    same(model, rows[100:, 2:3], np.vstack([rows[:100, 2:3], [[-1.0], [1.0]]]))


def test_an_isotonic_line_of_one_point(same: Any) -> None:
    rows = np.array([[1.0], [1.0], [1.0]])
    same(IsotonicRegression(out_of_bounds="clip").fit(rows, [1.0, 2.0, 3.0]), rows, np.array([[0.0], [2.0]]))


@pytest.mark.parametrize("model", LENGTHS, ids=title)
def test_rows_without_a_length_stay_zero(model: BaseEstimator, same: Any) -> None:
    rows = np.vstack([np.zeros((2, 3)), ROWS[:20, :3]])
    found = same(clone(model).fit(rows), rows).found["transformed"]
    assert (found[:2] == 0).all()


@pytest.mark.parametrize(
    "around",
    [
        lambda inner: CalibratedClassifierCV(inner, cv=2),
        lambda inner: FixedThresholdClassifier(inner, threshold=0.7),
        lambda inner: OutputCodeClassifier(inner, random_state=0),
        lambda inner: CalibratedClassifierCV(FrozenEstimator(inner)),
    ],
    ids=["calibrated", "threshold", "output code", "frozen"],
)
def test_what_wraps_a_pipeline_over_text_and_numbers(around: Any, penguins: Any, preprocessing: Any, same: Any) -> None:
    inner = make_pipeline(preprocessing(), LOGISTIC)
    labels = penguins.labels == "Gentoo"
    if isinstance(model := around(inner), CalibratedClassifierCV) and isinstance(model.estimator, FrozenEstimator):
        inner.fit(penguins.train, labels)
    same(model.fit(penguins.train, labels), penguins.train, penguins.held_out)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_numbers_at_all(convert: Any, same: Any, data: st.DataObject) -> None:
    """On rows that are drawn, from near 0 to far beyond what the models were trained on."""
    name = data.draw(st.sampled_from(sorted(DRAWN)))
    numbers = st.floats(-1e3, 1e3, allow_nan=False, width=32)
    rows = np.array(data.draw(st.lists(st.lists(numbers, min_size=5, max_size=5), min_size=1, max_size=8)))
    same(DRAWN[name], ROWS[~HELD_OUT], rows)


DRAWN = {
    type(model).__name__: _fitted(model, CLASSES)
    for model in (
        BisectingKMeans(4, random_state=0),
        EllipticEnvelope(random_state=0),
        FactorAnalysis(2),
        GaussianProcessClassifier(RBF(0.5), optimizer=None),
        KernelRidge(kernel="laplacian"),
        NearestCentroid(),
        RandomTreesEmbedding(3, random_state=0),
        SparseRandomProjection(2, random_state=0),
        SplineTransformer(extrapolation="linear"),
        CalibratedClassifierCV(LOGISTIC, method="isotonic"),
    )
}


def test_a_threshold_over_text_alone(same: Any) -> None:
    frame = pd.DataFrame({"kind": list("abcab") * 8})
    labels = np.arange(40) % 5 > 2
    same(FixedThresholdClassifier(make_pipeline(OneHotEncoder(), LOGISTIC), threshold=0.4).fit(frame, labels), frame)


def test_trees_that_never_split(same: Any) -> None:
    rows = np.ones((10, 2))
    same(RandomTreesEmbedding(2, random_state=0).fit(rows), rows)


def test_column_names_do_not_matter(same: Any) -> None:
    frame = pd.DataFrame(ROWS, columns=[f"column {place} (€)" for place in range(5)])
    model = make_pipeline(SplineTransformer(4), NearestCentroid()).fit(frame, CLASSES)
    same(model, frame)
