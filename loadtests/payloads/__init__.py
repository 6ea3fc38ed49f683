"""Payloads: what users of a model ask it, drawn from its bundle, and what it should answer."""
