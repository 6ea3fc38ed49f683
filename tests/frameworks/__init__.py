"""Networks of PyTorch, Keras, JAX and transformers, packaged with the frameworks themselves."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")  # Keras itself would take TensorFlow, which is not there
