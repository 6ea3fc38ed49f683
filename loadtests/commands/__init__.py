"""The command ``lading loadtest``."""
