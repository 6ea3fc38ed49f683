"""Tracking: what was trained, on what and with which result is known without a call, and nothing stays changed."""

import gc
import pickle
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lading.bundles.bundle import open_bundle
from lading.bundles.manifest import Manifest
from lading.bundles.tables.data_digest import data_digest
from lading.bundles.tables.table import table_of
from lading.converters import package, track
from lading.converters.history import ChangedRowsError, NoDataError
from lading.converters.tracking import _MODELS, seen_of

FRAME = load_iris(as_frame=True).frame.rename(columns={"target": "species"})
COLUMNS = list(FRAME.columns[:4])
EVEN, ODD = FRAME[::2].reset_index(drop=True), FRAME[1::2].reset_index(drop=True)
MEASURE = accuracy_score
"""A metric that was imported before any tracking began."""


def model() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def digest(frame: pd.DataFrame) -> str:
    return data_digest(table_of(frame))


def manifest(made: Any) -> Manifest:
    with open_bundle(made.path) as bundle:
        return bundle.manifest


def test_what_was_trained_on_what_with_which_result_is_in_the_bundle(tmp_path: Path) -> None:
    with track() as tracking:
        fitted = model().fit(EVEN[COLUMNS], EVEN["species"])
        fitted.score(EVEN[COLUMNS], EVEN["species"])
        MEASURE(ODD["species"], fitted.predict(ODD[COLUMNS]))
        f1_score(ODD["species"], fitted.predict(ODD[COLUMNS]), average="macro")
        roc_auc_score(ODD["species"] == 1, fitted.predict_proba(ODD[COLUMNS])[:, 1])
        confusion_matrix(ODD["species"], fitted.predict(ODD[COLUMNS]))
    made = package(fitted, name="iris", path=tmp_path / "iris.lading")
    provenance = manifest(made).provenance
    assert made.notes == ()
    assert provenance.data.digest == digest(EVEN)
    assert provenance.data.target == "species"
    assert provenance.datasets is not None
    assert {role: (data.digest, data.rows) for role, data in provenance.datasets.items()} == {
        "evaluation": (digest(ODD), 75)
    }
    assert provenance.experiment.metrics == {
        "training_score": fitted.score(EVEN[COLUMNS], EVEN["species"]),
        "evaluation_accuracy_score": fitted.score(ODD[COLUMNS], ODD["species"]),
        "evaluation_f1_score(average=macro)": f1_score(ODD["species"], fitted.predict(ODD[COLUMNS]), average="macro"),
        "evaluation_roc_auc_score": roc_auc_score(ODD["species"] == 1, fitted.predict_proba(ODD[COLUMNS])[:, 1]),
    }
    assert provenance.experiment.training in tracking.trainings
    assert provenance.experiment.training is not None
    assert provenance.experiment.training.digest == digest(EVEN[COLUMNS])
    assert provenance.experiment.training.rows == 75


def test_what_the_caller_names_is_called_so(tmp_path: Path) -> None:
    with track():
        fitted = model().fit(EVEN[COLUMNS], EVEN["species"])
        fitted.score(ODD[COLUMNS], ODD["species"])
        fitted.score(FRAME[COLUMNS], FRAME["species"])
    given = {"datasets": {"test": ODD}, "target": "species", "metrics": {"recall": 0.5}}
    made = package(fitted, EVEN, name="iris", path=tmp_path / "iris.lading", **given)  # type: ignore[arg-type]
    provenance = manifest(made).provenance
    assert set(provenance.experiment.metrics) == {"test_score", "evaluation_score", "recall"}
    assert provenance.datasets is not None
    assert {role: data.rows for role, data in provenance.datasets.items()} == {"test": 75, "evaluation": 150}


def test_data_that_is_not_what_was_seen_is_a_note(tmp_path: Path) -> None:
    with track():
        fitted = model().fit(EVEN[COLUMNS], EVEN["species"])
    made = package(fitted, FRAME, name="iris", target="species", path=tmp_path / "iris.lading")
    expected = f"the data is not what fit was seen to be given: 75 rows with the digest {digest(EVEN[COLUMNS])}"
    assert made.notes == (expected,)


def test_rows_that_were_changed_since_are_refused(tmp_path: Path) -> None:
    rows = EVEN[COLUMNS].to_numpy().copy()
    with track():
        fitted = model().fit(rows, EVEN["species"].to_numpy())
    package(fitted, name="iris", path=tmp_path / "iris.lading")
    rows[0, 0] = 99.0
    with pytest.raises(ChangedRowsError, match="were changed since"):
        package(fitted, name="iris", path=tmp_path / "iris.lading")


def test_without_data_and_without_tracking_nothing_can_be_packaged(tmp_path: Path) -> None:
    fitted = model().fit(EVEN[COLUMNS], EVEN["species"])
    with pytest.raises(NoDataError, match="no data was given"):
        package(fitted, name="iris", path=tmp_path / "iris.lading")


def test_everything_is_as_it_was_when_an_error_leaves_the_context() -> None:
    def state() -> list[object]:
        kinds = (BaseEstimator, LogisticRegression, GridSearchCV, ClassifierMixin, StandardScaler)
        return [*(dict(vars(kind)) for kind in kinds), dict(vars(sklearn.metrics)), dict(globals())]

    def fail() -> None:
        with track():
            assert state() != before
            assert accuracy_score([1], [1]) == 1
            raise ZeroDivisionError

    before = state()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert state() == before


def test_a_class_that_is_made_meanwhile_is_seen_and_given_back() -> None:
    with track() as tracking:

        class Own(LogisticRegression):  # type: ignore[misc]
            def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
                return super().fit(X, y)

        fitted = Own(max_iter=1000).fit(EVEN[COLUMNS], EVEN["species"])
    assert len(tracking.trainings) == 1
    assert seen_of(fitted) is not None
    assert type(vars(Own)["fit"]).__name__ == "function"


def test_only_what_the_thread_calls_itself_counts() -> None:
    with track() as tracking:
        search = GridSearchCV(model(), {"logisticregression__C": [0.1, 1]}, cv=2, n_jobs=2)
        search.fit(EVEN[COLUMNS], EVEN["species"])
        other = model()
        thread = Thread(target=other.fit, args=(ODD[COLUMNS], ODD["species"]))
        thread.start()
        thread.join()
    assert [training.rows for training in tracking.trainings] == [75]
    assert seen_of(search) is not None
    assert seen_of(other) is None
    assert seen_of(search.best_estimator_) is None


def test_the_last_training_counts_and_a_partial_one_is_no_training() -> None:
    rows, labels = EVEN[COLUMNS].to_numpy(), EVEN["species"].to_numpy()
    with track():
        fitted = SGDClassifier(random_state=0).fit(rows, labels)
        fitted.fit(rows[:60], labels[:60])
        seen = seen_of(fitted)
        assert seen is not None
        assert seen.training is not None
        assert seen.training.rows == 60
        fitted.partial_fit(rows, labels)
    assert seen_of(fitted) is None


def test_a_score_needs_a_model_whose_answers_it_is_about() -> None:
    rows, labels = EVEN[COLUMNS].to_numpy().copy(), EVEN["species"].to_numpy()
    with track():
        fitted = model().fit(rows, labels)
        accuracy_score(labels, labels)
        accuracy_score(labels, np.array(fitted.predict(rows)))  # a copy may be anything
        answers = fitted.predict(rows)
        rows[0, 0] = 99.0
        accuracy_score(labels, answers)  # of rows that are no more
    seen = seen_of(fitted)
    assert seen is not None
    assert seen.scores == []


def test_what_has_no_digest_is_trained_and_scored_all_the_same() -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    texts = ["a b", "b c", "c a"]
    with track() as tracking:
        fitted = make_pipeline(CountVectorizer(token_pattern=r"\w"), LogisticRegression()).fit(texts, [0, 1, 0])
        score = fitted.score(texts, [0, 1, 0])
    seen = seen_of(fitted)
    assert seen is not None
    assert seen.training is None
    assert [(one.metric, one.value) for one in seen.scores] == [("score", score)]
    assert tracking.trainings == ()


def test_a_tracking_within_a_tracking_sees_what_is_called_in_it() -> None:
    with track() as outer:
        model().fit(EVEN[COLUMNS], EVEN["species"])
        with track() as inner:
            model().fit(ODD[COLUMNS], ODD["species"])
    assert [len(one.trainings) for one in (outer, inner)] == [2, 1]


def test_methods_and_metrics_can_be_pickled_meanwhile() -> None:
    with track():
        fitted = model().fit(EVEN[COLUMNS], EVEN["species"])
        again = pickle.loads(pickle.dumps(fitted.predict))
        assert (again(ODD[COLUMNS]) == fitted.predict(ODD[COLUMNS])).all()
        assert pickle.loads(pickle.dumps(accuracy_score))([1], [1]) == 1


def test_a_model_that_is_gone_is_forgotten() -> None:
    with track():
        fitted = model().fit(EVEN[COLUMNS], EVEN["species"])
    seen = seen_of(fitted)
    assert seen is not None
    del fitted
    gc.collect()
    assert all(value is not seen for _, value in _MODELS._values.values())
