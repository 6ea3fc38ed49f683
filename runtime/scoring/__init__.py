"""Scoring: the rows of a file answered without a server, a piece at a time."""
