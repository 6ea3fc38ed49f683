"""Small bundles made by hand: signatures of every kind, and graphs that can be computed in the head."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from lading.bundles.draft import Draft
from lading.bundles.signature import Feed, Field, Output, Range, Signature, Tensor
from tests.runtime.drafting import draft, graph, objects, one_number

CLASSES = ("Adelie", "Chinstrap", 'Gentoo "100%"')

PENGUINS = Signature(
    form="frame",
    fields=(
        Field(name="bill length", type="number", dtype="float64", nullable=True, feed=Feed(input="n", column=0)),
        Field(
            name="mass",
            type="number",
            dtype="float64",
            range=Range(minimum=2.5, maximum=6.5),
            feed=Feed(input="n", column=1),
        ),
        Field(name="year", type="integer", dtype="int64", feed=Feed(input="n", column=2)),
        Field(name="eggs", type="integer", dtype="Int64", nullable=True, feed=Feed(input="n", column=3)),
        Field(name="tagged", type="boolean", dtype="bool", feed=Feed(input="n", column=4)),
        Field(name="moulting", type="boolean", dtype="boolean", nullable=True, feed=Feed(input="n", column=5)),
        Field(
            name="island",
            type="category",
            dtype="category",
            category_type="string",
            categories=("Biscoe", "Dream", "Torgersen"),
            unknown="refuse",
            feed=Feed(input="t", column=0),
        ),
        Field(name="note", type="string", dtype="str", nullable=True, feed=Feed(input="t", column=1, missing="nan")),
        Field(
            name="band",
            type="category",
            dtype="int64",
            category_type="integer",
            categories=(1, 2, 3),
            feed=Feed(input="t", column=2),
        ),
        Field(name="seen", type="string", dtype="str"),
    ),
    inputs=(
        Tensor(name="n", dtype="float32", shape=("N", 6)),
        Tensor(name="t", dtype="string", shape=("N", 3)),
    ),
    outputs=(
        Output(
            tensor=Tensor(name="label", dtype="string", shape=("N",)),
            meaning="label",
            classes=CLASSES,
            class_type="string",
        ),
        Output(
            tensor=Tensor(name="probabilities", dtype="float32", shape=("N", 3)),
            meaning="probabilities",
            classes=CLASSES,
            class_type="string",
        ),
    ),
)

PENGUIN_NODES = (
    helper.make_node("IsNaN", ["n"], ["gone"]),
    helper.make_node("Where", ["gone", "zero", "n"], ["filled"]),
    helper.make_node(
        "LabelEncoder",
        ["t"],
        ["codes"],
        domain="ai.onnx.ml",
        keys_strings=["Biscoe", "Dream", "Torgersen", "nan", "heavy", "1", "2", "3"],
        values_floats=[1.0, -2.0, 3.0, -1.5, 2.5, 0.5, 1.5, 4.0],
        default_float=-1.0,
    ),
    helper.make_node("Concat", ["filled", "codes"], ["all"], axis=1),
    helper.make_node("MatMul", ["all", "weights"], ["scores"]),
    helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    helper.make_node("ArgMax", ["scores"], ["best"], axis=1, keepdims=0),
    helper.make_node(
        "LabelEncoder",
        ["best"],
        ["label"],
        domain="ai.onnx.ml",
        keys_int64s=[0, 1, 2],
        values_strings=list(CLASSES),
    ),
)


def penguins() -> Draft:
    """A data frame with columns of every kind: two matrices in, a text label and probabilities out."""
    weights = np.random.default_rng(2).normal(size=(9, 3)).astype(np.float32)
    weights[2] /= 1000  # years are large
    columns = {
        "bill length": np.array([39.1, np.nan, 46.5, 50.0]) / 10,
        "mass": np.array([3.75, 3.8, 5.2, 4.1]),
        "year": np.array([2007, 2008, 2009, 2007]),
        "eggs": np.array([1, np.nan, 2, 1]),
        "tagged": np.array([True, False, True, True]),
        "moulting": objects(True, None, False, None),
        "island": objects("Torgersen", "Dream", "Biscoe", "Dream"),
        "note": objects("heavy", None, "a: colon", ""),
        "band": objects(1, 2, 3, 7),
        "seen": objects("yes", "no", None, "yes"),
    }
    constants = {"zero": np.array(0, np.float32), "weights": weights}
    model = graph(PENGUIN_NODES, PENGUINS, constants)
    return draft("penguins", PENGUINS, model, columns, description="Which penguin it is.")


def cells() -> Draft:
    """One float32 matrix in, one value out."""
    signature = Signature(
        form="array",
        fields=tuple(
            Field(name=f"x{index}", type="number", dtype="float64", feed=Feed(input="X", column=index))
            for index in range(4)
        ),
        inputs=(Tensor(name="X", dtype="float32", shape=("N", 4)),),
        outputs=(Output(tensor=Tensor(name="variable", dtype="float32", shape=("N", 1)), meaning="value"),),
    )
    nodes = [helper.make_node("MatMul", ["X", "w"], ["variable"])]
    columns = {f"x{index}": np.array([0.5, -1.25, 3.0]) * (index + 1) for index in range(4)}
    constants = {"w": np.array([[1], [2], [-1], [0.5]], np.float32)}
    return draft("cells", signature, graph(nodes, signature, constants), columns)


def coins() -> Draft:
    """A matrix that may have missing values in, a label that is coded and stands for true and false out."""
    signature = Signature(
        form="array",
        fields=tuple(
            Field(name=name, type="number", dtype="float64", nullable=True, feed=Feed(input="X", column=index))
            for index, name in enumerate(("weight", "width"))
        ),
        inputs=(Tensor(name="X", dtype="float64", shape=("N", 2)),),
        outputs=(
            Output(
                tensor=Tensor(name="label", dtype="int64", shape=("N",)),
                meaning="label",
                classes=(False, True),
                class_type="boolean",
                coded=True,
            ),
            Output(
                tensor=Tensor(name="odds", dtype="float64", shape=("N", 2)),
                meaning="probabilities",
                classes=(False, True),
                class_type="boolean",
            ),
        ),
    )
    nodes = [
        helper.make_node("IsNaN", ["X"], ["gone"]),
        helper.make_node("Where", ["gone", "zero", "X"], ["filled"]),
        helper.make_node("Softmax", ["filled"], ["odds"], axis=1),
        helper.make_node("ArgMax", ["filled"], ["label"], axis=1, keepdims=0),
    ]
    columns = {"weight": np.array([0.25, np.nan, 1.5]), "width": np.array([1.0, -2.0, np.nan])}
    return draft("coins", signature, graph(nodes, signature, {"zero": np.array(0.0)}), columns)


def counts() -> Draft:
    """A matrix of doubles whose columns are integers, truths and numbers, of which one may be missing."""
    kinds = (("count", "integer", False), ("flag", "boolean", False), ("level", "number", True))
    signature = Signature(
        form="array",
        fields=tuple(
            Field(name=name, type=kind, dtype=kind, nullable=nullable, feed=Feed(input="X", column=index))
            for index, (name, kind, nullable) in enumerate(kinds)
        ),
        inputs=(Tensor(name="X", dtype="float64", shape=("N", 3)),),
        outputs=(Output(tensor=Tensor(name="same", dtype="float64", shape=("N", 3)), meaning="tensor"),),
    )
    nodes = [helper.make_node("Identity", ["X"], ["same"])]
    columns = {"count": np.array([1, -7]), "flag": np.array([True, False]), "level": np.array([0.5, np.nan])}
    return draft("counts", signature, graph(nodes, signature), columns)


def images() -> Draft:
    """Three tensors in, each a field; tensors and a pair of targets out."""
    signature = Signature(
        form="tensors",
        fields=(
            Field(name="pixels", type="number", dtype="float32", shape=(3, 4), feed=Feed(input="pixels")),
            Field(name="shift", type="integer", dtype="int8", feed=Feed(input="shift")),
            Field(name="caption", type="string", dtype="str", feed=Feed(input="caption")),
        ),
        inputs=(
            Tensor(name="pixels", dtype="float32", shape=("N", 3, 4)),
            Tensor(name="shift", dtype="int8", shape=("N",)),
            Tensor(name="caption", dtype="string", shape=("N", 1)),
        ),
        outputs=(
            Output(tensor=Tensor(name="sums", dtype="float32", shape=("N", 4)), meaning="tensor"),
            Output(tensor=Tensor(name="again", dtype="string", shape=("N", 1)), meaning="tensor"),
            Output(tensor=Tensor(name="shifted", dtype="int8", shape=("N",)), meaning="tensor"),
            Output(
                tensor=Tensor(name="pair", dtype="float32", shape=("N", 2)), meaning="value", targets=("left", "right")
            ),
        ),
    )
    nodes = [
        helper.make_node("ReduceSum", ["pixels", "axis"], ["sums"], keepdims=0),
        helper.make_node("Identity", ["caption"], ["again"]),
        helper.make_node("Identity", ["shift"], ["shifted"]),
        helper.make_node("Gather", ["sums", "two"], ["pair"], axis=1),
    ]
    columns = {
        "pixels": np.arange(24, dtype=np.float64).reshape(2, 3, 4) / 8,
        "shift": np.array([-3, 100]),
        "caption": objects("a cat", "a: dog"),
    }
    constants = {"axis": np.array([1]), "two": np.array([0, 3])}
    return draft("images", signature, graph(nodes, signature, constants), columns)


def mosaics() -> Draft:
    """Tensors taken whole: open extents, one that is empty, a single value, text; what counts rows is each call."""
    kinds: tuple[tuple[str, Any, Any, tuple[int | str, ...]], ...] = (
        ("pixels", "number", "float32", ("height", "width")),
        ("shift", "number", "float32", ()),
        ("marks", "integer", "int64", ("marks",)),
        ("captions", "string", "string", (2, 1)),
        ("nothing", "boolean", "bool", ("height", 0, 2)),
    )
    answers: tuple[tuple[str, Any, tuple[int | str, ...]], ...] = (
        ("moved", "float32", ("height", "width")),
        ("sum", "float32", ()),
        ("first", "int64", (1,)),
        ("again", "string", (2, 1)),
        ("still", "bool", ("height", 0, 2)),
    )
    signature = Signature(
        form="whole",
        fields=tuple(
            Field(name=name, type=kind, dtype=dtype, nullable=kind == "number", shape=shape, feed=Feed(input=name))
            for name, kind, dtype, shape in kinds
        ),
        inputs=tuple(Tensor(name=name, dtype=dtype, shape=shape) for name, _, dtype, shape in kinds),
        outputs=tuple(
            Output(tensor=Tensor(name=name, dtype=dtype, shape=shape), meaning="tensor")
            for name, dtype, shape in answers
        ),
    )
    nodes = [
        helper.make_node("Add", ["pixels", "shift"], ["moved"]),
        helper.make_node("ReduceSum", ["moved"], ["sum"], keepdims=0),
        helper.make_node("Gather", ["marks", "zero"], ["first"]),
        helper.make_node("Identity", ["captions"], ["again"]),
        helper.make_node("Identity", ["nothing"], ["still"]),
    ]
    columns: dict[str, Any] = {
        "pixels": np.arange(12, dtype=np.float32).reshape(2, 2, 3) / 8,
        "shift": np.array([0.5, -1], np.float32),
        "marks": np.array([[7, 2**60], [-3, 9]]),
        "captions": objects("a", "b: c", "d", "e").reshape(2, 2, 1),
        "nothing": np.zeros((2, 2, 0, 2), bool),
    }
    return draft("mosaics", signature, graph(nodes, signature, {"zero": np.array([0])}), columns)


def roots() -> Draft:
    """Answers that can be NaN (the root of a negative number) and infinite (the logarithm of nothing)."""
    signature = Signature(
        form="array",
        fields=(Field(name="x", type="number", dtype="float64", feed=Feed(input="X", column=0)),),
        inputs=(Tensor(name="X", dtype="float64", shape=("N", 1)),),
        outputs=(
            Output(tensor=Tensor(name="root", dtype="float64", shape=("N", 1)), meaning="value"),
            Output(tensor=Tensor(name="log", dtype="float64", shape=("N", 1)), meaning="value"),
        ),
    )
    nodes = [helper.make_node("Sqrt", ["X"], ["root"]), helper.make_node("Log", ["X"], ["log"])]
    return draft("roots", signature, graph(nodes, signature), {"x": np.array([4.0, -1.0, 2.0])})


def forecasts() -> Draft:
    """Two labels for each row, each with probabilities: whether it rains, which is coded, and one of three winds."""
    rain: dict[str, Any] = {"classes": (False, True), "class_type": "boolean", "targets": ("rain",)}
    wind: dict[str, Any] = {"classes": ("calm", "fresh", "storm"), "class_type": "string", "targets": ("wind",)}
    signature = Signature(
        form="array",
        fields=tuple(
            Field(name=name, type="number", dtype="float64", feed=Feed(input="X", column=index))
            for index, name in enumerate(("pressure", "warmth"))
        ),
        inputs=(Tensor(name="X", dtype="float64", shape=("N", 2)),),
        outputs=(
            Output(tensor=Tensor(name="label_rain", dtype="int64", shape=("N",)), meaning="label", coded=True, **rain),
            Output(
                tensor=Tensor(name="probabilities_rain", dtype="float64", shape=("N", 2)),
                meaning="probabilities",
                **rain,
            ),
            Output(tensor=Tensor(name="label_wind", dtype="string", shape=("N",)), meaning="label", **wind),
            Output(
                tensor=Tensor(name="probabilities_wind", dtype="float32", shape=("N", 3)),
                meaning="probabilities",
                **wind,
            ),
        ),
    )
    nodes = [
        helper.make_node("MatMul", ["X", "clouds"], ["wet"]),
        helper.make_node("Softmax", ["wet"], ["probabilities_rain"], axis=1),
        helper.make_node("ArgMax", ["wet"], ["label_rain"], axis=1, keepdims=0),
        helper.make_node("MatMul", ["X", "fronts"], ["blown"]),
        helper.make_node("Softmax", ["blown"], ["shares"], axis=1),
        helper.make_node("Cast", ["shares"], ["probabilities_wind"], to=TensorProto.FLOAT),
        helper.make_node("ArgMax", ["blown"], ["strongest"], axis=1, keepdims=0),
        helper.make_node("Gather", ["winds", "strongest"], ["label_wind"], axis=0),
    ]
    constants = {
        "clouds": np.array([[1.0, -0.5], [0.25, 0.5]]),
        "fronts": np.array([[1.0, 0.5, -1.0], [-0.5, 0.25, 0.5]]),
        "winds": objects("calm", "fresh", "storm"),
    }
    columns = {"pressure": np.array([1.5, -1.0, 0.25]), "warmth": np.array([0.5, 2.0, 1.0])}
    return draft("forecasts", signature, graph(nodes, signature, constants), columns)


def loops() -> Draft:
    """Goes round as many times as the largest number asked for says: some microseconds, or practically for ever."""
    signature = one_number("rounds", "same")
    carried = [helper.make_tensor_value_info("v", TensorProto.DOUBLE, ["N", 1])]
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Mul", ["v", "one"], ["w"])],
        "round",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            *carried,
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.DOUBLE, ["N", 1]),
        ],
    )
    nodes = [
        helper.make_node("ReduceMax", ["X"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["count"], to=TensorProto.INT64),
        helper.make_node("Loop", ["count", "yes", "X"], ["same"], body=body),
    ]
    constants = {"yes": np.array(True), "one": np.array(1.0)}
    return draft("loops", signature, graph(nodes, signature, constants), {"rounds": np.array([1.0, 3.0])})


def hoards() -> Draft:
    """Fills as many mebibytes as the largest number asked for says, and answers half of each number."""
    signature = one_number("mebibytes", "half")
    nodes = [
        helper.make_node("ReduceMax", ["X"], ["most"], keepdims=0),
        helper.make_node("Mul", ["most", "mebibyte"], ["values"]),
        helper.make_node("Cast", ["values"], ["count"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["count", "first"], ["shape"]),
        helper.make_node("Expand", ["a half", "shape"], ["hoard"]),
        helper.make_node("ReduceMean", ["hoard"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["X", "mean"], ["half"]),
    ]
    constants = {"first": np.array([0]), "a half": np.array(0.5), "mebibyte": np.array(131072.0)}
    return draft("hoards", signature, graph(nodes, signature, constants), {"mebibytes": np.array([1.0, 2.0])})


DRAFTS: Mapping[str, Callable[[], Draft]] = {
    "penguins": penguins,
    "cells": cells,
    "coins": coins,
    "counts": counts,
    "forecasts": forecasts,
    "images": images,
    "mosaics": mosaics,
    "roots": roots,
}
