"""KServe's own models of its resources: what they do not know of the documents that they are given, or ask for besides.

Kubernetes' types in them are not looked into.
"""

import json
import re
import sys

from kserve import models

PRIMITIVES = {"str": str, "bool": bool, "int": int, "float": (int, float)}


def problems(value, kind, place):
    """What is wrong with ``value``, which should be a ``kind``."""
    if inner := re.fullmatch(r"list\[(.+)\]", kind):
        for number, each in enumerate(value):
            yield from problems(each, inner[1], f"{place}[{number}]")
    elif inner := re.fullmatch(r"dict\(str, (.+)\)", kind):
        for key, each in value.items():
            yield from problems(each, inner[1], f"{place}.{key}")
    elif kind in PRIMITIVES:
        if not isinstance(value, PRIMITIVES[kind]):
            yield f"{place} is {value!r}, no {kind}"
    elif model := getattr(models, kind, None):
        yield from of_model(value, model, place)


def of_model(value, model, place):
    """The same where it is one of KServe's own."""
    names = {name: attribute for attribute, name in model.attribute_map.items()}
    for key, each in value.items():
        if key not in names:
            yield f"{model.__name__} has no {place}.{key}"
        else:
            yield from problems(each, model.openapi_types[names[key]], f"{place}.{key}")
    try:
        model(**{names[key]: each for key, each in value.items() if key in names})
    except ValueError as error:
        yield f"{place}: {error}"


def kind_of(document):
    """``V1alpha1ServingRuntime`` for a ServingRuntime of serving.kserve.io/v1alpha1."""
    group, _, version = document["apiVersion"].partition("/")
    assert group == "serving.kserve.io", group
    return version.capitalize() + document["kind"]


given = json.load(sys.stdin)
print(json.dumps([list(problems(each, kind_of(each), each["kind"])) for each in given]))
