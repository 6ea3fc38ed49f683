"""The root of all errors, and the exit code that each kind ends the command line with."""

from typing import ClassVar


class LadingError(Exception):
    """Something a user can understand and mend; its message says what was found, what was expected, what to do."""

    exit_code: ClassVar[int] = 1

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the message, where it has several; what others wrote in one of them cannot pass for another."""
        return (str(self),)


class UsageError(LadingError):
    """What was asked for cannot be done as it was asked."""

    exit_code = 2


class ConflictError(LadingError):
    """Two things claim one place: a name, a port, a file."""

    exit_code = 3


class IntegrityError(LadingError):
    """Bytes are not what their record says, or an answer is not what the original model gave."""

    exit_code = 4


class PolicyError(LadingError):
    """A rule that somebody set forbids it."""

    exit_code = 5


def cut(text: str, most: int) -> str:
    """``text`` as far as a message repeats it: ``most`` characters, of which the last is ``…`` where there are more.

    >>> cut("a long story", 7), cut("a word", 7)
    ('a long…', 'a word')
    """
    return text if len(text) <= most else text[: most - 1] + "…"
