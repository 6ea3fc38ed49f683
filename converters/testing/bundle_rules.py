"""Rules on the bundle: that it is proved, the same every time, complete, and serves where the framework is not."""

import re
from collections.abc import Callable, Mapping

from lading.bundles.bundle import open_bundle
from lading.bundles.contents import check_contents
from lading.bundles.trial import TrialError, try_bundle
from lading.converters.converter import GROUP
from lading.converters.testing.case import Subject
from lading.core.errors import LadingError
from lading.core.plugins import discover

PICKLE = re.compile(rb"\x80[\x02-\x05](\x95|c|\}|\]|\(|q)|gASV|cloudpickle")
"""How pickles begin, those in base64 too, or what they name."""


def _is_proved(subject: Subject) -> None:
    rule = "the bundle is proved"
    try:
        parity = subject.packaged.parity
    except LadingError as error:
        raise subject.fail(rule, f"it is not packaged: {error}", "mend what that says") from error
    except Exception as error:
        raise subject.fail(rule, f"packaging raises {error!r}", "raise children of LadingError alone") from error
    if parity.waiver is not None or not parity.rows:
        raise subject.fail(rule, "nothing is proved", "mend the graph")


def _is_reproducible(subject: Subject) -> None:
    rule, first = "the same model and data give the same digest", subject.packaged.digest
    again = subject.package(subject.case.model, "again.lading").digest
    if again != first:
        raise subject.fail(rule, f"they give {first} and {again}", "leave out times, addresses and random names")


def _serves(subject: Subject) -> None:
    rule = "the bundle loads and answers its golden rows in a process without the framework"
    try:
        try_bundle(subject.packaged.path, subject.packaged.digest)
    except TrialError as error:
        raise subject.fail(rule, error.problem, "write a graph that needs nothing but ONNX Runtime") from error


def _holds_what_may_be(subject: Subject) -> None:
    rule = "the bundle holds no code, no pickle and no operator that is not allowed"
    with open_bundle(subject.packaged.path) as bundle:
        try:
            check_contents(bundle.contents(), bundle.manifest.graph.path, subject.case.title)
        except LadingError as error:
            raise subject.fail(rule, str(error), "use ONNX's own operators") from error
        found = PICKLE.search(bundle.read(bundle.manifest.graph.path))
    if found is not None:
        raise subject.fail(rule, f"the graph holds {found[0]!r}, as of a pickle", "write tensors and attributes alone")


def _names_versions(subject: Subject) -> None:
    rule, remedy = "the bundle names the versions of all that made it", "name their distributions in Converted.packages"
    with open_bundle(subject.packaged.path) as bundle:
        known = bundle.manifest.provenance.environment.packages
        parity = bundle.manifest.parity
    wanted = set(subject.case.distributions)
    point = discover(GROUP).get(subject.converter.name)
    if point is not None and point.dist is not None and point.dist.name != "lading":
        wanted.add(point.dist.name)
    lacking = sorted(name for name in wanted if name not in known)
    if lacking:
        raise subject.fail(rule, f"it does not name {', '.join(lacking)}", remedy)
    if not any(character.isdigit() for character in parity.reference):
        raise subject.fail(rule, f"the reference is {parity.reference!r}", "say in Converted.reference which version")


BUNDLE_RULES: Mapping[str, Callable[[Subject], None]] = {
    "is proved": _is_proved,
    "is reproducible": _is_reproducible,
    "serves without the framework": _serves,
    "holds what may be": _holds_what_may_be,
    "names versions": _names_versions,
}
