"""Benchmarks: Lading beside what people use instead, measured in one run on the same model."""
