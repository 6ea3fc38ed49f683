"""Administration: what a running server is to answer with, changed while it runs, and remembered."""
