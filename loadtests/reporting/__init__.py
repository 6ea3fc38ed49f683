"""Reporting: a result for a person, a program and a CI."""
