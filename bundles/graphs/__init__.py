"""Graphs: what an ONNX file holds, looked at before anything loads it."""
