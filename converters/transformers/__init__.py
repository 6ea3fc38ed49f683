"""Transformers: Hugging Face's models over tokens."""
