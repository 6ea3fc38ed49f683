"""Loading: nothing runs code unless that was allowed."""

import pickle
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, TweedieRegressor
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBRegressor

from lading.converters import package
from lading.converters.converter import converter_for
from lading.converters.loading import (
    MissingFrameworkError,
    ModelFileError,
    ModelUnpickleError,
    UnsoundTreeError,
    UntrustedPickleError,
    UntrustedTypesError,
    load_model,
)
from lading.converters.networks.frameworks import FrameworkNeedsError

MODEL = Ridge().fit(np.eye(3), np.arange(3))


class Trap:
    """A pickle that does something when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def saved(path: Path, model: object = MODEL) -> Path:
    if path.suffix == ".skops":
        skops.io.dump(model, path)
    elif path.suffix == ".joblib":
        joblib.dump(model, path)
    else:
        path.write_bytes(pickle.dumps(model))
    return path


@pytest.mark.parametrize("suffix", [".joblib", ".pkl", ".pickle", ".skops"])
def test_trusted_files_give_their_model(suffix: str, tmp_path: Path) -> None:
    model: Any = load_model(saved(tmp_path / f"model{suffix}"), trust=True)
    assert model.coef_.tolist() == MODEL.coef_.tolist()


@pytest.mark.parametrize("suffix", [".joblib", ".pkl", ".pickle"])
def test_pickles_run_nothing_unless_they_are_trusted(suffix: str, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    path = saved(tmp_path / f"model{suffix}", Trap(sprung))
    with pytest.raises(UntrustedPickleError, match="runs whatever code it holds; pass --trust"):
        load_model(path)
    assert not sprung.exists()


def test_skops_files_of_known_types_need_no_trust(tmp_path: Path) -> None:
    assert isinstance(load_model(saved(tmp_path / "model.skops")), Ridge)


def logistic() -> LogisticRegression:
    """A classifier that converges on every data set here."""
    return LogisticRegression(max_iter=5000)


COMMON: dict[str, Any] = {
    "tree": DecisionTreeClassifier(max_depth=3),
    "forest": RandomForestClassifier(5),
    "extra trees": ExtraTreesClassifier(5),
    "boosting": GradientBoostingClassifier(n_estimators=3),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=3),
    "bagging": BaggingClassifier(DecisionTreeClassifier(max_depth=3), 3, max_features=3),
    "isolation": IsolationForest(n_estimators=3),
    "neighbours": KNeighborsClassifier(algorithm="kd_tree"),
    "neighbours in balls": KNeighborsClassifier(algorithm="ball_tree"),
    "network": MLPClassifier((4,), solver="lbfgs", max_iter=5000),
    "network by Adam": MLPClassifier((4,), max_iter=500, tol=0.1),
    "network by descent": MLPClassifier((4,), solver="sgd", max_iter=500, tol=0.1),
    "search": GridSearchCV(logistic(), {"C": [0.5, 1.0]}, cv=KFold(3, shuffle=True)),
    "search by a metric": RandomizedSearchCV(
        DecisionTreeClassifier(), {"max_depth": [2, 3]}, n_iter=2, scoring="f1_macro", random_state=np.random.RandomState(0)
    ),
    "calibration": CalibratedClassifierCV(DecisionTreeClassifier(max_depth=2), cv=2),
    "voting": VotingClassifier([("a", logistic()), ("b", RandomForestClassifier(3))]),
    "stacking": StackingClassifier([("a", logistic()), ("b", DecisionTreeClassifier(max_depth=3))], logistic()),
    "selection": make_pipeline(SelectKBest(k=2), logistic()),
    "kernels": GaussianProcessRegressor(RBF() + WhiteKernel()),
    "losses": TweedieRegressor(max_iter=5000),
}  # fmt: skip


@pytest.mark.parametrize("model", COMMON.values(), ids=COMMON)
def test_skops_files_of_scikit_learns_own_types_need_no_trust(model: Any, tmp_path: Path) -> None:
    rows, labels = load_breast_cancer(return_X_y=True)
    rows = StandardScaler().fit_transform(rows[:, :6])
    loaded: Any = load_model(saved(tmp_path / "model.skops", model.fit(rows, labels)))
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    package(loaded, rows, name="a", path=tmp_path / "a.lading")


def test_columns_chosen_by_type_need_no_trust(penguins: Any, tmp_path: Path) -> None:
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    chosen = [
        ("numbers", numbers, make_column_selector(dtype_include="number")),
        ("others", OneHotEncoder(), make_column_selector(dtype_exclude=np.number)),
    ]
    model = make_pipeline(ColumnTransformer(chosen), RandomForestClassifier(5)).fit(penguins.train, penguins.labels)
    loaded = load_model(saved(tmp_path / "model.skops", model))
    package(loaded, penguins.train, name="a", path=tmp_path / "a.lading")


def test_a_tree_that_points_outside_is_refused(tmp_path: Path) -> None:
    model = DecisionTreeClassifier().fit(np.eye(3), [0, 1, 2])
    state = model.tree_.__getstate__()
    state["nodes"]["left_child"][0] = 10**6
    model.tree_.__setstate__(state)
    with pytest.raises(UnsoundTreeError, match=r"holds a Tree with indices .*; save the model again"):
        load_model(saved(tmp_path / "model.skops", model))


def test_skops_files_of_other_types_name_them(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.skops", make_pipeline(FunctionTransformer(load_model), Ridge()))
    with pytest.raises(UntrustedTypesError, match=r"lading\.converters\.loading\.load_model"):
        load_model(path)
    assert load_model(path, trust=True) is not None


def test_a_graph_is_its_path(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.touch()
    assert load_model(path) == path


@pytest.mark.parametrize(
    ("name", "message"), [("model.pkl", "is not there"), ("model.dat", "is of no known kind; expected")]
)
def test_files_that_are_not_there_or_unknown_are_named(name: str, message: str, tmp_path: Path) -> None:
    if name.endswith(".dat"):
        (tmp_path / name).touch()
    with pytest.raises(ModelFileError, match=message):
        load_model(tmp_path / name)


@pytest.mark.parametrize("suffix", [".joblib", ".pkl", ".skops"])
def test_broken_files_say_so(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"broken")
    with pytest.raises(ModelUnpickleError, match="with the packages and versions"):
        load_model(path, trust=True)


@pytest.mark.parametrize(
    ("module", "extra"),
    [("torch.nn", "torch"), ("keras", "keras"), ("flax.nnx", "jax"), ("equinox", "jax"), ("xgboost.core", "xgboost")],
)
def test_a_pickle_of_a_framework_that_is_missing_has_the_line_that_installs_it(
    module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"c" + module.encode() + b"\nModel\n.")
    for name in [name for name in sys.modules if name.split(".")[0] == module.split(".")[0]]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(module.split(".")[0]), *sys.meta_path])
    with pytest.raises(MissingFrameworkError, match=rf"pip install 'lading\[{extra}\]'$"):
        load_model(path, trust=True)


class Missing:
    """A finder to which one package is not installed."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.split(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(("module", "suffix"), [("joblib", ".pkl"), ("skops", ".skops"), ("sklearn", ".skops")])
def test_a_reader_of_files_that_is_missing_has_the_line_that_installs_it(
    module: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / f"model{suffix}")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(FrameworkNeedsError, match=r"pip install 'lading\[sklearn\]'$"):
        load_model(path, trust=True)


@pytest.mark.parametrize("module", ["sklearn", "skl2onnx"])
@pytest.mark.parametrize("framework", ["sklearn", "xgboost"])
def test_what_converts_and_is_missing_has_the_line_that_installs_it(
    framework: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = MODEL if framework == "sklearn" else XGBRegressor(n_estimators=2).fit(np.eye(3), np.arange(3))
    converter_for(model)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(FrameworkNeedsError, match=rf"{module}.*pip install 'lading\[{framework}\]'$"):
        package(model, np.eye(3), name="a", path=tmp_path / "a.lading")


def test_skops_files_that_cannot_be_rebuilt_say_so(tmp_path: Path) -> None:
    import zipfile

    path = saved(tmp_path / "whole.skops")
    broken = tmp_path / "broken.skops"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(broken, "w") as copy:
        copy.writestr("schema.json", whole.read("schema.json"))
    with pytest.raises(ModelUnpickleError):
        load_model(broken)
