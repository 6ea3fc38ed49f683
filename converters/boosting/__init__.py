"""Boosting: what the graphs of all frameworks of boosted trees have in common."""

BOOSTED = ("catboost", "lightgbm", "xgboost")
"""The packages of the frameworks, which are the names of the extras that bring them too."""
