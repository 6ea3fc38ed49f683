"""Drift: how what the deployed models are asked differs from what they were trained on."""
