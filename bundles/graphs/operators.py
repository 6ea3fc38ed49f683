"""The operators: which ones a graph of a bundle may use."""

STANDARD = frozenset({b"", b"ai.onnx", b"ai.onnx.ml"})
"""ONNX's own sets, every operator of which computes its outputs from its inputs and nothing else."""

MICROSOFT = b"com.microsoft"
"""ONNX Runtime's own set: some of it loads compiled code or files, some runs other graphs without an end."""

OF_MICROSOFT = frozenset(
    {
        b"Attention", b"BiasGelu", b"CDist", b"ConvTransposeWithDynamicPads", b"CropAndResize", b"DequantizeLinear",
        b"DynamicQuantizeLSTM", b"DynamicQuantizeMatMul", b"EmbedLayerNormalization", b"ExpandDims", b"FastGelu",
        b"FusedConv", b"FusedGemm", b"FusedMatMul", b"GatherBlockQuantized", b"GatherND", b"Gelu", b"GridSample",
        b"GroupQueryAttention", b"Inverse", b"MatMulBnb4", b"MatMulInteger16", b"MatMulIntegerToFloat",
        b"MatMulNBits", b"MaxpoolWithMask", b"MultiHeadAttention", b"MurmurHash3", b"NhwcMaxPool", b"Pad",
        b"QAttention", b"QEmbedLayerNormalization", b"QGemm", b"QLinearAdd", b"QLinearAveragePool", b"QLinearConcat",
        b"QLinearConv", b"QLinearGlobalAveragePool", b"QLinearLeakyRelu", b"QLinearMul", b"QLinearSigmoid",
        b"QLinearSoftmax", b"QLinearWhere", b"QuantizeLinear", b"QuickGelu", b"Range", b"RotaryEmbedding",
        b"SkipLayerNormalization", b"SkipSimplifiedLayerNormalization", b"SparseToDenseMatMul", b"Tokenizer",
        b"TransposeMatMul", b"Trilu", b"Unique", b"WordConvEmbedding",
    }
)  # fmt: skip
"""Those of them that converters, quantisers and optimisers write, and that only compute."""


def may_be_used(domain: bytes, operator: bytes) -> bool:
    """Whether a graph may use the operator of that domain, which no function in the model defines."""
    return domain in STANDARD or (domain == MICROSOFT and operator in OF_MICROSOFT)
