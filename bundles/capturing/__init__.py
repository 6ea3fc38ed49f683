"""Capturing: what can be seen of the code, the environment and the parameters, without any secret."""
