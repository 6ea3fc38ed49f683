"""Converters: trained models into proved bundles."""

from lading.converters.converter import Converted, Converter, Problem, UnconvertibleError
from lading.converters.package import Packaged, package
from lading.converters.parity import ModelFailedError, ParityError
from lading.converters.tracking import Tracking, track

__all__ = [
    "Converted",
    "Converter",
    "ModelFailedError",
    "Packaged",
    "ParityError",
    "Problem",
    "Tracking",
    "UnconvertibleError",
    "package",
    "track",
]
