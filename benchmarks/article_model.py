"""The article's model at its printed size and for its ten epochs, on a GPU.

    python benchmarks/article_model.py                     # Keras's default backend
    KERAS_BACKEND=jax python benchmarks/article_model.py   # where JAX has the GPU

Section 5.2 prints the model, section 5.4 its training. The printed model cannot be
fitted, so the outputs of a review's tokens are averaged; the rest is as printed. Every
seed trains on the training split and is measured on the validation split after each
epoch; the test split is not used. The result is the row in
benchmarks/article_model.json, which the chapter "The article's model, as printed"
shows. Without a GPU the row says "not run", and a measured row stays as it is.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
from keras import layers
from storing import write

from attnlib import environment
from attnlib.data import encode, load_imdb

PATH = Path(__file__).resolve().parent / "article_model.json"
SEEDS = 3


@dataclass(frozen=True)
class Settings:
    """What the article prints."""

    vocab_size: int = 10_000
    d_model: int = 512
    num_heads: int = 8
    key_dim: int = 512
    max_len: int = 50
    epochs: int = 10
    batch_size: int = 64


def build(settings):
    """Make the printed model, with the outputs of all tokens averaged."""
    inputs = keras.Input((settings.max_len,), dtype="int32")
    embed = layers.Embedding(settings.vocab_size, settings.d_model)(inputs)
    attention = layers.MultiHeadAttention(settings.num_heads, settings.key_dim)
    dense = layers.Dense(settings.d_model, activation="relu")(attention(embed, embed))
    output = layers.Dense(1, activation="sigmoid")(dense)  # (batch, length, 1)
    model = keras.Model(inputs, layers.GlobalAveragePooling1D()(output))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def measure(settings, reviews):
    """Train once for each seed; return losses and accuracies epoch by epoch."""

    def numbers(split):
        return encode(
            split.texts, reviews.word_index, settings.vocab_size, settings.max_len
        )

    train = numbers(reviews.train), reviews.train.labels[:, None]
    validation = numbers(reviews.validation), reviews.validation.labels[:, None]
    runs = []
    for seed in range(SEEDS):
        keras.utils.set_random_seed(seed)
        model = build(settings)
        start = time.perf_counter()
        history = model.fit(
            *train,
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            validation_data=validation,
            verbose=2,
        ).history
        runs.append({"seconds": time.perf_counter() - start, **history})
    return {
        "status": "measured",
        "settings": asdict(settings),
        "parameters": model.count_params(),
        "train": len(reviews.train),
        "validation": len(reviews.validation),
        "runs": runs,
    }


def not_run(settings, why):
    """Return the row of a machine that cannot run the settings."""
    return {"status": "not run", "why": why, "settings": asdict(settings)}


def store(row):
    """Write the row whole or not at all; "not run" replaces no measured row."""
    if row["status"] == "not run" and PATH.exists():
        stored = json.loads(PATH.read_text("utf-8"))
        if stored["status"] == "measured":
            print(f"{PATH.name} keeps the row measured on: {stored['on']}")
            return
    write(PATH, json.dumps(row, indent=1, ensure_ascii=False) + "\n")


def main():
    """Measure where there is a GPU, and store the row."""
    on = environment.describe()
    settings = Settings()
    if on.endswith(" GPU"):
        row = measure(settings, load_imdb())
    else:
        row = not_run(settings, "no GPU here; on two processor cores it takes hours")
    store({"on": on, **row})
    print(f"{row['status']}: {on}")


if __name__ == "__main__":
    main()
