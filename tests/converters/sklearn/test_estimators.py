"""Estimators over arrays: the graph answers as scikit-learn does, on rows that the model has not seen."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Perceptron,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

LOGISTIC = LogisticRegression(max_iter=5000)
SCALED = make_pipeline(StandardScaler(), LOGISTIC)

CLASSIFIERS: list[BaseEstimator] = [
    LOGISTIC,
    SCALED,
    make_pipeline(MinMaxScaler(), SVC()),
    make_pipeline(RobustScaler(), LinearSVC(max_iter=20_000)),
    make_pipeline(MaxAbsScaler(), KNeighborsClassifier()),
    make_pipeline(StandardScaler(), MLPClassifier(max_iter=2000, tol=1e-2, random_state=0)),
    make_pipeline(StandardScaler(), RidgeClassifier()),
    make_pipeline(StandardScaler(), Perceptron(random_state=0)),
    make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", random_state=0)),
    make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=0.1)),
    make_pipeline(PCA(3), LinearDiscriminantAnalysis()),
    make_pipeline(StandardScaler(), GaussianNB()),
    make_pipeline(StandardScaler(), BernoulliNB()),
    make_pipeline(StandardScaler(), PCA(4), RandomForestClassifier(10, random_state=0)),
    make_pipeline(MinMaxScaler(), HistGradientBoostingClassifier(max_iter=5)),
    make_pipeline(PowerTransformer(), LOGISTIC),
    make_pipeline(StandardScaler(), PolynomialFeatures(2), LOGISTIC),
    make_pipeline(KBinsDiscretizer(4, encode="onehot-dense", quantile_method="averaged_inverted_cdf"), LOGISTIC),
    make_pipeline(Normalizer(), RandomForestClassifier(5, random_state=0)),
    make_pipeline(FunctionTransformer(np.log1p), FunctionTransformer(np.sqrt), SCALED),
    make_pipeline(FunctionTransformer(np.square), FunctionTransformer(), SCALED),
    make_pipeline(StandardScaler(), FunctionTransformer(np.expm1), LOGISTIC),
    make_pipeline(StandardScaler(), SelectKBest(k=3), LOGISTIC),
    make_pipeline(StandardScaler(), SelectFromModel(RandomForestClassifier(5, random_state=0)), LOGISTIC),
    make_pipeline(StandardScaler(), RFE(LOGISTIC, n_features_to_select=3), LOGISTIC),
    make_pipeline(StandardScaler(), RFE(LOGISTIC, n_features_to_select=3)),
    make_pipeline(FeatureUnion([("a", StandardScaler()), ("b", PCA(2)), ("c", "drop")], transformer_weights={"b": 0.5}), LOGISTIC),
    make_pipeline(ColumnTransformer([("a", StandardScaler(), [3, 1]), ("b", "drop", [0])], remainder="passthrough"), LOGISTIC),
    make_pipeline(
        StandardScaler(), ColumnTransformer([("a", PCA(2), slice(0, 3)), ("b", MinMaxScaler(), [False] * 3 + [True])]), LOGISTIC
    ),
    make_pipeline("passthrough", None, SCALED),
    DecisionTreeClassifier(random_state=0),
    ExtraTreeClassifier(random_state=0),
    RandomForestClassifier(10, random_state=0),
    ExtraTreesClassifier(10, random_state=0),
    GradientBoostingClassifier(n_estimators=5),
    HistGradientBoostingClassifier(max_iter=5),
    AdaBoostClassifier(n_estimators=5, random_state=0),
    BaggingClassifier(n_estimators=5, random_state=0),
    BaggingClassifier(SCALED, n_estimators=3, random_state=0),
    OneVsRestClassifier(SCALED),
    OneVsOneClassifier(LinearSVC(max_iter=50_000)),
    CalibratedClassifierCV(RandomForestClassifier(5, random_state=0)),
    VotingClassifier([("a", RandomForestClassifier(5, random_state=0)), ("b", SCALED)], voting="soft"),
    VotingClassifier([("a", RandomForestClassifier(5, random_state=0)), ("b", SCALED), ("c", "drop")]),
    StackingClassifier([("a", RandomForestClassifier(5, random_state=0)), ("b", SCALED)], final_estimator=LOGISTIC),
    make_pipeline(
        StandardScaler(), StackingClassifier([("a", GaussianNB())], final_estimator=LOGISTIC, passthrough=True)
    ),
    GridSearchCV(SCALED, {"logisticregression__C": [0.1, 1]}),
    make_pipeline(StandardScaler(), RandomizedSearchCV(LOGISTIC, {"C": [0.1, 1]}, n_iter=2, random_state=0)),
    make_pipeline(StandardScaler(), make_pipeline(PCA(2), GridSearchCV(LOGISTIC, {"C": [0.1, 1]}))),
    RandomizedSearchCV(SCALED, {"logisticregression__C": [0.1, 1]}, n_iter=2, random_state=0),
]  # fmt: skip

REGRESSORS: list[BaseEstimator] = [
    LinearRegression(),
    Ridge(),
    Lasso(),
    ElasticNet(),
    BayesianRidge(),
    HuberRegressor(max_iter=1000),
    PoissonRegressor(),
    make_pipeline(StandardScaler(), SVR()),
    make_pipeline(StandardScaler(), LinearSVR(max_iter=50_000)),
    make_pipeline(StandardScaler(), KNeighborsRegressor()),
    make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(8,), max_iter=2000, tol=1e9, random_state=0)),
    GaussianProcessRegressor(RBF(1.0, "fixed"), alpha=1.0, normalize_y=True),
    DecisionTreeRegressor(random_state=0),
    RandomForestRegressor(10, random_state=0),
    ExtraTreesRegressor(10, random_state=0),
    GradientBoostingRegressor(n_estimators=5),
    HistGradientBoostingRegressor(max_iter=5),
    HistGradientBoostingRegressor(max_iter=5, loss="poisson"),
    HistGradientBoostingRegressor(max_iter=5, loss="gamma"),
    HistGradientBoostingRegressor(max_iter=5, loss="absolute_error"),
    AdaBoostRegressor(n_estimators=5, random_state=0),
    BaggingRegressor(n_estimators=5, random_state=0),
    VotingRegressor([("a", Ridge()), ("b", RandomForestRegressor(5, random_state=0))]),
    StackingRegressor([("a", Ridge()), ("b", RandomForestRegressor(5, random_state=0))]),
    TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    TransformedTargetRegressor(Ridge()),
    make_pipeline(StandardScaler(), TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square)),
    RFE(Ridge(), n_features_to_select=4),
]


def title(model: BaseEstimator) -> str:
    """The model's steps, for the test's name."""
    if isinstance(model, Pipeline):
        return "+".join(title(step) for _, step in model.steps)
    return type(model).__name__


def fitted(model: BaseEstimator, rows: Any, answers: Any) -> Any:
    """The model fitted on two thirds of the rows, and the rest."""
    held_out = np.arange(len(rows)) % 3 == 0
    return clone(model).fit(rows[~held_out], answers[~held_out]), rows[~held_out], rows[held_out]


@pytest.mark.parametrize("model", CLASSIFIERS, ids=title)
def test_classifiers_answer_the_same(model: BaseEstimator, same: Any) -> None:
    rows, labels = load_wine(return_X_y=True)
    model, train, held_out = fitted(model, rows[:, :4], labels)
    asked = same(model, train, held_out)
    assert (asked.found["label"] == model.predict(held_out)).all()
    assert next(output.meaning for output in asked.converted.signature.outputs) == "label"


@pytest.mark.parametrize("model", REGRESSORS, ids=title)
def test_regressors_answer_the_same(model: BaseEstimator, same: Any) -> None:
    rows, targets = load_diabetes(return_X_y=True)
    model, train, held_out = fitted(model, rows, targets)
    asked = same(model, train, held_out)
    assert asked.found["value"].shape == (len(held_out), 1)


@pytest.mark.parametrize("precision", ["mixed", "double"])
@pytest.mark.parametrize("load", [load_breast_cancer, load_iris, load_wine], ids=lambda load: load.__name__)
def test_both_precisions_answer_the_same(load: Any, precision: str, same: Any) -> None:
    rows, labels = load(return_X_y=True)
    model, train, held_out = fitted(SCALED, rows, labels)
    asked = same(model, train, held_out, precision)
    (probabilities,) = asked.comparison.outputs
    assert probabilities.max_absolute < (1e-14 if precision == "double" else 1e-6)
    assert asked.converted.precision == ("float64" if precision == "double" else "mixed")


@pytest.mark.parametrize(
    ("model", "classes", "kind", "coded"),
    [
        pytest.param(lambda y: y.astype(str), ("0", "1", "2"), "string", False, id="text"),
        pytest.param(lambda y: y.astype(np.int32) + 5, (5, 6, 7), "integer", False, id="integers"),
        pytest.param(lambda y: y == 1, (False, True), "boolean", True, id="true and false"),
        pytest.param(lambda y: y * 2.0 + 1, (1.0, 3.0, 5.0), "number", True, id="whole floats"),
    ],
)
def test_class_names_keep_their_type(model: Any, classes: Any, kind: str, coded: bool, same: Any) -> None:
    rows, labels = load_iris(return_X_y=True)
    names = model(labels)
    label, probabilities = same(SCALED.fit(rows, names), rows).converted.signature.outputs
    assert label.classes == probabilities.classes == classes
    assert [type(name) for name in label.classes] == [type(name) for name in classes]
    assert (label.class_type, label.coded, probabilities.coded) == (kind, coded, False)


def test_several_targets_become_columns_of_one_value(same: Any) -> None:
    rows, targets = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(3, random_state=0).fit(rows, np.stack([targets, -targets], axis=1))
    (output,) = same(model, rows).converted.signature.outputs
    assert output.tensor.shape == ("batch", 2)


@pytest.mark.parametrize("model", [KMeans(3, n_init=1, random_state=0), MiniBatchKMeans(3, n_init=1, random_state=0), GaussianMixture(2, random_state=0), OneClassSVM()], ids=title)  # fmt: skip
def test_models_without_a_target_give_a_label(model: Any, same: Any) -> None:
    rows, _ = load_iris(return_X_y=True)
    (output,) = same(model.fit(rows), rows).converted.signature.outputs
    assert output.meaning == "label"


@pytest.mark.parametrize("model", [StandardScaler(), PCA(2), TruncatedSVD(2), make_pipeline(MinMaxScaler(), QuantileTransformer(n_quantiles=5))], ids=title)  # fmt: skip
def test_transformers_give_a_tensor(model: Any, same: Any) -> None:
    rows, _ = load_iris(return_X_y=True)
    (output,) = same(model.fit(rows), rows).converted.signature.outputs
    assert (output.tensor.name, output.meaning) == ("transformed", "tensor")


def test_a_frozen_estimator_answers_for_itself(same: Any) -> None:
    rows, labels = load_iris(return_X_y=True)
    same(FrozenEstimator(clone(SCALED).fit(rows, labels)), rows)


def test_arrays_are_one_tensor_of_float64(convert: Any) -> None:
    rows, labels = load_iris(return_X_y=True)
    signature = convert(clone(SCALED).fit(rows, labels), rows).signature
    (tensor,) = signature.inputs
    assert (tensor.name, tensor.dtype, tensor.shape) == ("x", "float64", ("batch", 4))
    assert signature.form == "array"
    assert [field.feed.column for field in signature.fields if field.feed is not None] == [0, 1, 2, 3]


def test_the_graph_is_of_the_agreed_versions_and_without_zipmap(convert: Any) -> None:
    import onnx

    rows, labels = load_iris(return_X_y=True)
    proto = onnx.load_from_string(convert(RandomForestClassifier(3).fit(rows, labels), rows).model)
    assert proto.ir_version == 10
    assert {entry.domain: entry.version for entry in proto.opset_import} == {"": 21, "ai.onnx.ml": 3}
    assert "ZipMap" not in {node.op_type for node in proto.graph.node}
    onnx.checker.check_model(proto, full_check=True)
    shapes = {value.name: len(value.type.tensor_type.shape.dim) for value in proto.graph.output}
    assert shapes == {"label": 1, "probabilities": 2}
