"""The bundle format: what a model's bundle holds, how one is written, read and checked."""
