"""CatBoost models to ONNX."""
