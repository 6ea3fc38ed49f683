"""XGBoost models to ONNX."""
