"""Links: what becomes of the sums of a forest."""

from collections.abc import Callable

from lading.converters.sklearn.formulas.value import Said, Value

Link = Callable[[Value], Value]


def identity(raw: Value) -> Value:
    """The sums themselves."""
    return raw


def sigmoid(raw: Value) -> Value:
    """The probability of which the sum is the logarithm of the odds."""
    return raw.apply("Sigmoid")


def softmax(raw: Value) -> Value:
    """The probabilities of which the sums are logarithms, up to a constant for each row."""
    return raw.apply("Softmax", axis=1)


def exp(raw: Value) -> Value:
    """The number of which the sum is the logarithm."""
    return raw.exp()


def softplus(raw: Value) -> Value:
    """The logarithm of one and the exponential."""
    return (raw.exp() + 1.0).log()


def signed_square(raw: Value) -> Value:
    """The square, with the sign of the sum."""
    return raw * raw.apply("Abs")


def positive(raw: Value) -> Value:
    """1 where the sum is above 0, else 0."""
    return (raw > 0.0).number()


def place(raw: Value) -> Value:
    """The place of the largest sum, as a number."""
    return raw.argmax().number().reshape(-1, 1)


def two_classes(positive: Value, limit: float = 0.5) -> tuple[Value, Value]:
    """The label and the probabilities of two classes, of those ``[N, 1]`` of the second, which is told above ``limit``."""
    return (positive > limit).whole().reshape(-1), (1.0 - positive).beside(positive)


def each(positive: Value, count: int, limit: float = 0.5) -> list[Said]:
    """The same of each of ``count`` labels, of the probabilities ``[N, count]`` that a row has them."""
    return [two_classes(positive.columns([place]), limit) for place in range(count)]


def largest(probabilities: Value) -> tuple[Value, Value]:
    """The label whose probability is the largest, and the probabilities."""
    return probabilities.argmax(), probabilities
