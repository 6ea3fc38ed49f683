"""The runtime: bundles that answer, on a server or over a file, and nothing of how they were made."""
