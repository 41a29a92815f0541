"""What all tests share."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hypothesis

# JAX compiles every operation anew for every shape: fewer examples there.
examples = 8 if os.environ.get("KERAS_BACKEND") == "jax" else 40
hypothesis.settings.register_profile(
    "book", deadline=None, derandomize=True, max_examples=examples
)
hypothesis.settings.load_profile("book")
