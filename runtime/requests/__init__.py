"""Requests that were answered: what the server's owner may keep of them, and where they appear in traces."""
