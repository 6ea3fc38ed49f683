"""Loading: a trained model out of a file, without running code unless that was allowed."""

from pathlib import Path
from typing import cast

from lading.converters.boosting import BOOSTED
from lading.converters.boosting.files import FILES
from lading.converters.harmless import harmless
from lading.converters.mlflow_folder import model_file
from lading.converters.networks.frameworks import need
from lading.converters.tree_soundness import unsound
from lading.core.errors import LadingError, UsageError

PICKLES = (".joblib", ".pkl", ".pickle")
KINDS = (*PICKLES, ".skops", ".onnx", *FILES, ".pt2", ".keras")

EXTRAS = {
    **{name: name for name in (*BOOSTED, "keras", "sklearn", "torch", "transformers")},
    **dict.fromkeys(("equinox", "flax", "jax", "jaxlib"), "jax"),
    **dict.fromkeys(("joblib", "skl2onnx", "skops"), "sklearn"),
}
"""The extra that brings each package, of those that pickles of models are loaded with."""

WAYS_OUT = {
    **dict.fromkeys(
        (".pt", ".pth", ".ckpt", ".bin", ".safetensors"),
        "holds weights, or a pickle of a module, and not what computes with them; make the module in Python, load its "
        "state_dict into it and package that: lading.converters.package(module, rows, name=…); or save a program: "
        "torch.export.save(torch.export.export(module, …), 'model.pt2')",
    ),
    **dict.fromkeys(
        (".h5", ".hdf5", ".pb"),
        "is of a format that Keras has left; load it where it was saved, and save it as model.save('model.keras')",
    ),
}
"""What to do about files that people have and that cannot be taken, by the ends of their names."""


SKOPS = ", or save the model with skops: skops.io.dump(model, 'model.skops')"


class ModelFileError(UsageError):
    """A model file is not there, or is of no kind that is known."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


class UntrustedPickleError(UsageError):
    """A pickled model was not declared trustworthy."""

    def __init__(self, path: str, instead: str = "") -> None:
        super().__init__(path, instead)
        self.path, self.instead = path, instead

    def __str__(self) -> str:
        return (
            f"{self.path} is a pickle, or holds some, and loading a pickle runs whatever code it holds; "
            "pass --trust if you know who made it" + self.instead
        )


class UntrustedTypesError(UsageError):
    """A skops file holds types that are not known to be harmless."""

    def __init__(self, path: str, types: tuple[str, ...]) -> None:
        super().__init__(path, types)
        self.path, self.types = path, types

    def __str__(self) -> str:
        return (
            f"{self.path} holds types that are not known to be harmless: {', '.join(self.types)}; "
            "pass --trust if you know who made it"
        )


class UnsoundTreeError(LadingError):
    """A tree in a skops file points outside of itself, which would crash whoever follows it."""

    def __init__(self, path: str, tree: str) -> None:
        super().__init__(path, tree)
        self.path, self.tree = path, tree

    def __str__(self) -> str:
        return (
            f"{self.path} holds a {self.tree} with indices that point outside of it: the file is damaged, or made to "
            "do harm; save the model again where it was trained"
        )


class MissingFrameworkError(UsageError):
    """The framework that a model was trained with is not installed."""

    def __init__(self, path: str, framework: str, extra: str) -> None:
        super().__init__(path, framework, extra)
        self.path, self.framework, self.extra = path, framework, extra

    def __str__(self) -> str:
        return (
            f"{self.path} holds a model of {self.framework}, which is not installed; "
            f"install it: pip install 'lading[{self.extra}]'"
        )


class ModelUnpickleError(LadingError):
    """A model file cannot be loaded."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path} cannot be loaded: {self.reason}; load it with the packages and versions that it was saved with"


def load_model(path: Path, trust: bool = False) -> object:
    """The model in a file of one of the ``KINDS``, or in a folder of such a file that MLflow saved.

    Of ``.onnx`` it is the path itself. XGBoost's ``.ubj`` and ``.json``, LightGBM's ``.txt`` and CatBoost's ``.cbm``
    are read by these, which run no code from them.

    ``trust`` allows code to run: without it pickles are refused, those in ``.pt2`` too, and skops and Keras files with
    types that are not known to be harmless. Raises ``ModelFileError``, ``UntrustedPickleError``,
    ``UntrustedTypesError``, ``UnsoundTreeError``, ``MissingFrameworkError``, ``ModelUnpickleError`` and
    ``MlflowFolderError``.
    """
    if path.is_dir():
        path = model_file(path)
    if not path.is_file():
        raise ModelFileError(
            str(path), "is not there; give the path of a trained model's file, or of a folder that MLflow saved"
        )
    if path.suffix == ".onnx":
        return path
    if path.suffix == ".skops":
        return _skops(path, trust)
    if path.suffix in FILES:
        return _own(path)
    if path.suffix == ".keras":
        return _keras(path, trust)
    if path.suffix in WAYS_OUT:
        raise ModelFileError(str(path), WAYS_OUT[path.suffix])
    if path.suffix not in (*PICKLES, ".pt2"):
        raise ModelFileError(str(path), f"is of no known kind; expected a file that ends in {', '.join(KINDS)}")
    if not trust:
        instead = "" if path.suffix == ".pt2" else SKOPS
        raise UntrustedPickleError(str(path), instead)
    return _program(path) if path.suffix == ".pt2" else _pickle(path)


def _own(path: Path) -> object:
    _, load = FILES[path.suffix]
    try:
        return load(path)
    except Exception as error:  # each framework has errors of its own
        raise _unloaded(path, error) from error


def _unloaded(path: Path, error: Exception) -> LadingError:
    """What to raise for whatever was raised while a file was loaded."""
    framework = str(error.name).split(".")[0] if isinstance(error, ModuleNotFoundError) else None
    if framework in EXTRAS:
        return MissingFrameworkError(str(path), framework, EXTRAS[framework])
    first, *_ = str(error).splitlines() or [""]
    return ModelUnpickleError(str(path), f"{type(error).__name__}: {first}")


def _pickle(path: Path) -> object:
    need("scikit-learn", "sklearn", "joblib")  # which reads what others have pickled, too
    import joblib

    try:
        return joblib.load(path)
    except Exception as error:  # a pickle runs code, which raises what it likes
        raise _unloaded(path, error) from error


def _program(path: Path) -> object:
    need("PyTorch", "torch", "torch", "onnxscript")
    import torch

    try:
        return torch.export.load(path)
    except Exception as error:
        raise ModelUnpickleError(str(path), f"{type(error).__name__}: {error}") from error


def _keras(path: Path, trust: bool) -> object:
    need("Keras", "keras", "keras", "torch", "onnxscript")
    from lading.converters.keras.loading import load

    return load(path, trust)


def _skops(path: Path, trust: bool) -> object:
    need("skops", "sklearn", "sklearn", "skops")
    from skops.io import get_untrusted_types, load

    try:
        asked = get_untrusted_types(file=path)
    except Exception as error:  # a file that is no skops file fails in many ways
        raise ModelUnpickleError(str(path), f"{type(error).__name__}: {error}") from error
    untrusted = tuple(sorted(set(asked) - harmless()))
    if untrusted and not trust:
        raise UntrustedTypesError(str(path), untrusted)
    try:
        model = load(path, trusted=asked)
        broken = None if trust else unsound(model)
    except Exception as error:
        raise _unloaded(path, error) from error
    if broken is not None:
        raise UnsoundTreeError(str(path), broken)
    return cast(object, model)
