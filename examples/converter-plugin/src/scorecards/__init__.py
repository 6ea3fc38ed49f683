"""Scorecards: a small framework of its own, for the sake of the example."""

from scorecards.scorecard import NotFittedError, Scorecard

__all__ = ["NotFittedError", "Scorecard"]
