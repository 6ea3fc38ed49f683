"""Harmless types: what a skops file may hold without trust, since loading it runs no code from the file.

skops never calls what a file names but for the types that are trusted: it makes an instance without ``__init__``, or
with arguments from the file, and sets its attributes. The types here are scikit-learn's own; neither their
constructors nor their ``__setstate__`` do anything but keep what they are given. Those that compiled code follows by
index (``FOLLOWED``) are harmless only together with the checks of ``tree_soundness``.
"""

_TREE = "sklearn.tree._tree"
_HISTOGRAM = "sklearn.ensemble._hist_gradient_boosting"
_SPLITTERS = (
    "KFold", "GroupKFold", "StratifiedKFold", "StratifiedGroupKFold", "TimeSeriesSplit", "LeaveOneOut", "LeavePOut",
    "LeaveOneGroupOut", "LeavePGroupsOut", "RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit",
    "GroupShuffleSplit", "StratifiedShuffleSplit", "PredefinedSplit", "_CVIterableWrapper",
)  # fmt: skip
_KERNELS = (
    "RBF", "Matern", "RationalQuadratic", "ExpSineSquared", "DotProduct", "ConstantKernel", "WhiteKernel", "Sum",
    "Product", "Exponentiation",
)  # fmt: skip
_SELECTIONS = ("f_classif", "f_regression", "f_oneway", "chi2", "r_regression")
_ABSTRACT = ("generic", "number", "integer", "signedinteger", "unsignedinteger", "inexact", "floating", "flexible")

FOLLOWED = frozenset(
    {
        f"{_TREE}.Tree",
        f"{_HISTOGRAM}.predictor.TreePredictor",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neighbors._ball_tree.BallTree",
    }
)
"""Types with indices that compiled code follows without looking."""

DISTANCES = frozenset(
    f"sklearn.metrics._dist_metrics.{name}Distance64" for name in ("Euclidean", "Manhattan", "Chebyshev")
)
"""Distances without weights of their own."""

PLAIN = frozenset(
    {
        "builtins.object",  # as the dtype that a column selector looks for
        "numpy.dtype",
        *(f"numpy.{name}" for name in _ABSTRACT),
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.compose._column_transformer.make_column_selector",
        f"{_HISTOGRAM}.binning._BinMapper",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.metrics._scorer._Scorer",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn._loss.loss.HalfTweedieLoss",
        "sklearn._loss.loss.HalfTweedieLossIdentity",
        "sklearn.utils._bunch.Bunch",
        *(f"sklearn.model_selection._split.{name}" for name in _SPLITTERS),
        *(f"sklearn.gaussian_process.kernels.{name}" for name in _KERNELS),
        *(f"sklearn.feature_selection._univariate_selection.{name}" for name in _SELECTIONS),
    }
)
"""Types that hold values, and functions that only compute with what they are given."""


def harmless() -> frozenset[str]:
    """The names of all types and functions that need no trust, besides those that skops lists itself."""
    from sklearn.metrics import get_scorer, get_scorer_names

    measured = (get_scorer(name)._score_func for name in get_scorer_names())
    return PLAIN | DISTANCES | FOLLOWED | {f"{score.__module__}.{score.__name__}" for score in measured}
