"""Protocols: the ways in which clients speak to the deployed models."""
