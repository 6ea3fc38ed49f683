"""The checks: each one rule, over each case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lading.converters.converter import Converter
from lading.converters.testing.bundle_rules import BUNDLE_RULES
from lading.converters.testing.case import Case, Subject
from lading.converters.testing.graph_rules import GRAPH_RULES
from lading.converters.testing.offer_rules import OFFER_RULES

RULES: Mapping[str, Callable[[Subject], None]] = {**OFFER_RULES, **GRAPH_RULES, **BUNDLE_RULES}
"""Every rule by what it demands; each raises ``NonconformingError``."""


@dataclass(frozen=True, eq=False)
class Check:
    """One rule for one case; calling it raises ``NonconformingError`` where the converter breaks the rule."""

    rule: str
    subject: Subject

    def __call__(self) -> None:
        """Check it."""
        RULES[self.rule](self.subject)

    def __str__(self) -> str:
        return f"{self.subject.case.title}: {self.rule}"


def checks(converter: type[Converter], cases: Sequence[Case]) -> list[Check]:
    """Every rule for every case; ``converter`` has to be installed, as its users have it."""
    subjects = [Subject(converter, case) for case in cases]
    return [Check(rule, subject) for subject in subjects for rule in RULES]
