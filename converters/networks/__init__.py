"""Networks: what the converters of PyTorch, Keras, JAX and transformers share."""
