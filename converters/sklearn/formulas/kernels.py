"""Kernels: how alike rows are to those that a model was trained on, and the models that decide by that."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process import kernels as gaussian
from sklearn.kernel_approximation import (
    AdditiveChi2Sampler,
    Nystroem,
    PolynomialCountSketch,
    RBFSampler,
    SkewedChi2Sampler,
)
from sklearn.kernel_ridge import KernelRidge
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from lading.converters.sklearn.formulas.distances import exact, manhattan, squared
from lading.converters.sklearn.formulas.value import Formulas, Value

Kernel = Callable[[Value, np.ndarray, Mapping[str, Any]], Value]


def _gamma(points: np.ndarray, options: Mapping[str, Any]) -> float:
    gamma = options.get("gamma")
    return 1.0 / points.shape[1] if gamma is None else float(gamma)


def _polynomial(x: Value, points: np.ndarray, options: Mapping[str, Any]) -> Value:
    product = x @ points.T * _gamma(points, options) + options.get("coef0", 1.0)
    return product ** float(options.get("degree", 3))


def _sigmoid(x: Value, points: np.ndarray, options: Mapping[str, Any]) -> Value:
    return (x @ points.T * _gamma(points, options) + options.get("coef0", 1.0)).apply("Tanh")


def _cosine(x: Value, points: np.ndarray, options: Mapping[str, Any]) -> Value:
    norms = (x * x).sum().sqrt()
    unit = x / norms.equals(0.0).where(1.0, norms)
    lengths = np.sqrt((points**2).sum(axis=1, keepdims=True))
    return unit @ (points / np.where(lengths == 0, 1.0, lengths)).T


KERNELS: Mapping[str, Kernel] = {
    "cosine": _cosine,
    "laplacian": lambda x, points, options: (manhattan(x, points) * -_gamma(points, options)).exp(),
    "linear": lambda x, points, options: x @ points.T,
    "poly": _polynomial,
    "polynomial": _polynomial,
    "rbf": lambda x, points, options: (squared(x, points) * -_gamma(points, options)).exp(),
    "sigmoid": _sigmoid,
}
"""The kernels that scikit-learn knows by name, as far as ONNX can compute them."""


def kernel_ridge(model: Any, x: Value) -> Value:
    """The weighed likeness to the rows of the training."""
    options = {"gamma": model.gamma, "degree": model.degree, "coef0": model.coef0}
    duals = np.asarray(model.dual_coef_)
    likeness = KERNELS[model.kernel](x, np.asarray(model.X_fit_, dtype=np.float64), options)
    return likeness @ duals.reshape(len(duals), -1)


def nystroem(model: Any, x: Value) -> Value:
    """The likeness to a sample of the training's rows, in a base that is orthonormal there."""
    options = model._get_kernel_params()
    return KERNELS[model.kernel](x, np.asarray(model.components_, dtype=np.float64), options) @ model.normalization_.T


def fourier(model: Any, x: Value) -> Value:
    """Random Fourier features (Rahimi and Recht, 2007)."""
    return (x @ model.random_weights_ + model.random_offset_).apply("Cos") * np.sqrt(2.0 / model.n_components)


def skewed_chi2(model: Any, x: Value) -> Value:
    """Random Fourier features of logarithms."""
    return fourier(model, (x + model.skewedness).log())


def additive_chi2(model: Any, x: Value) -> Value:
    """The sampled Fourier transform of the additive chi-squared kernel (Vedaldi and Zisserman, 2011)."""
    steps = {1: 0.8, 2: 0.5, 3: 0.4}
    interval = steps[model.sample_steps] if model.sample_interval is None else model.sample_interval
    zero = x.equals(0.0)
    logarithm, parts = zero.where(1.0, x).log() * interval, [(x * interval).sqrt()]
    for step in range(1, model.sample_steps):
        factor = (x * (2 * interval / np.cosh(np.pi * step * interval))).sqrt()
        parts += [factor * (logarithm * step).apply(wave) for wave in ("Cos", "Sin")]
    return parts[0].beside(*parts[1:])


def count_sketch(model: Any, x: Value) -> Value:
    """The tensor sketch (Pham and Pagh, 2013): a product of Fourier transforms, written with real numbers."""
    width, scaled = model.n_components, x * np.sqrt(model.gamma)
    if model.coef0:
        scaled = scaled.beside((scaled.columns([0]) * 0.0) + np.sqrt(model.coef0))
    angles = 2 * np.pi * np.outer(np.arange(width), np.arange(width)) / width
    transforms = []
    for places, signs in zip(model.indexHash_, model.bitHash_, strict=True):
        sketch = np.zeros((len(places), width))
        sketch[np.arange(len(places)), places] = signs
        transforms.append((scaled @ (sketch @ np.cos(angles)), scaled @ (sketch @ -np.sin(angles))))
    real, imaginary = reduce(lambda a, b: (a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]), transforms)
    return (real @ np.cos(angles) - imaginary @ np.sin(angles)) / width


def propagated(model: Any, x: Value) -> tuple[Value, Value]:
    """The labels of the training's rows, weighed by how alike these are."""
    rows, labels = np.asarray(model.X_, dtype=np.float64), np.asarray(model.label_distributions_)
    if model.kernel == "knn":
        _, places = exact(x, rows).nearest(model.n_neighbors)
        found = x.constant(labels)[places].sum(axis=1, keep=False)
    else:
        found = KERNELS["rbf"](x, rows, {"gamma": model.gamma}) @ labels
    probabilities = found / found.sum()
    return probabilities.argmax(), probabilities


def _stationary(kernel: Any, x: Value, points: np.ndarray) -> Value:
    scale = np.asarray(kernel.length_scale, dtype=np.float64)
    if isinstance(kernel, gaussian.RationalQuadratic):
        return (squared(x, points) / (2 * kernel.alpha * scale**2) + 1.0) ** -float(kernel.alpha)
    if isinstance(kernel, gaussian.Matern) and kernel.nu != np.inf:
        distance = exact(x / scale, points / scale)
        if kernel.nu == 0.5:
            return (-distance).exp()
        reach = distance * np.sqrt(2 * kernel.nu)
        polynomial = reach + 1.0 if kernel.nu == 1.5 else reach + reach * reach / 3.0 + 1.0
        return polynomial * (-reach).exp()
    return (squared(x / scale, points / scale) * -0.5).exp()


def covariance(kernel: Any, x: Value, points: np.ndarray) -> Value:
    """The covariance of rows with points under a kernel of Gaussian processes."""
    if isinstance(kernel, gaussian.Sum):
        return covariance(kernel.k1, x, points) + covariance(kernel.k2, x, points)
    if isinstance(kernel, gaussian.Product):
        return covariance(kernel.k1, x, points) * covariance(kernel.k2, x, points)
    if isinstance(kernel, gaussian.Exponentiation):
        return covariance(kernel.kernel, x, points) ** float(kernel.exponent)
    if isinstance(kernel, gaussian.ConstantKernel):
        return x @ np.zeros((points.shape[1], len(points))) + kernel.constant_value
    if isinstance(kernel, gaussian.WhiteKernel):
        return x @ np.zeros((points.shape[1], len(points)))
    if isinstance(kernel, gaussian.DotProduct):
        return x @ points.T + kernel.sigma_0**2
    return _stationary(kernel, x, points)


def variance(kernel: Any, x: Value) -> Value:
    """The variance of each row ``[N, 1]`` under a kernel of Gaussian processes."""
    if isinstance(kernel, gaussian.Sum):
        return variance(kernel.k1, x) + variance(kernel.k2, x)
    if isinstance(kernel, gaussian.Product):
        return variance(kernel.k1, x) * variance(kernel.k2, x)
    if isinstance(kernel, gaussian.Exponentiation):
        return variance(kernel.kernel, x) ** float(kernel.exponent)
    if isinstance(kernel, gaussian.DotProduct):
        return (x * x).sum() + kernel.sigma_0**2
    constants = {gaussian.ConstantKernel: "constant_value", gaussian.WhiteKernel: "noise_level"}
    value = getattr(kernel, constants[type(kernel)]) if type(kernel) in constants else 1.0
    return x.columns([0]) * 0.0 + value


def is_covariance(kernel: Any) -> bool:
    """Whether ``covariance`` knows the kernel."""
    inner = [getattr(kernel, name) for name in ("k1", "k2", "kernel") if hasattr(kernel, name)]
    if type(kernel) in (gaussian.Sum, gaussian.Product, gaussian.Exponentiation):
        return all(map(is_covariance, inner))
    if type(kernel) is gaussian.Matern:
        return kernel.nu in (0.5, 1.5, 2.5, np.inf)
    known = (
        gaussian.RBF,
        gaussian.ConstantKernel,
        gaussian.WhiteKernel,
        gaussian.DotProduct,
        gaussian.RationalQuadratic,
    )
    return type(kernel) in known


def gaussian_process(model: Any, x: Value) -> tuple[Value, Value]:
    """The Laplace approximation (Rasmussen and Williams, algorithm 3.2), one class against the rest."""
    members = getattr(model.base_estimator_, "estimators_", [model.base_estimator_])
    answers = [_latent(member, x) for member in members]
    if len(answers) == 1:
        (mean, chance), one = answers[0], 1.0
        return (mean > 0.0).whole().reshape(-1), (one - chance).beside(chance)
    chances = answers[0][1].beside(*(chance for _, chance in answers[1:]))
    return chances.argmax(), chances / chances.sum()


SCALES = np.array([0.41, 0.4, 0.37, 0.44, 0.39])
WEIGHTS = np.array([-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654])
"""The logistic function as a sum of five error functions (Williams and Barber, 1998, appendix A)."""


def _latent(model: Any, x: Value) -> tuple[Value, Value]:
    likeness = covariance(model.kernel_, x, np.asarray(model.X_train_, dtype=np.float64))
    mean = likeness @ (model.y_train_ - model.pi_).reshape(-1, 1)
    spread = likeness @ np.linalg.solve(model.L_, np.diag(model.W_sr_)).T
    chance_of = variance(model.kernel_, x) - (spread * spread).sum()
    alpha = 0.5 / chance_of
    inner = mean * SCALES * (alpha / (alpha + SCALES**2)).sqrt()
    # The factor in front is the same for every row: sqrt(pi / alpha) / (2 sqrt(2 pi variance)) is one half.
    return mean, _error_function(inner) @ (0.5 * WEIGHTS.reshape(-1, 1)) + 0.5 * WEIGHTS.sum()


def _error_function(x: Value) -> Value:
    """The error function in float64 by Gauss and Legendre's rule; ONNX Runtime has it in float32 only."""
    nodes, weights = np.polynomial.legendre.leggauss(48)
    held = x.held(-6.0, 6.0).reshape(0, 0, 1)
    bells = (held * held * -(((nodes + 1) / 2) ** 2)).exp()
    return (bells @ (weights / np.sqrt(np.pi)).reshape(-1, 1) * held).reshape(0, 0)


FORMULAS: Formulas = {
    AdditiveChi2Sampler: additive_chi2,
    GaussianProcessClassifier: gaussian_process,
    KernelRidge: kernel_ridge,
    LabelPropagation: propagated,
    LabelSpreading: propagated,
    Nystroem: nystroem,
    PolynomialCountSketch: count_sketch,
    RBFSampler: fourier,
    SkewedChi2Sampler: skewed_chi2,
}
"""What each of them computes."""
