"""Networks of PyTorch, Keras, JAX and transformers, packaged with the frameworks themselves."""
