"""Every error of ours survives a pickle, since Ray pickles, and says something."""

import importlib
import inspect
import pickle
import typing
import warnings
from pathlib import Path

import pytest

from lading.core.errors import LadingError

ROOT = Path(__file__).resolve().parent.parent
FRAMEWORKS = {"jax", "jax2onnx", "keras", "torch", "transformers"}
STAND_INS: dict[object, object] = {str: "what", int: 3, float: 1.5, bool: True, Path: Path("where"), object: "thing"}


def members_of(module: str) -> list[object]:
    """What a module holds; nothing where its framework is not installed, as in the environment of most tests."""
    try:
        return list(vars(importlib.import_module(module)).values())
    except ModuleNotFoundError as error:
        if error.name in FRAMEWORKS:
            return []
        raise


def kinds() -> list[type[LadingError]]:
    """Every class of errors in every module of ours."""
    found: set[type[LadingError]] = set()
    for folder in (ROOT / ".imports" / "lading").iterdir():
        for path in (ROOT / folder.name).rglob("*.py"):
            name = ".".join(("lading", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what other people's packages warn of while they are imported
                members = members_of(name)
            found.update(m for m in members if isinstance(m, type) and issubclass(m, LadingError))
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def stand_in(annotation: object) -> object:
    """Some value of the annotated type."""
    if annotation in STAND_INS:
        return STAND_INS[annotation]
    arguments = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return arguments[0]
    if arguments and type(None) in arguments:
        return stand_in(next(argument for argument in arguments if argument is not type(None)))
    if isinstance(origin, type) and issubclass(origin, tuple):
        return tuple(stand_in(argument) for argument in arguments if argument is not ...)
    if isinstance(origin, type) and issubclass(origin, typing.Collection):
        return (stand_in(arguments[0]),)
    if isinstance(annotation, type) and (fields := typing.get_type_hints(annotation)):
        return annotation(**{name: stand_in(hint) for name, hint in fields.items()})
    raise AssertionError(f"give {annotation} a stand-in")


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_an_error_survives_a_pickle(kind: type[LadingError]) -> None:
    hints = typing.get_type_hints(kind.__init__)
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    given = [stand_in(hints[p.name]) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name in hints]
    error = kind(*(given if given else ["what happened"]))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert len(str(error)) > 3
    assert kind.__doc__
    assert kind.__name__.endswith("Error")
