"""The scikit-learn converter: skl2onnx, repaired where it is silently wrong, and every repair proved."""
