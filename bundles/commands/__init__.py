"""The commands that look at bundles: ``lading inspect`` and ``lading verify``."""
