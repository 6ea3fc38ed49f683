"""Keras: models in memory and ``.keras`` files."""
