"""Tensors: how values become the tensors of a graph, and whether the answers are the expected ones."""
