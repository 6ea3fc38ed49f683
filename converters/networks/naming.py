"""Naming: what the tensors of a network's answer are called, by the keys, attributes and positions that lead there."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from lading.converters.converter import Problem


class NoTensorError(Exception):
    """A network answers, or is to be called with, what is no tensor of its own."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def named(answer: Any, kind: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The tensors, of the class ``kind``, in an answer with their names; None is no answer. Raises ``NoTensorError``."""
    if isinstance(answer, kind):
        if "complex" in str(answer.dtype):
            remedy = "return its real and its imaginary part, each as a tensor of real numbers"
            raise NoTensorError(Problem("", "answers complex numbers, which no bundle has", remedy))
        yield "_".join(path) if path else "output", answer
    elif answer is not None:
        for name, part in _parts(answer):
            yield from named(part, kind, (*path, name))


def _parts(answer: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(answer, Mapping):
        yield from ((str(name), part) for name, part in answer.items())
    elif isinstance(answer, tuple) and hasattr(answer, "_fields"):
        yield from zip(answer._fields, answer, strict=True)
    elif isinstance(answer, tuple | list):
        yield from ((f"output_{place}", part) for place, part in enumerate(answer))
    elif is_dataclass(answer):
        yield from ((field.name, getattr(answer, field.name)) for field in fields(answer))
    else:
        remedy = "return tensors, in a dictionary or a tuple where they are several"
        raise NoTensorError(Problem("", f"answers a {type(answer).__qualname__}, which is no tensor", remedy))
