"""temporary."""

from lading.loadtests.measuring.step import Step


def limit_of(step: Step) -> str | None:
    """Why."""
    return "busy" if step.generator.busiest > 0.9 else None
