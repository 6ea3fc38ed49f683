"""Rules on how a converter is offered, and what it says before it converts anything."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping

from lading.converters.converter import GROUP, Converter, UnconvertibleError, converter_for
from lading.converters.testing.case import Subject
from lading.core.errors import LadingError
from lading.core.plugins import discover

STRANGERS: tuple[object, ...] = (None, object(), 7, "model.unknown", b"", {}, [], len)
"""What no converter of a framework's models is for."""


def _is_offered(subject: Subject) -> None:
    rule, name = "it is installed and found for the model", subject.converter.name
    point = discover(GROUP).get(name)
    if point is None:
        raise subject.fail(rule, f"nobody offers a converter {name!r} in {GROUP}", "name it in the entry points")
    if point.load() is not subject.kind:
        raise subject.fail(rule, f"{name!r} is {point.value}", f"offer {subject.kind.__qualname__} under its own name")
    if not isinstance(subject.converter, Converter):
        raise subject.fail(rule, "it lacks methods of Converter", "write all of them")
    try:
        found = converter_for(subject.case.model)
    except LadingError as error:
        raise subject.fail(
            rule, str(error), "have matches tell the classes of this framework, and no others"
        ) from error
    if not isinstance(found, subject.kind):
        raise subject.fail(rule, f"{found.name!r} takes the model", "have matches tell the classes of this framework")


def _knows_its_own(subject: Subject) -> None:
    rule = "it claims no other models"
    for stranger in STRANGERS if subject.converter.name != "onnx" else STRANGERS[:4]:
        try:
            claimed = subject.converter.matches(stranger)
        except Exception as error:
            raise subject.fail(rule, f"matches({stranger!r}) raises {error!r}", "look at the class alone") from error
        if claimed:
            raise subject.fail(
                rule, f"matches({stranger!r}) is true", "tell the classes of this framework, and no others"
            )


def _imports_nothing(subject: Subject) -> None:
    rule, module = "it imports no framework until it converts", subject.kind.__module__
    framework = type(subject.case.model).__module__.split(".")[0]
    if framework in (module.split(".")[0], "builtins", "pathlib"):
        return
    code = f"import sys, {module} as m; m.{subject.kind.__qualname__}().matches(object()); sys.exit({framework!r} in sys.modules)"
    found_here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=found_here, capture_output=True, text=True, check=False)  # noqa: S603 - its author asks for it
    if done.returncode == 1 and not done.stderr:
        raise subject.fail(rule, f"importing {module} imports {framework}", "import it where it is needed")
    if done.returncode:
        raise subject.fail(rule, f"importing {module} fails: {done.stderr.strip()[-300:]}", "have it import by itself")


def _refuses_the_unfitted(subject: Subject) -> None:
    rule, unfitted = "it refuses a model that was not trained", subject.case.unfitted
    if unfitted is None:
        return
    remedy = "have diagnose return a Problem for it, and convert raise UnconvertibleError"
    try:
        subject.converter.features(unfitted)
        problems = subject.converter.diagnose(unfitted, subject.given.form, subject.fields)
        subject.converter.convert(unfitted, subject.given.form, subject.fields, "mixed")
    except UnconvertibleError:
        if not problems:
            raise subject.fail(rule, "diagnose finds no problem", remedy) from None
        return
    except Exception as error:
        raise subject.fail(rule, f"it raises {type(error).__name__}: {error}", remedy) from error
    raise subject.fail(rule, "it converts it", remedy)


def _refuses_other_columns(subject: Subject) -> None:
    rule = "it refuses data without a column that the model takes"
    column = subject.fields[0].name
    if len(subject.fields) == 1:
        return
    try:
        subject.package(subject.case.model, "narrow.lading", subject.without(column))
    except LadingError:
        return
    except Exception as error:
        found = f"without {column!r} it raises {type(error).__name__}: {error}"
        raise subject.fail(rule, found, "raise UnconvertibleError with a Problem that names what is missing") from error
    raise subject.fail(rule, f"without {column!r} it packages the model", "have features or diagnose tell the columns")


def _finds_no_problem(subject: Subject) -> None:
    rule = "it finds no problem with a model that it converts"
    found = subject.converter.diagnose(subject.case.model, subject.given.form, subject.fields)
    if found:
        raise subject.fail(rule, f"diagnose says: {found[0]}", "return problems that keep a model from being converted")


OFFER_RULES: Mapping[str, Callable[[Subject], None]] = {
    "is offered": _is_offered,
    "claims its own": _knows_its_own,
    "imports nothing": _imports_nothing,
    "finds no problem": _finds_no_problem,
    "refuses the unfitted": _refuses_the_unfitted,
    "refuses other columns": _refuses_other_columns,
}
