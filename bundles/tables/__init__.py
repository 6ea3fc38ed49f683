"""Tables: training data as pandas, polars, Arrow or NumPy hold it, each behind one view."""

from lading.bundles.tables.problems import DataColumnError, DataFileError, DataFormError

__all__ = ["DataColumnError", "DataFileError", "DataFormError"]
