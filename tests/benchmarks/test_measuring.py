"""A server is measured when it answers as the session does, and named with its reason when it does not."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmarks import forms
from benchmarks.contenders import Contender, contenders
from benchmarks.measuring import BARE, Plan, measure, measure_bare
from benchmarks.subjects import Subject, make_subject

PLAN = Plan(rows=(1, 3), connections=2, seconds=0.2)
WRONG = forms.Form(forms.MATRICES.ask, lambda subject, response: 1 - np.array(response.json()["probabilities"]))


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return make_subject("mixed", tmp_path_factory.mktemp("mixed"))


def test_every_question_with_every_number_of_rows(subject: Subject) -> None:
    found = list(measure(contenders()["fastapi"], subject, PLAN))
    titles = ("FastAPI by hand, def", "FastAPI by hand, async def")
    assert [(one["server"], one["rows"]) for one in found] == [(title, rows) for title in titles for rows in (1, 3)]
    assert all(one["requests"] > 0 and one["errors"] == 0 and one["cpu_ms"] >= 0 for one in found)
    assert all(one["memory_mib"] > 20 for one in found)


def test_the_bare_session(subject: Subject) -> None:
    found = list(measure_bare(subject, PLAN))
    assert [(one["server"], one["rows"]) for one in found] == [(BARE, 1), (BARE, 3)]


def test_other_answers_than_the_sessions_are_not_measured(subject: Subject) -> None:
    honest = contenders()["fastapi"]
    questions = (dataclasses.replace(honest.questions[0], form=WRONG),)
    (found,) = measure(dataclasses.replace(honest, questions=questions), subject, PLAN)
    assert found["failed"].startswith("it answered [")
    assert "where the session gives [" in found["failed"]


def test_a_server_that_ends_is_named_with_what_it_said(subject: Subject) -> None:
    question = contenders()["fastapi"].questions[0]
    failing = Contender((question,), lambda subject, port: ["python", "-c", "raise ValueError('no model')"])
    (found,) = measure(failing, subject, PLAN)
    assert found == {
        "server": question.title,
        "failed": "it did not answer; the last it said was: ValueError: no model",
    }


@pytest.mark.parametrize("name", ["gbt", "mlp", "mixed"])
def test_rows_are_enough_and_have_a_value_for_each_field(tmp_path: Path, name: str) -> None:
    made = make_subject(name, tmp_path)
    assert all(len(array) == 256 for array in made.tensors(256).values())
    assert made.values.shape[1] == len(made.fields)
    assert made.expected(256).shape[0] == 256
