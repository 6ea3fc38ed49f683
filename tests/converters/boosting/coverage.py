"""The page's part on boosted trees: what becomes of every objective and every way of training."""

from collections.abc import Iterator, Sequence

from lading.converters.boosting.frameworks import FRAMEWORKS, Framework
from tests.converters.boosting import catboost_models, lightgbm_models, xgboost_models
from tests.converters.verdicts import Case, Verdict, band, verdict

MODELS = {"catboost": catboost_models.cases, "lightgbm": lightgbm_models.cases, "xgboost": xgboost_models.cases}

TITLE = "## Boosted trees"

HEAD = """{title}

Every objective and way of training of XGBoost, LightGBM and CatBoost that is listed here is trained on data that suits it and packaged. **{proved} of {all} are proved equal; {refused} are refused**, none is converted unproved.
"""

PART = """
### {title} {version}

| model | trained with | precision | error below |
|---|---|---|---|
{proved}
"""

REFUSED = """
| refused | trained with | why, and what to do |
|---|---|---|
{refused}
"""


def cases(framework: str) -> list[Case]:
    """Every case of one framework."""
    return list(MODELS[framework]())


def verdicts() -> Iterator[tuple[Framework, list[Verdict]]]:
    """What becomes of every case, framework by framework."""
    for name in sorted(MODELS):
        yield FRAMEWORKS[name], [verdict(case) for case in cases(name)]


def document(found: Sequence[tuple[Framework, Sequence[Verdict]]]) -> str:
    """The part of the page that tells of all verdicts."""
    everything = [one for _, some in found for one in some]
    proved = sum(one.precision is not None for one in everything)
    head = HEAD.format(title=TITLE, proved=proved, all=len(everything), refused=len(everything) - proved)
    return head + "".join(_part(framework, some) for framework, some in found)


def _part(framework: Framework, found: Sequence[Verdict]) -> str:
    proved = [one for one in found if one.precision is not None]
    refused = [one for one in found if one.precision is None]
    version = ".".join(str(framework.installed).split(".")[:2])
    rows = "\n".join(f"| {one.case.api} | {one.case.what} | {one.precision} | {band(one.error)} |" for one in proved)
    others = "\n".join(f"| {one.case.api} | {one.case.what} | {one.reason} |" for one in refused)
    part = PART.format(title=framework.title, version=version, proved=rows)
    return part + (REFUSED.format(refused=others) if refused else "")
