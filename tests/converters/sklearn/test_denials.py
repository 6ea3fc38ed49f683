"""Denials: what converts wrongly or not at all is refused, with the step's path and what to do."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import FeatureAgglomeration, KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.decomposition import NMF, LatentDirichletAllocation, SparseCoder
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomTreesEmbedding,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.image import PatchExtractor
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import Matern
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.impute._iterative import IterativeImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.manifold import Isomap, LocallyLinearEmbedding
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    LocalOutlierFactor,
    NearestCentroid,
    RadiusNeighborsClassifier,
    RadiusNeighborsTransformer,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    LabelBinarizer,
    OneHotEncoder,
    PowerTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.semi_supervised import LabelPropagation
from sklearn.svm import SVC, LinearSVC

from lading.converters.converter import UnconvertibleError
from lading.converters.sklearn.denials import DENIALS
from lading.converters.sklearn.failing import refused

LOGISTIC = LogisticRegression(max_iter=5000)
ROWS, LABELS = load_iris(return_X_y=True)
TWO = LABELS == 1
MANY = np.eye(3, dtype=int)[LABELS]
FOREST = RandomForestClassifier(2)
WORDS = ["one two", "three four", "five six", "seven eight"] * 5


class Clip(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Somebody's own transformer."""

    def fit(self, rows: Any, labels: Any = None) -> "Clip":
        self.fitted_ = True
        return self

    def transform(self, rows: Any) -> Any:
        return rows


class OwnLogistic(LogisticRegression):  # type: ignore[misc]
    """Somebody's own subclass."""


def _over_text(vectorizer: Any) -> Any:
    vectorizer = make_pipeline(vectorizer, LOGISTIC)
    return vectorizer.fit(pd.Series(WORDS), np.arange(20) % 4), pd.DataFrame({"text": WORDS})


def _over_rows(model: Any, labels: Any = LABELS) -> Any:
    return model.fit(ROWS, labels), ROWS


def _over_frame(model: Any, frame: pd.DataFrame) -> Any:
    return model.fit(frame, np.arange(len(frame)) % 2), frame


def _two_missing() -> Any:
    frame = pd.DataFrame({"kind": pd.Series(["a", None, np.nan, "b"] * 5, dtype=object)})
    return _over_frame(make_pipeline(OneHotEncoder(), LOGISTIC), frame)


def _dates() -> Any:
    frame = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=20), "size": np.arange(20.0)})
    return ColumnTransformer([("day", StandardScaler(), ["day"]), ("size", StandardScaler(), ["size"])]).fit(
        frame
    ), frame


def _shared_number() -> Any:
    frame = pd.DataFrame({"kind": list("abcd") * 5, "size": np.arange(20) % 3})
    transformer = ColumnTransformer(
        [("codes", OneHotEncoder(), ["kind", "size"]), ("scaled", StandardScaler(), ["size"])]
    )
    return _over_frame(make_pipeline(transformer, LOGISTIC), frame)


def _text_left() -> Any:
    frame = pd.DataFrame({"kind": list("1234") * 5, "size": np.arange(20.0)})
    transformer = ColumnTransformer([("codes", "passthrough", ["kind"]), ("scaled", StandardScaler(), ["size"])])
    return _over_frame(make_pipeline(transformer, LOGISTIC), frame)


def _text_at_the_end() -> Any:
    return _over_frame(LogisticRegression(), pd.DataFrame({"kind": list("1234") * 5}))


def _flags_beside_text() -> Any:
    frame = pd.DataFrame({"kind": pd.Series(["a", None, "c", "d"] * 5, dtype=object)})
    imputer = SimpleImputer(missing_values=None, strategy="most_frequent", add_indicator=True)
    return _over_frame(make_pipeline(imputer, OneHotEncoder(handle_unknown="ignore"), LOGISTIC), frame)


def _stacked_pipelines() -> Any:
    frame = pd.DataFrame({"kind": list("abcd") * 5, "size": np.arange(20.0)})
    transformer = ColumnTransformer([("codes", OneHotEncoder(), ["kind"]), ("scaled", StandardScaler(), ["size"])])
    return _over_frame(StackingClassifier([("a", make_pipeline(transformer, LOGISTIC))], cv=2), frame)


def _always_missing() -> Any:
    rows = np.where(np.arange(4) == 1, np.nan, ROWS)
    return make_pipeline(IterativeImputer(), LOGISTIC).fit(rows, LABELS), rows


def _likeness(one: Any, other: Any) -> Any:
    return one @ other.T if np.ndim(one) > 1 else float(np.dot(one, other))


def _mixed_array() -> Any:
    rows = np.array([["a", 1.5], ["b", 2.5], ["a", 3.5], ["b", 4.5]] * 5, dtype=object)
    transformer = ColumnTransformer([("codes", OneHotEncoder(), [0]), ("scaled", StandardScaler(), [1])])
    return make_pipeline(transformer, LOGISTIC).fit(rows, np.arange(20) % 2), rows


CASES: dict[str, tuple[Any, str]] = {
    "a tuned threshold of a margin": (
        lambda: _over_rows(TunedThresholdClassifierCV(LOGISTIC, cv=2, response_method="decision_function"), TWO),
        "the model decides by a threshold of its decision function",
    ),
    "a fixed threshold of a margin": (lambda: _over_rows(FixedThresholdClassifier(LinearSVC()), TWO), "threshold"),
    "codes by margins of trees": (
        lambda: _over_rows(OutputCodeClassifier(GradientBoostingClassifier(n_estimators=2))), "asks estimators for their decision",
    ),
    "one against another by margins of trees": (
        lambda: _over_rows(OneVsOneClassifier(GradientBoostingClassifier(n_estimators=2))), "asks estimators for their decision",
    ),
    "one against the rest by margins of a bag": (
        lambda: _over_rows(OneVsRestClassifier(BaggingClassifier(LinearSVC(), n_estimators=2))), "asks estimators for their decision",
    ),
    "ties broken beside probabilities": (
        lambda: _over_rows(make_pipeline(StandardScaler(), SVC(break_ties=True, probability=True))), 'step "svc" breaks ties by',
    ),
    "ties broken by a kernel of one's own": (lambda: _over_rows(SVC(kernel=_likeness, break_ties=True)), "breaks ties by"),
    "a line that ends": (
        lambda: (IsotonicRegression(out_of_bounds="raise").fit(ROWS[:, :1], LABELS), ROWS[:, :1]), "fails outside of the numbers",
    ),
    "a zero that is missing for the first time": (
        lambda: _over_rows(make_pipeline(MissingIndicator(missing_values=0.2), LOGISTIC)), 'step "missingindicator" fails where',
    ),
    "a kernel of one's own": (lambda: _over_rows(KernelRidge(kernel=_likeness)), "has a kernel that ONNX cannot"),
    "labels that spread by a kernel of one's own": (lambda: _over_rows(LabelPropagation(_likeness)), "has a kernel of its own"),
    "distances of another kind": (lambda: _over_rows(RadiusNeighborsTransformer(metric="cosine")), "measures distances"),
    "distances of another kind to centroids": (lambda: _over_rows(NearestCentroid(metric="manhattan")), "that the graph does not"),
    "a radius around new rows": (lambda: _over_rows(Isomap(n_neighbors=None, radius=9.0)), "takes neighbours within a radius"),
    "answers at random": (lambda: _over_rows(DummyClassifier(strategy="uniform")), "draws its answers at random"),
    "columns pooled by a function": (
        lambda: _over_rows(make_pipeline(FeatureAgglomeration(2, pooling_func=np.max), LOGISTIC)),
        'step "featureagglomeration" pools columns by a Python function',
    ),
    "a curve that ends": (
        lambda: _over_rows(make_pipeline(SplineTransformer(extrapolation="error"), LOGISTIC)), 'step "splinetransformer" fails outside',
    ),
    "missing values at random": (
        lambda: _over_rows(make_pipeline(IterativeImputer(sample_posterior=True, max_iter=1), LOGISTIC)), "draws what is missing at random",
    ),
    "columns that were always missing": (_always_missing, "leaves out columns that were missing throughout"),
    "calibration by a temperature": (
        lambda: _over_rows(CalibratedClassifierCV(LOGISTIC, method="temperature")), "calibrates by a temperature",
    ),
    "topics found step by step": (
        lambda: _over_rows(make_pipeline(LatentDirichletAllocation(2), LOGISTIC)), 'step "latentdirichletallocation" searches for each',
    ),
    "codes found step by step": (
        lambda: _over_rows(SparseCoder(np.eye(ROWS.shape[1]))), 'searches for each code step by step, which the graph cannot; train with transform_algorithm="threshold"',
    ),
    "images in pieces": (
        lambda: (PatchExtractor(patch_size=(2, 2)).fit(np.zeros((2, 4, 4))), ROWS), "cuts each image into rows of their own",
    ),
    "factors found step by step": (lambda: _over_rows(make_pipeline(NMF(2, max_iter=500), LOGISTIC)), 'step "nmf" searches for its answer'),
    "names of classes as numbers": (lambda: (LabelBinarizer().fit(LABELS), LABELS.reshape(-1, 1)), "turns targets into numbers"),
    "characters within words": (lambda: _over_text(CountVectorizer(analyzer="char_wb")), "analyzer"),
    "a tokenizer": (lambda: _over_text(CountVectorizer(tokenizer=str.split, token_pattern=None)), "cleans its text"),
    "accents removed": (lambda: _over_text(CountVectorizer(strip_accents="unicode")), "cleans its text"),
    "alternative words": (lambda: _over_text(CountVectorizer(token_pattern=r"\w+|!")), "finds words by a token_pattern"),
    "words with blanks": (lambda: _over_text(CountVectorizer(token_pattern="[a-z ]+", ngram_range=(1, 2))), "may have blanks"),
    "hashed text": (lambda: _over_text(HashingVectorizer(n_features=8)), "hashes text"),
    "a stack over what has no formula": (
        lambda: _over_rows(StackingClassifier([("s", SVC(decision_function_shape="ovo")), ("l", LOGISTIC)], LOGISTIC)),
        "stacks decision functions that the graph does not have",
    ),
    "a lambda": (
        lambda: _over_rows(make_pipeline(ColumnTransformer([("age", FunctionTransformer(lambda x: x), [0])]), LOGISTIC)),
        'step "columntransformer › age" calls a Python function',
    ),
    "a function with arguments": (
        lambda: _over_rows(make_pipeline(FunctionTransformer(np.sqrt, kw_args={"dtype": float}), LOGISTIC)),
        "arguments of its own",
    ),
    "two kinds of missing": (_two_missing, "two kinds of missing value"),
    "several labels, a stack": (
        lambda: _over_rows(
            StackingClassifier([("a", FOREST.fit(ROWS, MANY))], final_estimator=RandomForestClassifier(2), cv="prefit"), MANY
        ),
        "several labels at once in a way that is not known here",
    ),
    "several labels, a chain of margins": (
        lambda: _over_rows(ClassifierChain(SVC(kernel=_likeness), chain_method="decision_function"), MANY), "hands on decision functions",
    ),
    "several labels, the first of which all rows have": (
        lambda: _over_rows(OneVsRestClassifier(LOGISTIC), np.stack([LABELS < 9, TWO], axis=1).astype(int)),
        "has as its first label one that all rows have",
    ),
    "several labels, which all rows have": (
        lambda: _over_rows(OneVsRestClassifier(GaussianNB()), np.ones((150, 2), dtype=int)), "leave that label out",
    ),
    "a target transformed by an estimator": (
        lambda: _over_rows(TransformedTargetRegressor(Ridge(), transformer=PowerTransformer())), "transforms the target",
    ),
    "a gaussian process": (lambda: _over_rows(GaussianProcessClassifier(Matern(nu=0.7), optimizer=None)), "has a kernel that ONNX"),
    "neighbours within a radius": (lambda: _over_rows(RadiusNeighborsClassifier(9.0)), "fails for rows without neighbours"),
    "neighbours weighed by a function": (
        lambda: _over_rows(make_pipeline(KNNImputer(weights=np.sqrt), LOGISTIC)), 'step "knnimputer" measures or weighs',
    ),
    "an estimator without a converter": (
        lambda: _over_rows(LocallyLinearEmbedding()), "the model solves equations for each row",
    ),
    "a transformer without a converter": (
        lambda: _over_rows(make_pipeline(StandardScaler(), LocallyLinearEmbedding(), LOGISTIC)),
        'step "locallylinearembedding" solves equations',
    ),
    "somebody's own transformer": (
        lambda: _over_rows(make_pipeline(ColumnTransformer([("age", make_pipeline(Clip()), [0])]), LOGISTIC)),
        'step "columntransformer › age › clip" (tests.Clip) has no ONNX converter',
    ),
    "somebody's own subclass": (lambda: _over_rows(OwnLogistic(max_iter=5000)), "OwnLogistic) has no ONNX converter"),
    "a member without a converter": (
        lambda: _over_rows(StackingClassifier([("a", OwnLogistic(max_iter=5000))], final_estimator=LOGISTIC, cv=2)),
        'step "a" (tests.OwnLogistic) has no ONNX converter',
    ),
    "a member of what asks one": (
        lambda: _over_rows(FixedThresholdClassifier(make_pipeline(StandardScaler(), Clip(), LOGISTIC)), TWO),
        'step "estimator › clip" (tests.Clip) has no ONNX converter',
    ),
    "a member that was not fitted": (
        lambda: _over_rows(VotingClassifier([("a", LOGISTIC), ("b", GridSearchCV(LOGISTIC, {"C": [1.0]}, refit=False))])),
        'step "b" is a search that has no best estimator',
    ),
    "an estimator that is not fitted": (lambda: (LogisticRegression(), ROWS), "the model is not fitted; call fit"),
    "a step that is not fitted": (
        lambda: (make_pipeline(StandardScaler().fit(ROWS), LogisticRegression()), ROWS), 'step "logisticregression" is not fitted',
    ),
    "a search that is not fitted": (lambda: (GridSearchCV(LOGISTIC, {}), ROWS), "is a search that has no best estimator"),
    "a search in a pipeline that is not fitted": (
        lambda: (make_pipeline(StandardScaler().fit(ROWS), make_pipeline(GridSearchCV(LOGISTIC, {}))), ROWS),
        'step "pipeline › gridsearchcv" is a search that has no best estimator',
    ),
    "clusters on the way": (
        lambda: _over_rows(make_pipeline(KMeans(2, n_init=1), LOGISTIC)), 'step "kmeans" both predicts and transforms',
    ),
    "an outlier detector that predicts nothing": (lambda: _over_rows(LocalOutlierFactor()), "is refused by skl2onnx"),
    "a step that skl2onnx refuses": (
        lambda: _over_rows(
            make_pipeline(
                ColumnTransformer([("b", "passthrough", [0, 1])]),
                FeatureUnion([("a", StandardScaler()), ("t", RandomTreesEmbedding(2, sparse_output=False))]),
                make_pipeline(LocalOutlierFactor()),
            )
        ),
        'step "pipeline › localoutlierfactor" is refused by skl2onnx or ONNX Runtime (RuntimeError',
    ),
    "dates": (_dates, "step \"day\" takes the dates of column 'day'"),
    "a number that is text to one and a number to another": (_shared_number, 'step "columntransformer › codes" takes column \'size\' together with text'),
    "text that nothing encodes": (_text_left, 'step "columntransformer › codes" takes text as it is'),
    "text in the last step": (_text_at_the_end, "the model takes text as it is"),
    "flags beside text": (_flags_beside_text, 'step "simpleimputer" adds indicators beside text'),
    "a stack of pipelines over mixed columns": (_stacked_pipelines, "put the preprocessing before it"),
    "boosted trees boosted once more": (
        lambda: _over_rows(AdaBoostClassifier(LGBMClassifier(n_estimators=2, verbose=-1), n_estimators=2)),
        "use decision trees in it",
    ),
    "an array of mixed types": (_mixed_array, "give a data frame"),
    "an array with more columns": (
        lambda: (LogisticRegression(max_iter=5000).fit(ROWS[:, :3], LABELS), ROWS), "was trained on 3 columns, the data has 4",
    ),
    "a branch of a union": (
        lambda: _over_rows(make_pipeline(FeatureUnion([("a", StandardScaler()), ("own", Clip())]), LOGISTIC)),
        'step "featureunion › own"',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message"), CASES.values(), ids=CASES)
@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::FutureWarning", "ignore:Skipping features", "ignore:Label"
)
def test_what_cannot_be_right_is_refused_with_its_step_and_a_remedy(make: Any, message: str, convert: Any) -> None:
    model, data = make()
    with pytest.raises(UnconvertibleError) as refused:
        convert(model, data)
    assert message in str(refused.value)
    assert all(problem.found and problem.remedy for problem in refused.value.problems)


def test_what_no_step_is_known_to_have_raised_is_told_of_the_model() -> None:
    model = make_pipeline(StandardScaler(), LOGISTIC).fit(ROWS, LABELS)
    problem = refused(model, ValueError("nobody\nknows"))
    assert (problem.path, problem.found) == ("", "is refused by skl2onnx or ONNX Runtime (ValueError: nobody knows)")
    assert problem.remedy.startswith("replace the step that the message points to")


def test_every_denial_has_a_case() -> None:
    found = set()
    for make, _ in CASES.values():
        model, _data = _quiet(make)
        steps = [model, *(step for _, step in getattr(model, "steps", ())), *_branches(model)]
        found |= {denial.found for step in steps for denial in DENIALS if _concerns(denial, step)}
    assert found == {denial.found for denial in DENIALS} - {
        "has class names that are neither text nor whole numbers nor true and false"
    }


def _quiet(make: Any) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def _branches(model: Any) -> list[Any]:
    first = getattr(model, "steps", [(None, None)])[0][1]
    return [step for _, step, _ in getattr(first, "transformers_", [])]


def _concerns(denial: Any, step: Any) -> bool:
    try:
        return bool(denial.concerns(step))
    except AttributeError:  # not fitted
        return False


def test_class_names_of_other_types_are_refused(convert: Any) -> None:
    model = LogisticRegression(max_iter=5000).fit(ROWS, LABELS)
    model.classes_ = np.array([0.5, 1.5, 2.5])
    with pytest.raises(UnconvertibleError, match="class names"):
        convert(model, ROWS)


def test_several_problems_are_all_named(convert: Any) -> None:
    model = make_pipeline(Clip(), FunctionTransformer(lambda x: x), LOGISTIC).fit(ROWS, LABELS)
    with pytest.raises(UnconvertibleError) as refused:
        convert(model, ROWS)
    assert len(refused.value.problems) == 2
    assert str(refused.value).count("\n- ") == 2


def test_dates_that_the_model_ignores_are_no_problem(convert: Any) -> None:
    frame = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=20), "size": np.arange(20.0)})
    model = make_pipeline(ColumnTransformer([("size", StandardScaler(), ["size"])]), LOGISTIC)
    fields = convert(model.fit(frame, np.arange(20) % 2), frame).signature.fields
    assert [field.feed is None for field in fields] == [True, False]
