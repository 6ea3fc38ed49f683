"""JAX: functions with their parameters, and modules of flax and equinox."""

from lading.converters.jax.function import JaxFunction

__all__ = ["JaxFunction"]
