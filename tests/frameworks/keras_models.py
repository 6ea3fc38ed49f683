"""Keras's models of every common architecture, on PyTorch's backend, and those that cannot be graphs."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers

from tests.converters.verdicts import Case

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(3, 2, size=(120, 4))
IMAGES = RANDOM.normal(size=(12, 16, 16, 3)).astype(np.float32)
SERIES = RANDOM.normal(size=(30, 6, 2)).astype(np.float32)
MIXED: dict[str, np.ndarray] = {
    "numbers": RANDOM.normal(size=(40, 3)).astype(np.float32),
    "shop": RANDOM.integers(0, 10, (40, 1)),
}
PAIRS: dict[str, np.ndarray] = {"right": MIXED["numbers"], "left": SERIES[:, 0][np.zeros(40, dtype=int)]}
VIDEOS = RANDOM.normal(size=(8, 3, 8, 8, 2)).astype(np.float32)
TOKENS = {"tokens": RANDOM.integers(0, 50, (30, 12))}


def dense() -> Any:
    keras.utils.set_random_seed(0)
    normal = layers.Normalization()
    normal.adapt(MATRIX.astype(np.float32))
    return keras.Sequential(
        [keras.Input((4,)), normal, layers.Dense(16, "gelu"), layers.BatchNormalization(), layers.Dropout(0.5),
         layers.Dense(3)]
    )  # fmt: skip


def image() -> Any:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Rescaling(1 / 255), layers.Conv2D(8, 3, activation="relu"),
         layers.MaxPooling2D(), layers.GlobalAveragePooling2D(), layers.Dense(5, "softmax")]
    )  # fmt: skip


def recurrent(*cells: Any) -> Any:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6, 2)), *(cells or (layers.LSTM(8),)), layers.Dense(1)])


def mixed(structure: str = "list") -> Any:
    keras.utils.set_random_seed(0)
    numbers, shop = keras.Input((3,), name="numbers"), keras.Input((1,), dtype="int32", name="shop")
    known = layers.Flatten()(layers.Embedding(10, 4)(shop))
    joined = layers.Concatenate()([numbers, known])
    kind, price = layers.Dense(2, name="kind")(joined), layers.Dense(1, name="price")(joined)
    if structure == "list":
        return keras.Model([numbers, shop], [kind, price])
    return keras.Model({"numbers": numbers, "shop": shop}, {"kind": kind, "price": price})


def attending() -> Any:
    """A transformer's block over tokens."""
    keras.utils.set_random_seed(0)
    tokens = keras.Input((12,), dtype="int32", name="tokens")
    seen = layers.Embedding(50, 8)(tokens)
    told = layers.LayerNormalization()(seen + layers.MultiHeadAttention(2, 4)(seen, seen))
    told = layers.LayerNormalization()(told + layers.Dense(8)(layers.Dense(16, "gelu")(told)))
    return keras.Model(tokens, layers.Dense(2)(layers.GlobalAveragePooling1D()(told)))


def masked() -> Any:
    """A recurrent network that leaves out the padding."""
    keras.utils.set_random_seed(0)
    tokens = keras.Input((12,), dtype="int32", name="tokens")
    return keras.Model(tokens, layers.Dense(1)(layers.LSTM(4)(layers.Embedding(50, 8, mask_zero=True)(tokens))))


def residual() -> Any:
    keras.utils.set_random_seed(0)
    pixels = keras.Input((16, 16, 3))
    first = layers.Conv2D(8, 3, padding="same")(pixels)
    second = layers.BatchNormalization()(layers.SeparableConv2D(8, 3, padding="same", activation="swish")(first))
    return keras.Model(pixels, layers.Dense(5)(layers.GlobalMaxPooling2D()(layers.Add()([first, second]))))


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    """A model of two arguments."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.first, self.second = layers.Dense(4), layers.Dense(2)

    def call(self, left: Any, right: Any, training: bool = False) -> Any:
        return self.second(keras.ops.concatenate([self.first(left), right], axis=1))


def subclassed() -> Any:
    keras.utils.set_random_seed(0)
    model = Subclassed()
    model(PAIRS["left"], PAIRS["right"])
    return model


class Own(layers.Layer):
    """Somebody's own layer."""

    def call(self, x: Any) -> Any:
        return keras.ops.tanh(x) * keras.ops.mean(x, axis=1, keepdims=True)


class Dropping(layers.Layer):
    def call(self, x: Any) -> Any:
        return keras.random.dropout(x, 0.5)


class Branching(layers.Layer):
    def call(self, x: Any) -> Any:
        return x * 2 if keras.ops.sum(x) > 0 else x


def sequential(shape: tuple[int, ...], *parts: Callable[[], Any], **more: Any) -> Any:
    """These layers, one after the other, with the same weights every time."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(shape, **more), *(part() for part in parts)])


def of_type(policy: str) -> Any:
    """A small network that computes in another type."""
    keras.utils.set_random_seed(0)
    parts = [layers.Dense(8, "tanh", dtype=policy), layers.Dense(1, dtype=policy)]
    model = keras.Sequential([keras.Input((4,), dtype="float32" if "mixed" in policy else policy), *parts])
    model.dtype_policy = policy
    return model


def cases() -> Iterator[Case]:
    """Every case, each made when it is asked for."""
    yield from _sequential()
    yield from _functional()
    yield from refused()


def _case(api: str, what: str, make: Callable[[], Any], rows: Any, **asked: Any) -> Case:
    return Case(api, what, lambda: (make(), rows), asked)


def _sequential() -> Iterator[Case]:
    case = partial(_case, "Sequential")
    words = {"classes": ["low", "mid", "high"], "scores": "logits"}
    yield case("Normalization, Dense, GELU, BatchNormalization, dropout", dense, MATRIX)
    yield case("Normalization, Dense, GELU, classes by logits", dense, MATRIX, **words)
    yield case("Rescaling, convolutions, pooling, softmax", image, IMAGES)
    yield case(
        "Rescaling, convolutions, softmax, classes by probabilities",
        image,
        IMAGES,
        classes=list("abcde"),
        scores="probabilities",
    )
    yield case("LSTM", recurrent, SERIES)
    yield case("GRU", lambda: recurrent(layers.GRU(8)), SERIES)
    yield case("Bidirectional LSTM, two layers", lambda: recurrent(layers.Bidirectional(layers.LSTM(4, return_sequences=True)), layers.LSTM(4)), SERIES)  # fmt: skip
    yield case("SimpleRNN, TimeDistributed", lambda: recurrent(layers.TimeDistributed(layers.Dense(4)), layers.SimpleRNN(4)), SERIES)  # fmt: skip
    yield case("Conv1D, causal, dilated", lambda: recurrent(layers.Conv1D(4, 2, padding="causal", dilation_rate=2), layers.GlobalMaxPooling1D()), SERIES)  # fmt: skip
    small: list[tuple[str, tuple[int, ...], list[Callable[[], Any]], Any]] = [
        ("LayerNormalization, SELU, LeakyReLU, PReLU", (4,), [lambda: layers.Dense(8, "selu"), layers.LayerNormalization, layers.LeakyReLU, layers.PReLU], MATRIX),
        ("RMSNormalization, GroupNormalization, UnitNormalization", (4,), [lambda: layers.Dense(16), layers.RMSNormalization, lambda: layers.GroupNormalization(2), layers.UnitNormalization], MATRIX),
        ("Discretization, CategoryEncoding", (4,), [lambda: layers.Discretization([0.0, 2.0, 4.0], output_mode="one_hot"), layers.Flatten, lambda: layers.Dense(2)], MATRIX),
        ("GaussianNoise, SpatialDropout1D, penalties on activities", (6, 2), [lambda: layers.GaussianNoise(1.0), lambda: layers.SpatialDropout1D(0.5), lambda: layers.Dense(3, activity_regularizer="l2"), layers.ActivityRegularization], SERIES),
        ("augmentation (RandomFlip, RandomRotation), left out", (16, 16, 3), [layers.RandomFlip, lambda: layers.RandomRotation(0.2), layers.GlobalAveragePooling2D], IMAGES),
        ("DepthwiseConv2D, ZeroPadding2D, Cropping2D, average pooling", (16, 16, 3), [layers.ZeroPadding2D, lambda: layers.DepthwiseConv2D(3), layers.Cropping2D, lambda: layers.AveragePooling2D(2)], IMAGES),
        ("Conv2DTranspose, UpSampling2D, bilinear", (16, 16, 3), [lambda: layers.Conv2D(4, 3, 2), lambda: layers.Conv2DTranspose(2, 2, 2), lambda: layers.UpSampling2D(interpolation="bilinear")], IMAGES),
        ("Conv3D, MaxPooling3D", (4, 8, 8, 3), [lambda: layers.Conv3D(2, 2), layers.MaxPooling3D, layers.Flatten], IMAGES.reshape(12, 4, 8, 8, 3)),
        ("ConvLSTM2D", (3, 8, 8, 2), [lambda: layers.ConvLSTM2D(2, 3)], VIDEOS),
        ("Masking, LSTM", (6, 2), [layers.Masking, lambda: layers.LSTM(3)], SERIES),
        ("a layer of one's own, of keras.ops", (4,), [Own, lambda: layers.Dense(2)], MATRIX),
    ]  # fmt: skip
    for what, shape, parts, rows in small:
        yield case(what, partial(sequential, shape, *parts), rows)
    yield case("layers of dtype float64", partial(of_type, "float64"), MATRIX)


def _functional() -> Iterator[Case]:
    case = partial(_case, "Functional")
    yield case("several inputs and outputs, in lists", mixed, MIXED)
    yield case("several inputs and outputs, by names", partial(mixed, "mapping"), MIXED)
    yield case("separable convolutions, residual", residual, IMAGES)
    yield case("Embedding, MultiHeadAttention, LayerNormalization", attending, TOKENS)
    yield case("Embedding with a mask, LSTM", masked, TOKENS)
    yield _case("Model", "a subclass, two arguments", subclassed, PAIRS)


def refused() -> Iterator[Case]:
    """Those that no graph can be made of, or none that answers alike."""
    case = partial(_case, "Sequential")
    twice = partial(sequential, (4,), lambda: layers.Lambda(lambda x: x * 2, name="twice"), lambda: layers.Dense(2))
    yield case("a Lambda", twice, MATRIX)
    yield case("no weights yet", lambda: keras.Sequential([layers.Dense(3)]), MATRIX)
    yield case("another number of columns", dense, MATRIX[:, :3])
    yield case("dropout that never ends", partial(sequential, (4,), Dropping), MATRIX)
    yield case("a branch on values", partial(sequential, (4,), Branching), MATRIX)
    yield case("mixed_float16", partial(of_type, "mixed_float16"), MATRIX)
    yield case("mixed_bfloat16", partial(of_type, "mixed_bfloat16"), MATRIX)
    strangers = {"numbers": MIXED["numbers"], "shops": MIXED["shop"]}
    yield _case("Functional", "other inputs than the data has", mixed, strangers)
