"""Judging: the objectives of a service, and whether what was measured meets them."""
