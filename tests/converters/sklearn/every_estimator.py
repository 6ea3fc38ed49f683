"""Every estimator of scikit-learn's, fitted on data that suits it: what of them converts, and how well."""

import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
import sklearn.experimental.enable_halving_search_cv
import sklearn.experimental.enable_iterative_imputer
from sklearn.base import is_classifier, is_clusterer, is_outlier_detector, is_regressor
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import all_estimators

from lading.converters.package import package
from lading.core.errors import LadingError
from tests.converters.verdicts import band

LOGISTIC = LogisticRegression(max_iter=1000)
WINE = load_wine()
ROWS = StandardScaler().fit_transform(WINE.data[:, :6])
"""178 rows of 6 numbers around 0."""
CLASSES = WINE.target
DIABETES = load_diabetes()
MANY = np.eye(3, dtype=int)[CLASSES]
COUNTS = np.round(np.abs(ROWS) * 3)
TEXTS = pd.Series(["the red wine", "a white wine, dry", "dry red and sweet white", "ünïcode wörds", "the end"] * 20)


@dataclass(frozen=True)
class Data:
    """What an estimator is fitted on."""

    rows: Any
    target: Any = None


PLAIN, REGRESSION = Data(ROWS, CLASSES), Data(DIABETES.data[:200], DIABETES.target[:200])
SEVERAL = Data(ROWS, ROWS[:, :2] @ np.array([[1.0, 2.0], [0.5, -1.0]]) + 1)
GAPS = np.where(np.random.default_rng(0).random(ROWS.shape) < 0.1, np.nan, ROWS)
KINDS = pd.DataFrame({"colour": ["red", "white", "rosé", "red"] * 40, "body": ["full", "light"] * 80})

DATA: Mapping[str, Data] = {
    "AdditiveChi2Sampler": Data(COUNTS),
    "CCA": SEVERAL,
    "CategoricalNB": Data(np.minimum(COUNTS, 3), CLASSES),
    "ClassifierChain": Data(ROWS, MANY),
    "ComplementNB": Data(COUNTS, CLASSES),
    "CountVectorizer": Data(TEXTS),
    "DictVectorizer": Data([{"a": 1.0, "b": 2.0}, {"a": 3.0}] * 20),
    "FeatureHasher": Data([{"a": 1.0, "b": 2.0}, {"a": 3.0}] * 20),
    "FixedThresholdClassifier": Data(ROWS, CLASSES == 1),
    "HashingVectorizer": Data(TEXTS),
    "IsotonicRegression": Data(ROWS[:, :1], ROWS[:, 0] + np.sin(ROWS[:, 1])),
    "IterativeImputer": Data(GAPS),
    "KernelCenterer": Data(ROWS[:6] @ ROWS[:6].T),
    "KNNImputer": Data(GAPS),
    "LabelBinarizer": Data(CLASSES),
    "LabelEncoder": Data(CLASSES),
    "LatentDirichletAllocation": Data(COUNTS),
    "MiniBatchNMF": Data(np.abs(ROWS)),
    "MissingIndicator": Data(GAPS),
    "MultiLabelBinarizer": Data([[1, 2], [3], [1]] * 20),
    "MultiOutputClassifier": Data(ROWS, MANY),
    "MultinomialNB": Data(COUNTS, CLASSES),
    "NMF": Data(np.abs(ROWS)),
    "OneHotEncoder": Data(KINDS),
    "OrdinalEncoder": Data(KINDS),
    "PLSCanonical": SEVERAL,
    "PLSRegression": SEVERAL,
    "PLSSVD": SEVERAL,
    "PatchExtractor": Data(np.random.default_rng(0).random((3, 8, 8))),
    "SimpleImputer": Data(GAPS),
    "SkewedChi2Sampler": Data(np.abs(ROWS)),
    "TargetEncoder": Data(KINDS, np.arange(160) % 2),
    "TfidfTransformer": Data(COUNTS),
    "TfidfVectorizer": Data(TEXTS),
    "TunedThresholdClassifierCV": Data(ROWS, CLASSES == 1),
}
"""What the estimators that cannot do with plain numbers are fitted on."""
DATA = {
    **DATA,
    **dict.fromkeys(
        ["MultiOutputRegressor", "RegressorChain", "MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV"],
        SEVERAL,
    ),
    **dict.fromkeys(["GammaRegressor", "PoissonRegressor", "TweedieRegressor"], Data(ROWS, COUNTS[:, 0] + 1)),
}  # fmt: skip

GRID: dict[str, Any] = {"estimator": LOGISTIC, "param_grid": {"C": [0.1, 1.0]}, "cv": 2}
RANDOM: dict[str, Any] = {"estimator": LOGISTIC, "param_distributions": {"C": [0.1, 1.0]}, "cv": 2}
PAIR = [("a", LOGISTIC), ("b", RandomForestClassifier(3, random_state=0))]
REGRESSORS = [("a", Ridge()), ("b", DecisionTreeRegressor(max_depth=3, random_state=0))]

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "CCA": {"n_components": 1},
    "ColumnTransformer": {"transformers": [("scaled", StandardScaler(), [0, 2])], "remainder": "passthrough"},
    "DictionaryLearning": {"n_components": 4, "max_iter": 20},
    "FastICA": {"n_components": 3, "max_iter": 1000},
    "FeatureUnion": {"transformer_list": [("scaled", StandardScaler())]},
    "GaussianProcessClassifier": {"max_iter_predict": 100},
    "GridSearchCV": GRID,
    "HalvingGridSearchCV": GRID,
    "HalvingRandomSearchCV": RANDOM,
    "HashingVectorizer": {"n_features": 16},
    "HistGradientBoostingClassifier": {"max_iter": 10},
    "HistGradientBoostingRegressor": {"max_iter": 10},
    "IsolationForest": {"n_estimators": 20},
    "KBinsDiscretizer": {"encode": "onehot-dense", "quantile_method": "averaged_inverted_cdf"},
    "IterativeImputer": {"estimator": None, "max_iter": 3},
    "LatentDirichletAllocation": {"n_components": 3, "max_iter": 5},
    "LocalOutlierFactor": {"novelty": True},
    "MiniBatchDictionaryLearning": {"n_components": 4, "max_iter": 20},
    "MiniBatchNMF": {"n_components": 3},
    "MultiOutputRegressor": {"estimator": Ridge()},
    "NMF": {"n_components": 3, "max_iter": 500},
    "Nystroem": {"n_components": 10},
    "Pipeline": {"steps": [("scaled", StandardScaler()), ("logistic", LOGISTIC)]},
    "OrthogonalMatchingPursuitCV": {"max_iter": 5},
    "PLSCanonical": {"n_components": 1},
    "PLSRegression": {"n_components": 2},
    "PLSSVD": {"n_components": 1},
    "QuantileTransformer": {"n_quantiles": 20},
    "RANSACRegressor": {"estimator": None},
    "RadiusNeighborsClassifier": {"radius": 2.0, "outlier_label": "most_frequent"},
    "RadiusNeighborsRegressor": {"radius": 0.2},
    "RadiusNeighborsTransformer": {"radius": 1.0},
    "RandomTreesEmbedding": {"n_estimators": 5},
    "RandomizedSearchCV": {**RANDOM, "n_iter": 2},
    "RegressorChain": {"estimator": Ridge()},
    "SparseCoder": {"dictionary": np.eye(6)[:4]},
    "SparseRandomProjection": {"n_components": 3},
    "GaussianRandomProjection": {"n_components": 3},
    "StackingClassifier": {"estimators": PAIR, "cv": 2},
    "StackingRegressor": {"estimators": REGRESSORS, "cv": 2},
    "TransformedTargetRegressor": {"regressor": Ridge()},
    "VotingClassifier": {"estimators": PAIR, "voting": "soft"},
    "VotingRegressor": {"estimators": REGRESSORS},
}
"""What estimators are told beyond their defaults, because they demand it or for the sake of time."""

DEFAULTS: Mapping[str, Any] = {"random_state": 0, "n_jobs": 1, "max_iter": 2000}
"""What every estimator is told that has such a parameter and nothing of its own above."""
SMALL: Mapping[str, int] = {"n_estimators": 10}


@dataclass(frozen=True)
class Verdict:
    """What became of one estimator."""

    name: str
    kind: str
    precision: str | None
    """The precision of the graph that was proved equal; None where nothing was proved."""
    error: float = 0.0
    """The largest difference between a number of the graph's and the model's, relative where that is less."""
    reason: str = ""
    """What the refusal says."""


def verdicts() -> Iterator[Verdict]:
    """What becomes of every estimator that answers for rows, by name."""
    for name, kind in all_estimators():
        if found := verdict(name, kind):
            yield found


def names() -> list[str]:
    """The names of all estimators."""
    return [name for name, _ in all_estimators()]


def verdict(name: str, kind: type) -> Verdict | None:
    """What becomes of one estimator that is fitted and packaged; None where it neither predicts nor transforms."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = _fitted(name, kind)
        if model is None:
            return None
        family = _family(model)
        rows = _data(name, model).rows
        with tempfile.TemporaryDirectory() as folder:
            try:
                made = package(model, _tabular(rows), name="model", path=Path(folder) / "model.lading")
            except LadingError as error:
                return Verdict(name, family, None, reason=_first(str(error)))
    numbers = [min(output.max_absolute, output.max_relative) for output in made.parity.outputs]
    return Verdict(name, family, made.parity.precision, max(numbers, default=0.0))


def _tabular(rows: Any) -> Any:
    if isinstance(rows, pd.Series):
        return rows.to_frame("text")
    if isinstance(rows, list) and not isinstance(rows[0], dict):
        return pd.DataFrame({"values": [str(row) for row in rows]})
    return rows.reshape(-1, 1) if isinstance(rows, np.ndarray) and rows.ndim == 1 else rows


def _data(name: str, model: Any) -> Data:
    return DATA.get(name, REGRESSION if is_regressor(model) else PLAIN)


def _fitted(name: str, kind: type) -> Any:
    """The estimator fitted on its data; None for one that can neither predict nor transform."""
    model = _made(name, kind)
    data = _data(name, model)
    fitted = model.fit(data.rows) if data.target is None else model.fit(data.rows, data.target)
    return fitted if hasattr(fitted, "predict") or hasattr(fitted, "transform") else None


def _made(name: str, kind: type) -> Any:
    settings = dict(SETTINGS.get(name, {}))
    if name == "FrozenEstimator":
        return kind(LOGISTIC.fit(ROWS, CLASSES))
    known = kind._get_param_names()  # type: ignore[attr-defined]
    if "estimator" in known and "estimator" not in settings and not hasattr(kind, "estimators_samples_"):
        settings["estimator"] = Ridge() if "Regressor" in name else LOGISTIC
    settings |= {option: value for option, value in DEFAULTS.items() if option in known and option not in settings}
    if "n_estimators" in known and "n_estimators" not in settings:
        settings |= SMALL
    return kind(**settings)


def _family(model: Any) -> str:
    if is_classifier(model) or is_regressor(model):
        return "classifier" if is_classifier(model) else "regressor"
    if is_clusterer(model) or is_outlier_detector(model):
        return "clusterer" if is_clusterer(model) else "outlier detector"
    return "transformer" if hasattr(model, "transform") else "density"


def _first(message: str) -> str:
    return re.sub(r"^cannot convert [\w.]+: (the model )?", "", message.splitlines()[0])


HEAD = """# Coverage

Written by `scripts/coverage`, held to what it finds by `scripts/test-cases`. Do not edit. First scikit-learn, then [boosted trees](#boosted-trees); [networks](coverage-networks.md) have a page of their own.

Every estimator of scikit-learn {version}'s `all_estimators()` that answers for rows, by `predict` or `transform`, is fitted on data that suits it and packaged as [conversion](conversion.md) tells. **{proved} of {all} are proved equal; {refused} are refused**, none is converted unproved. {silent} more have nothing to convert: they only describe the rows that they were fitted on.

| kind | proved equal | refused |
|---|---|---|
{kinds}

A precision of `float64` says that the graph computes in float64 throughout, which was tried because `mixed` differed; `mixed` is float64 up to the last step, which is float64 too where the formula is ours, and float32 where ONNX Runtime has no other. The error is the largest difference in a number, relative where the number is large.

## Proved equal

| estimator | kind | precision | error below |
|---|---|---|---|
{table}

## Refused

| estimator | kind | why, and what to do |
|---|---|---|
{refusals}
"""


def document(found: Sequence[Verdict]) -> str:
    """The page that tells of all verdicts."""
    proved = [one for one in found if one.precision is not None]
    refused = [one for one in found if one.precision is None]
    kinds = [
        f"| {kind} | {sum(one.kind == kind for one in proved)} | {sum(one.kind == kind for one in refused)} |"
        for kind in sorted({one.kind for one in found})
    ]
    return HEAD.format(
        version=".".join(sklearn.__version__.split(".")[:2]),
        proved=len(proved),
        refused=len(refused),
        all=len(found),
        silent=len(names()) - len(found),
        kinds="\n".join(kinds),
        table="\n".join(f"| {one.name} | {one.kind} | {one.precision} | {band(one.error)} |" for one in proved),
        refusals="\n".join(f"| {one.name} | {one.kind} | {one.reason} |" for one in refused),
    )


PAGE = Path(__file__).resolve().parents[3] / "docs" / "coverage.md"
