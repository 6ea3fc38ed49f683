"""Measuring: what was asked, how long it took and what it cost, second by second."""
