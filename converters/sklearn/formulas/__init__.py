"""Formulas: what estimators that skl2onnx has no converter for compute, written down in float64."""
