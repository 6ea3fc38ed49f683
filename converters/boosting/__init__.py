"""Boosting: what the graphs of all frameworks of boosted trees have in common."""
