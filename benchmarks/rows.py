"""The rows: what the servers written by hand are asked, and what they answer."""

from pydantic import BaseModel


class Rows(BaseModel):
    """A matrix for the numbers and, where the model reads texts, one for them."""

    numbers: list[list[float]]
    texts: list[list[str]] | None = None


class Answer(BaseModel):
    """The label and the probabilities of the classes for each row."""

    labels: list[int] | list[str]
    probabilities: list[list[float]]
