"""The commands that ask models: ``lading serve`` and ``lading predict``."""
