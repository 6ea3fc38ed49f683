"""Problems: what can be wrong with training data before anything is computed from it."""

from lading.core.errors import UsageError


class DataFormError(UsageError):
    """The data as a whole is not a table that can be taken."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found, remedy)
        self.found, self.remedy = found, remedy

    def __str__(self) -> str:
        return f"the data is {self.found}; {self.remedy}"


class DataColumnError(UsageError):
    """One column of the data cannot be taken."""

    def __init__(self, column: str, found: str, remedy: str) -> None:
        super().__init__(column, found, remedy)
        self.column, self.found, self.remedy = column, found, remedy

    def __str__(self) -> str:
        return f"column {self.column!r} {self.found}; {self.remedy}"


class DataFileError(UsageError):
    """A data file cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path} cannot be read: {self.reason}"
