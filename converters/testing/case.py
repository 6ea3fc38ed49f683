"""A case: one model that a converter is checked with, and what is made of it on the way."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lading.bundles.signature import Field
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.table import Table
from lading.converters.converter import Converted, Converter
from lading.converters.package import Packaged, package
from lading.converters.targets import Target
from lading.converters.training_data import TrainingData, training_data
from lading.core.errors import IntegrityError


class NonconformingError(IntegrityError):
    """A converter does not do what is expected of one."""

    def __init__(self, rule: str, case: str, found: str, remedy: str) -> None:
        super().__init__(rule, case, found, remedy)
        self.rule, self.case, self.found, self.remedy = rule, case, found, remedy

    def __str__(self) -> str:
        return f"{self.case}, {self.rule}: {self.found}; {self.remedy}"


@dataclass(frozen=True, eq=False)
class Case:
    """A trained model that the converter takes, and its data; ``target``, ``y`` and the data as ``package`` takes them.

    The data should have what the framework's users have: texts, missing cells, categories, as far as the model takes
    any. Give a pandas data frame, a NumPy matrix, or a mapping from names to arrays; graphs taken whole have no rows.
    """

    title: str
    model: object
    data: object
    target: Target = None
    y: object = None
    unfitted: object = None
    """A model of the same kind that was not trained, where there can be one; it has to be refused."""
    distributions: Sequence[str] = ()
    """What has to be named in the bundle with its version: the framework's distribution, and the plugin's."""


class Subject:
    """A case with its converter; what both make is made once, when it is asked for."""

    def __init__(self, kind: type[Converter], case: Case) -> None:
        self.kind, self.case, self.converter = kind, case, kind()
        self._folder = Path(tempfile.mkdtemp(prefix="lading-testing-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @cached_property
    def given(self) -> TrainingData:
        """The data, with the columns that the model takes in its order."""
        known = self.converter.features(self.case.model)
        return training_data(self.case.data, known, self.case.target, None, self.case.y)

    @property
    def rows(self) -> Table:
        """The rows that the model is asked, without the target."""
        return self.given.rows

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The columns of the data, as the converter gets them."""
        return fields_of(self.rows)

    @cached_property
    def converted(self) -> Converted:
        """The graph."""
        return self.converter.convert(self.case.model, self.given.form, self.fields, "mixed")

    @cached_property
    def expected(self) -> Mapping[str, np.ndarray]:
        """What the model itself answers to all rows."""
        return self.converter.reference(self.case.model, self.rows, self.converted.signature)

    @cached_property
    def packaged(self) -> Packaged:
        """The bundle."""
        return self.package(self.case.model, "case.lading")

    def package(self, model: object, file: str, data: object = None) -> Packaged:
        """A bundle of ``model`` with the case's data, or other."""
        return package(
            model,
            self.case.data if data is None else data,
            name="case",
            path=self._folder / file,
            target=self.case.target,
            y=self.case.y,
        )

    def without(self, column: str) -> object:
        """The case's data without one column."""
        data: Any = self.case.data
        if isinstance(data, Mapping):
            return {name: values for name, values in data.items() if name != column}
        if isinstance(data, np.ndarray):
            return data[:, 1:]
        return data.drop(columns=[column])

    def fail(self, rule: str, found: str, remedy: str) -> NonconformingError:
        """What to raise for a rule that is broken."""
        return NonconformingError(rule, self.case.title, found, remedy)
