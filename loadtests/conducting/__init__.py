"""Conducting: servers are started, load is driven in steps, and the result is put together."""
