"""LightGBM models to ONNX."""
