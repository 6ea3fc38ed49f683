"""What stops the scoring of a file."""

from lading.core.errors import ConflictError, UsageError


class MissingColumnError(UsageError):
    """The file lacks a column that the model needs, or has it twice."""

    def __init__(self, path: str, column: str, problem: str) -> None:
        super().__init__(path, column, problem)
        self.path, self.column, self.problem = path, column, problem

    def __str__(self) -> str:
        return f"{self.path} {self.problem} column {self.column!r}"


class RowError(UsageError):
    """A value of the file cannot go into its field; rows count from 1, the header of a CSV file not included."""

    def __init__(self, path: str, row: int | None, field: str, problem: str) -> None:
        super().__init__(path, row, field, problem)
        self.path, self.row, self.field, self.problem = path, row, field, problem

    def __str__(self) -> str:
        where = "" if self.row is None else f", row {self.row}"
        return f"{self.path}{where}, field {self.field!r}: {self.problem}"


class BatchError(UsageError):
    """The model does not answer a batch of rows, each of which its fields take; rows count from 1."""

    def __init__(self, path: str, first: int, last: int, problem: str) -> None:
        super().__init__(path, first, last, problem)
        self.path, self.first, self.last, self.problem = path, first, last, problem

    def __str__(self) -> str:
        return f"{self.path}, rows {self.first} to {self.last}: {self.problem}"


class KeptColumnError(ConflictError):
    """A column that is to be kept has the name of one of the answers."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column

    def __str__(self) -> str:
        return (
            f"the answers have a column {self.column!r} too; rename it in the input, "
            "or name the columns to keep one by one without it"
        )


class SameFileError(ConflictError):
    """The answers would replace the rows."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is both the input and the output; write the answers to another file"
