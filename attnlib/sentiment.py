"""Film reviews, judged with reasons: train, save, load, and a small command.

python -m attnlib.sentiment "A fine film." prints the verdict, its probability and the
words that carried it. The first call trains the model, which takes a few minutes.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

import keras
import numpy as np
from numpy.typing import ArrayLike

from attnlib import _checks
from attnlib.data import load_imdb
from attnlib.data._sources import cache_folder
from attnlib.models import evidence_model
from attnlib.ngrams import (
    UNKNOWN,
    NgramVocabulary,
    log_odds,
    pad,
    review_counts,
    share_among_words,
    words,
)

__all__ = ["SentimentModel", "cross_fitted_evidence", "evidence", "predict", "train"]

LONGEST = 1_000  # words that are read of a text: the last ones
MOST_TRIED = 60  # words that `SentimentModel.reasons` takes out, one at a time
BATCH_SIZE, LEARNING_RATE = 64, 5e-3
LEAST_FAMILIAR = 0.25  # share of word pairs that must be known for a verdict
MOST_BYTES = 10_000_000  # of a file or of standard input
LABELS = ("negative", "positive")


def evidence(grams: Sequence[np.ndarray], counts: ArrayLike) -> list[np.ndarray]:
    """Give what is known of each n-gram of each text.

    Args:
        grams: list of m int arrays (length, n), from `NgramVocabulary.encode`.
        counts: (2, vocabulary), from `review_counts`.

    Returns:
        List of m float32 arrays (length, n, 2): log-odds of label 1, and the
        logarithm of 1 + the number of training texts that have the n-gram.

    >>> counts = np.array([[0, 0, 1], [0, 0, 3]])
    >>> evidence([np.array([[2], [1]])], counts)[0].round(2).tolist()
    [[[0.6899999976158142, 1.6100000143051147]], [[0.0, 0.0]]]
    """
    frequency = np.sum(counts, axis=0)
    table = np.stack([log_odds(counts), np.log1p(frequency)], axis=1)
    return [table.astype("float32")[numbers] for numbers in grams]


def cross_fitted_evidence(
    grams: Sequence[np.ndarray],
    labels: ArrayLike,
    size: int,
    folds: int = 10,
    seed: int = 0,
) -> list[np.ndarray]:
    """Give the evidence of training texts without the help of their own labels.

    A rare n-gram occurs mostly in the text at hand, so that counts which include the
    text whisper its label. Here the texts are cut into folds at random, and the
    evidence for a fold is counted in the others.

    Args:
        grams, labels: as in `review_counts`.
        size: length of the vocabulary.
        folds: number of folds, at least 2.
        seed: seed of the folds.

    Returns:
        As `evidence`.

    Raises:
        ValueError: there are fewer than 2 folds, or fewer texts than folds.

    >>> grams, labels = [np.array([[2]])] * 2, np.array([1, 1])
    >>> found = cross_fitted_evidence(grams, labels, size=3, folds=2)
    >>> float(np.exp(found[0][0, 0, 0]).round(2))  # (1 other + 1) to (0 + 1)
    2.0
    """
    _checks.check_positive_integer("folds", folds)
    if not 2 <= folds <= len(grams):
        raise ValueError(
            f"`folds` must be from 2 to the number of texts, {len(grams)}; got {folds}."
        )
    fold_of = np.random.default_rng(seed).permutation(len(grams)) % folds
    everything = review_counts(grams, labels, size)
    found = [np.empty(0)] * len(grams)
    for fold in range(folds):
        rows = np.flatnonzero(fold_of == fold).tolist()
        own = [grams[row] for row in rows]
        others = everything - review_counts(own, np.asarray(labels)[rows], size)
        for row, array in zip(rows, evidence(own, others), strict=True):
            found[row] = array
    return found


def train(
    network: keras.Model,
    grams: Sequence[np.ndarray],
    known: Sequence[np.ndarray],
    labels: ArrayLike,
    *,
    epochs: int = 3,
    seed: int = 0,
    after_epoch: Callable[[int], object] | None = None,
) -> None:
    """Train a network of `models.evidence_model`'s inputs and output.

    Batches hold texts of about the same length. The learning rate rises over the
    first 100 steps and falls to zero along a cosine.

    Args:
        network: a `keras.Model` from numbers and evidence to log-odds (batch, 1).
        grams: list of m int arrays (length, n).
        known: their evidence, a list of m arrays (length, n, 2).
        labels: int array (m,) of 0 and 1.
        epochs: how often each text is seen.
        seed: seed of the order of the texts.
        after_epoch: called with the number of the epoch, from 1, after each.
    """
    random = np.random.default_rng(seed)
    lengths = np.array([min(len(numbers), LONGEST) for numbers in grams])
    steps = epochs * -(-len(grams) // BATCH_SIZE)
    warm_up = min(100, steps // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warm_up, warmup_target=LEARNING_RATE, warmup_steps=warm_up
    )
    network.compile(
        keras.optimizers.Adam(rate),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    targets = np.asarray(labels, "float32")[:, None]
    for epoch in range(1, epochs + 1):
        by_length = np.argsort(lengths + random.uniform(-40, 40, len(grams)))
        cuts = range(BATCH_SIZE, len(grams), BATCH_SIZE)
        batches = np.split(by_length, cuts)
        for batch in random.permutation(len(batches)):
            rows = batches[batch]
            network.train_on_batch(_inputs(grams, known, rows), targets[rows])
        if after_epoch:
            after_epoch(epoch)


def predict(
    network: keras.Model, grams: Sequence[np.ndarray], known: Sequence[np.ndarray]
) -> np.ndarray:
    """Give the log-odds of label 1.

    Args:
        network, grams, known: as in `train`.

    Returns:
        float64 array (m,).
    """
    found = np.zeros(len(grams))
    by_length = np.argsort([len(numbers) for numbers in grams], kind="stable")
    for rows in np.split(by_length, range(2 * BATCH_SIZE, len(grams), 2 * BATCH_SIZE)):
        if len(rows):
            outputs = network.predict_on_batch(_inputs(grams, known, rows))
            found[rows] = np.asarray(outputs)[:, 0]
    return found


def _inputs(
    grams: Sequence[np.ndarray], known: Sequence[np.ndarray], rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pad the last `LONGEST` words of some texts; a text without words gets one."""
    numbers = [grams[row][-LONGEST:] for row in rows]
    values = [known[row][-LONGEST:] for row in rows]
    if not any(len(array) for array in numbers):
        numbers = [np.full((1, *numbers[0].shape[1:]), UNKNOWN, "int32")] * len(rows)
        values = [np.zeros((1, *values[0].shape[1:]), "float32")] * len(rows)
    return pad(numbers), pad(values)


class SentimentModel:
    """A trained model with all that it needs to read texts.

    Make one with `SentimentModel.fit` or `SentimentModel.load`.

    Attributes:
        vocabulary: the `NgramVocabulary`.
        counts: (2, vocabulary), in how many training texts of each label each
            n-gram occurs.
        network: the `keras.Model`.
    """

    def __init__(
        self, vocabulary: NgramVocabulary, counts: np.ndarray, network: keras.Model
    ) -> None:
        self.vocabulary, self.counts, self.network = vocabulary, counts, network

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        labels: ArrayLike,
        *,
        max_n: int = 4,
        epochs: int = 3,
        seed: int = 0,
        after_epoch: Callable[[int], object] | None = None,
    ) -> Self:
        """Train on texts and their labels.

        Args:
            texts: list of m strings.
            labels: int array (m,); 0 is negative, 1 is positive.
            max_n: longest n-gram.
            epochs: how often each text is seen.
            seed: seed of the weights, of the order and of the folds. It sets Keras's
                global seed.
            after_epoch: called with the number of the epoch, from 1, after each.

        Raises:
            ValueError: an argument does not fit, or there are fewer than 10 texts.
        """
        keras.utils.set_random_seed(seed)
        vocabulary = NgramVocabulary(texts, max_n)
        grams = vocabulary.encode(texts)
        counts = review_counts(grams, labels, len(vocabulary))
        known = cross_fitted_evidence(grams, labels, len(vocabulary), seed=seed)
        network = evidence_model(len(vocabulary), max_n)
        train(
            network,
            grams,
            known,
            labels,
            epochs=epochs,
            seed=seed,
            after_epoch=after_epoch,
        )
        return cls(vocabulary, counts, network)

    def log_odds(self, texts: Sequence[str]) -> np.ndarray:
        """Give the log-odds that each text is positive.

        Args:
            texts: list of m strings; of each the last 1,000 words are read.

        Returns:
            float64 array (m,).
        """
        grams = self.vocabulary.encode(texts)
        return predict(self.network, grams, evidence(grams, self.counts))

    def familiar_share(self, text: str) -> float:
        """Give the share of neighbouring words that are neighbours in training, too.

        Words of another language may occur in English reviews, one by one (titles,
        names, *in*, *die*); pairs of them hardly do. Punctuation and numbers do not
        count. In a text without two words side by side, or where the vocabulary has
        no pairs, it is the share of known words.

        Args:
            text: a string.

        Returns:
            A float from 0 to 1; 0 for a text without words.
        """
        is_word = np.array([spoken[0].isalpha() for spoken in words(text)], bool)
        (numbers,) = self.vocabulary.encode([text])
        is_pair = is_word[:-1] & is_word[1:]
        if is_pair.any() and self.vocabulary.max_n > 1:
            return float((numbers[:-1, 1] != UNKNOWN)[is_pair].mean())
        if is_word.any():
            return float((numbers[:, 0] != UNKNOWN)[is_word].mean())
        return 0.0

    def reasons(self, text: str, most: int = 5) -> list[tuple[str, float, int]]:
        """Give the words whose removal moves the verdict most.

        The n-grams' contributions choose which words to try; each is then taken out
        of the text, and the model reads the rest.

        Args:
            text: a string.
            most: how many words to give.

        Returns:
            List of (word, effect, place), the largest effects first: effect is the
            log-odds with every word minus the log-odds without this one, place
            counts the words that are read from 0.
        """
        spoken = words(text)[-LONGEST:]
        (numbers,) = self.vocabulary.encode([" ".join(spoken)])
        if not len(numbers):
            return []
        (known,) = evidence([numbers], self.counts)
        layer = self.network.get_layer("ngrams")
        _, contributions = layer(
            numbers[None], known[None, ..., 0], return_contributions=True
        )
        weight = share_among_words(np.abs(np.asarray(contributions)[0]))  # (length,)
        places = np.sort(np.argsort(-weight, kind="stable")[:MOST_TRIED])
        without = [" ".join([*spoken[:at], *spoken[at + 1 :]]) for at in places]
        whole, *rest = self.log_odds([" ".join(spoken), *without])
        effects = [
            (spoken[at], float(whole - left), int(at))
            for at, left in zip(places, rest, strict=True)
        ]
        return sorted(effects, key=lambda effect: -abs(effect[1]))[:most]

    def save(self, folder: str | Path) -> None:
        """Write the model to a folder, all or nothing.

        The state of the optimizer is left out: it is twice as large as the weights,
        and answers do not need it.

        Args:
            folder: a path; what is there is replaced.
        """
        folder = Path(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as staging:
            new, old = Path(staging, "new"), Path(staging, "old")
            new.mkdir()
            weights_only = keras.Model.from_config(self.network.get_config())
            weights_only.set_weights(self.network.get_weights())
            weights_only.save(new / "network.keras")
            arrays: dict[str, Any] = self.vocabulary.arrays()
            np.savez(new / "vocabulary.npz", counts=self.counts, **arrays)
            if folder.exists():
                folder.rename(old)
            try:
                new.rename(folder)
            except OSError:
                if old.exists():
                    old.rename(folder)
                raise

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model that `save` wrote.

        Raises:
            ValueError: the folder does not hold a model.
        """
        folder = Path(folder)
        try:
            with np.load(folder / "vocabulary.npz") as stored:
                arrays = dict(stored)
            network = keras.models.load_model(folder / "network.keras", compile=False)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"`folder` holds no readable model: {folder}. Delete it and train "
                "again."
            ) from error
        counts = arrays.pop("counts")
        return cls(NgramVocabulary.from_arrays(arrays), counts, network)


def describe(model: SentimentModel, text: str) -> tuple[bool, str]:
    """Put the verdict on a text into words.

    Args:
        model: a `SentimentModel`.
        text: a string.

    Returns:
        Pair: whether there is a verdict, and the answer as a string.
    """
    spoken = words(text)
    if not any(word[0].isalpha() for word in spoken):
        return False, "No verdict: the text holds no words."
    read = " ".join(spoken[-LONGEST:])
    share = model.familiar_share(read)
    if share < LEAST_FAMILIAR:
        return False, (
            "No verdict: this does not look like an English film review. Only "
            f"{share:.0%} of it is familiar from the training reviews; a verdict needs "
            f"{LEAST_FAMILIAR:.0%}."
        )
    (log_odds,) = model.log_odds([read])
    probability = 1 / (1 + np.exp(-abs(log_odds)))
    reasons = ", ".join(
        f"{word} ({effect:+.2f})" for word, effect, _ in model.reasons(read)
    )
    lines = [f"{LABELS[int(log_odds > 0)]}, probability {probability:.3f}"]
    lines.append(f"words that carried it (log-odds): {reasons}")
    if len(spoken) > LONGEST:
        lines.append(f"read: the last {LONGEST:,} of {len(spoken):,} words")
    return True, "\n".join(lines)


def _load_or_train(folder: Path) -> SentimentModel:
    if folder.exists():
        return SentimentModel.load(folder)
    print(f"Training a model for {folder}: a few minutes, once.", file=sys.stderr)
    train_split = load_imdb(verbose=False).train
    model = SentimentModel.fit(
        train_split.texts,
        train_split.labels,
        after_epoch=lambda epoch: print(f"epoch {epoch} of 3", file=sys.stderr),
    )
    model.save(folder)
    return model


def _read(stream: BinaryIO) -> str:
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes; give one review")
    return content.decode("utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 2 where a text gets no verdict."""
    parser = argparse.ArgumentParser(
        prog="python -m attnlib.sentiment",
        description="Judge English film reviews and name the words that decided.",
    )
    parser.add_argument("text", nargs="*", help="texts; none: read standard input")
    parser.add_argument("--file", type=Path, help="read one text from a file")
    parser.add_argument(
        "--model",
        type=Path,
        default=cache_folder("sentiment"),
        help="folder of the model",
    )
    options = parser.parse_args(arguments)
    texts = list(options.text)
    try:
        if options.file:
            with options.file.open("rb") as file:
                texts.append(_read(file))
        if not texts:
            texts.append(_read(sys.stdin.buffer))
    except (OSError, ValueError) as error:
        parser.error(f"cannot read the text: {error}")
    try:
        model = _load_or_train(options.model)
    except ValueError as error:
        parser.error(str(error))
    answers = [describe(model, text) for text in texts]
    print("\n\n".join(answer for _, answer in answers))
    return 0 if all(has_verdict for has_verdict, _ in answers) else 2


if __name__ == "__main__":
    sys.exit(main())
