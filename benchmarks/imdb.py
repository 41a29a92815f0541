"""Models of film reviews side by side: accuracy, time, memory, parameters.

    python benchmarks/imdb.py                              # every row
    python benchmarks/imdb.py --rows "Bidirectional LSTM"  # it alone; keep the others
    python benchmarks/imdb.py --resume                     # the seeds that are missing

Every seed runs in a process of its own, on one thread. Seed 0 tries a row's settings
and keeps the one that is best on the validation split, for the other seeds too. The
model that is kept of each seed answers the test split, once. All but the refitted ones
are trained on the training split of `load_imdb` alone.
Times are those of the processor, which other programs disturb little.

The figures go to attnlib/assets/imdb_results.json, which ships with the library so that
chapters can show them, and as a table to benchmarks/imdb.md, after every seed.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import mean

from storing import write

from attnlib import results

MARKDOWN = Path(__file__).resolve().parent / "imdb.md"
OF_A_SEED = (
    "validation",
    "test",
    "training_seconds",
    "milliseconds_a_review",
    "peak_bytes",
    "right",
)
OF_A_ROW = ("parameters", "setting", "tried", "test_source", "reviews")
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ),
    "1",
)
NUM_WORDS, LENGTH, UNITS, BATCH_SIZE = 20_000, 200, 32, 128
ENDING = 60  # words at the end of a review


# The rows. Each function trains on a split and returns what answers texts, with a
# number above zero for a positive review, and how many parameters it has trained.


def majority(train, validation, word_index, seed):
    """Answer with the more frequent label, whatever the text."""
    import numpy as np

    answer = 1.0 if train.labels.mean() > 0.5 else -1.0
    return lambda texts: np.full(len(texts), answer), 0


def word_counts(train, validation, word_index, seed, C):
    """Fit a logistic regression to how often each word occurs."""
    from attnlib.ngrams import NgramVocabulary

    vocabulary = NgramVocabulary(train.texts, max_n=1)

    def features(texts):
        return sparse([g[g > 1] for g in vocabulary.encode(texts)], len(vocabulary))

    return regression(features, train, C, dual=False)


def weighted_ngrams(train, validation, word_index, seed, C):
    """Fit a logistic regression to n-grams, each scaled by its log-odds."""
    import numpy as np

    from attnlib.ngrams import NgramVocabulary, log_odds, review_counts

    vocabulary = NgramVocabulary(train.texts, max_n=3)
    grams = vocabulary.encode(train.texts)
    weights = log_odds(review_counts(grams, train.labels, len(vocabulary)))

    def features(texts):
        present = [np.unique(g[g > 1]) for g in vocabulary.encode(texts)]
        return sparse(present, len(vocabulary), weights)

    return regression(features, train, C, dual=True)


def averaged(train, validation, word_index, seed, rate, epochs):
    """Average the embeddings of the words."""
    from keras.layers import GlobalAveragePooling1D

    def pool(tokens):
        return GlobalAveragePooling1D()(embed(tokens, mask=True))

    return network(pool, train, validation, word_index, seed, rate, epochs)


def attention_pooled(train, validation, word_index, seed, rate, epochs):
    """Fuse the embeddings by attention from a learned query."""
    from attnlib.layers import AttentionPooling

    def pool(tokens):
        return AttentionPooling(UNITS)(embed(tokens, mask=True))

    return network(pool, train, validation, word_index, seed, rate, epochs)


def transformer(train, validation, word_index, seed, rate, epochs):
    """Train the Transformer of the Keras example on text classification.

    Its block gives each of the 2 heads the whole depth of 32, norms after the
    residual, and attends to padding too. attnlib's block drops attention weights as
    well, which the example's does not.
    """
    from keras.layers import Dense, Dropout, GlobalAveragePooling1D

    from attnlib.layers import LearnedPositions, TransformerEncoderBlock

    def encode_and_pool(tokens):
        x = LearnedPositions(LENGTH)(embed(tokens, mask=False))
        x = TransformerEncoderBlock(2, UNITS, 32, dropout=0.1, norm_first=False)(x)
        x = Dropout(0.1)(GlobalAveragePooling1D()(x))
        return Dropout(0.1)(Dense(20, activation="relu")(x))

    return network(encode_and_pool, train, validation, word_index, seed, rate, epochs)


def bidirectional_lstm(train, validation, word_index, seed, rate, epochs):
    """Read the words in both directions and keep the last state of each."""
    from keras.layers import LSTM, Bidirectional

    def read(tokens):
        return Bidirectional(LSTM(UNITS))(embed(tokens, mask=True))

    return network(read, train, validation, word_index, seed, rate, epochs)


def evidence(train, validation, word_index, seed):
    """Train the book's model: attention over n-grams and their context."""
    from attnlib.sentiment import SentimentModel

    model = SentimentModel.fit(train.texts, train.labels, seed=seed)
    return model.log_odds, model.network.count_params()


def with_ending(train, validation, word_index, seed, C):
    """Fit a logistic regression to n-grams, and to those near the end once more."""
    import numpy as np
    from scipy.sparse import diags, hstack

    from attnlib.ngrams import NgramVocabulary

    vocabulary = NgramVocabulary(train.texts, max_n=4)

    def present(grams):
        kept = [np.unique(g[g > 1]) for g in grams]
        return sparse(kept, len(vocabulary))

    def features(texts):
        grams = vocabulary.encode(texts)
        ending = [g[-ENDING:, :2] for g in grams]
        return hstack([present(grams), present(ending)]).tocsr()

    x = features(train.texts)
    positive, negative = x.T @ train.labels + 1, x.T @ (1 - train.labels) + 1
    scale = diags(np.log(positive / negative).astype("float32"))
    return regression(lambda texts: features(texts) @ scale, train, C, dual=True)


def ensemble(train, validation, word_index, seed, C):
    """Add the log-odds of two models, each brought to the same mean size."""
    import numpy as np

    fits = (
        with_ending(train, validation, word_index, seed, C),
        evidence(train, validation, word_index, seed),
    )

    def answer(texts):
        found = [model(texts) for model, _ in fits]
        return sum(each / np.abs(each).mean() for each in found)

    return answer, sum(parameters for _, parameters in fits)


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        fit: the function that trains the model.
        reads: what the model sees of a review.
        settings: the choices of `fit`'s further arguments, tried on validation.
        has_seed: whether training draws random numbers.
        refits: whether it learns from the validation reviews as well; its settings
            are then chosen elsewhere, and it has no accuracy on validation.
    """

    fit: Callable
    reads: str
    settings: tuple = ({},)
    has_seed: bool = True
    refits: bool = False


CUT = f"last {LENGTH} words"


def choices(argument, values, **others):
    """List settings that differ in one argument."""
    return tuple({argument: value, **others} for value in values)


ROWS = {
    "Majority class": Row(majority, "nothing", has_seed=False),
    "Word counts": Row(
        word_counts,
        "all words",
        choices("C", (0.01, 0.03, 0.1, 0.3)),
        has_seed=False,
    ),
    "NB-weighted n-grams": Row(
        weighted_ngrams,
        "all n-grams to 3",
        choices("C", (0.1, 0.3, 1.0)),
        has_seed=False,
    ),
    "Averaged embeddings": Row(averaged, CUT, choices("rate", (3e-3, 1e-2), epochs=4)),
    "Attention pooling": Row(
        attention_pooled, CUT, choices("rate", (3e-3, 1e-2), epochs=4)
    ),
    "Transformer": Row(transformer, CUT, choices("rate", (1e-3, 3e-3), epochs=2)),
    "Bidirectional LSTM": Row(
        bidirectional_lstm, CUT, choices("rate", (3e-3, 1e-2), epochs=3)
    ),
    "Attention over n-grams": Row(evidence, "all n-grams to 4"),
    "Attention, refitted": Row(evidence, "all n-grams to 4", refits=True),
    "Ensemble, refitted": Row(
        ensemble, "all n-grams to 4", choices("C", (0.5,)), refits=True
    ),
}


# What the rows share.


def sparse(numbers, size, weights=None):
    """Make a sparse matrix (text, n-gram) of each text's n-grams, or their weights."""
    import numpy as np
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *(len(row) for row in numbers)])
    columns = np.concatenate([row.ravel() for row in numbers])
    values = np.ones(len(columns)) if weights is None else weights[columns]
    matrix = csr_matrix((values, columns, ends), (len(numbers), size))
    matrix.sum_duplicates()
    return matrix


def regression(features, train, C, dual):
    """Fit a logistic regression; `dual` is quicker where features abound."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=C, solver="liblinear", dual=dual, random_state=0)
    model.fit(features(train.texts), train.labels)
    parameters = model.coef_.size + model.intercept_.size
    return lambda texts: model.decision_function(features(texts)), parameters


def embed(tokens, mask):
    """Look up a vector for each word."""
    from keras.layers import Embedding

    return Embedding(NUM_WORDS, UNITS, mask_zero=mask)(tokens)


def network(body, train, validation, word_index, seed, rate, epochs):
    """Train a Keras model; keep the epoch that is best on the validation split."""
    import keras

    from attnlib.data import encode

    def numbers(texts):
        return encode(texts, word_index, num_words=NUM_WORDS, maxlen=LENGTH)

    keras.utils.set_random_seed(seed)
    tokens = keras.Input((LENGTH,), dtype="int32")
    probability = keras.layers.Dense(1, activation="sigmoid")(body(tokens))
    model = keras.Model(tokens, probability)
    model.compile(
        keras.optimizers.Adam(rate), loss="binary_crossentropy", metrics=["accuracy"]
    )
    keep_best = keras.callbacks.EarlyStopping(
        "val_accuracy", mode="max", patience=epochs, restore_best_weights=True
    )
    model.fit(
        numbers(train.texts),
        train.labels,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=(numbers(validation.texts), validation.labels),
        validation_batch_size=256,
        callbacks=[keep_best],
        verbose=0,
    )

    def answer(texts):
        found = model.predict(numbers(texts), batch_size=256, verbose=0)
        return found[:, 0] - 0.5

    return answer, model.count_params()


# What runs in the process of a case.


def measure(case):
    """Train a row with each setting; return what the best on validation was like."""
    import numpy as np

    from attnlib.data import Split, load_imdb

    reviews = load_imdb(verbose=False)
    if case["test_source"] not in (None, reviews.test_source):
        sys.exit(
            f"The stored rows were tested on the {case['test_source']}, and here is "
            f"the {reviews.test_source}. Set ATTNLIB_DATA as then, or run all rows."
        )
    splits = {
        name: Split(split.texts[: case["most"]], split.labels[: case["most"]])
        for name, split in (
            ("train", reviews.train),
            ("validation", reviews.validation),
            ("test", reviews.test),
        )
    }
    train, validation, test = splits.values()
    row = ROWS[case["row"]]
    if row.refits:
        train = Split(
            train.texts + validation.texts,
            np.concatenate([train.labels, validation.labels]),
        )
    tried, kept = [], None
    for setting in case["settings"]:
        start = time.process_time()
        answer, parameters = row.fit(
            train, validation, reviews.word_index, case["seed"], **setting
        )
        seconds = time.process_time() - start
        found = {
            "setting": setting,
            "validation": None
            if row.refits
            else accuracy(answer(validation.texts), validation),
            "training_seconds": round(seconds, 2),
            "parameters": parameters,
        }
        tried.append({**setting, "validation": found["validation"]})
        if kept is None or found["validation"] > kept["validation"]:
            kept, kept_answer = found, answer
    start = time.process_time()
    answers = kept_answer(test.texts)
    seconds = time.process_time() - start
    return {
        **kept,
        "tried": tried,
        "test": accuracy(answers, test),
        "right": results.pack((answers > 0) == test.labels),
        "milliseconds_a_review": round(1e3 * seconds / len(test), 4),
        "peak_bytes": peak_bytes(),
        "test_source": reviews.test_source,
        "reviews": {name: len(split) for name, split in splits.items()},
    }


def accuracy(answers, split):
    """Give the share of labels that the signs of the answers meet."""
    return round(float(((answers > 0) == split.labels).mean()), 5)


def peak_bytes():
    """Give the most memory that this process has held: the libraries' and the data's.

    Linux keeps it for each process; elsewhere the answer is None.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


# What runs in the first process.


def run(case):
    """Measure a case in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--case", json.dumps(case)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **ONE_THREAD},
    )
    if done.returncode:
        sys.exit(f"{case['row']}, seed {case['seed']} failed:\n{done.stderr}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    print(
        f"{case['row']:<24} seed {case['seed']}  "
        f"validation {found['validation'] or 'learned'}  "
        f"test {found['test']:.4f}  {found['training_seconds']:7.1f} s  "
        f"{spell(found['setting'])}",
        flush=True,
    )
    return found


def benchmark(name, seeds, most=None, test_source=None, stored=None):
    """Measure a row; yield what is to be stored, after every seed.

    Args:
        name: one of ROWS.
        seeds: how many trainings a row with random numbers gets.
        most: how many reviews of each split to use; None for all.
        test_source: what the test split must be; None for any.
        stored: a row of an earlier run, whose seeds are kept; None for none.
    """
    row = ROWS[name]
    case = {"row": name, "most": most, "test_source": test_source}
    found = seeds_of(stored) if stored else []
    for seed in range(len(found), seeds if row.has_seed else 1):
        settings = [found[0]["setting"]] if found else row.settings
        found.append(run({**case, "seed": seed, "settings": settings}))
        yield {
            "reads": row.reads,
            **{key: [one[key] for one in found] for key in OF_A_SEED},
            **{key: found[0][key] for key in OF_A_ROW},
            "date": datetime.now(UTC).date().isoformat(),
            "on": describe(),
        }


def seeds_of(stored):
    """Take a stored row apart: what was found with each seed."""
    shared = {key: stored[key] for key in OF_A_ROW}
    lists = zip(*(stored[key] for key in OF_A_SEED), strict=True)
    return [{**shared, **dict(zip(OF_A_SEED, one, strict=True))} for one in lists]


def describe():
    """Say what the benchmark ran on and with."""
    versions = []
    for package in ("keras", "tensorflow-cpu", "tensorflow", "scikit-learn", "numpy"):
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return (
        f"one thread of a CPU ({platform.machine()}), Python "
        f"{platform.python_version()}, {', '.join(versions)}"
    )


def report(rows):
    """Write what stands in benchmarks/imdb.md."""
    reviews = next(iter(rows.values()))["reviews"]
    source = next(iter(rows.values()))["test_source"]
    lines = [
        "# IMDb: models side by side",
        "",
        f"`python benchmarks/imdb.py`: trained on {reviews['train']:,} reviews, "
        f"settings and epochs chosen on {reviews['validation']:,} more, tested once on "
        f"{reviews['test']:,} ({source}). The refitted models learned from the "
        "validation reviews too, and what they are was chosen on folds that part the "
        "films. Everything runs on one thread, every seed in a process of its own.",
        "",
        *table(rows),
        "",
        "Accuracy is the mean over the seeds; on the test split the smallest and the "
        "largest stand beside it. Training: seconds of the processor from texts to the "
        "model of one seed, at the setting that was chosen. Prediction: milliseconds "
        "of the processor a review, from text to answer, many reviews at a time. "
        "Memory: the most that the process held, of which the first row shows what "
        "Python, the libraries and the reviews take. Parameters: trained ones; what "
        "was only counted is not among them.",
        "",
        "| Model | Setting | Tried, with accuracy on validation | Date | On |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in rows.items():
        tried = "; ".join(spell(setting) for setting in row["tried"])
        lines.append(
            f"| {name} | {spell(row['setting']) or 'none'} | {tried or 'nothing'} "
            f"| {row['date']} | {row['on']} |"
        )
    return "\n".join(lines) + "\n"


def table(rows):
    """Write the lines of the main table."""
    lines = [
        "| Model | Reads | Test accuracy | Validation | Training, s | Prediction, ms "
        "| Memory, MB | Parameters | Seeds |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in rows.items():
        test = f"{mean(row['test']):.4f}"
        if len(row["test"]) > 1:
            test += f" ({min(row['test']):.4f} to {max(row['test']):.4f})"
        learned = None in row["validation"]
        validation = "learned" if learned else f"{mean(row['validation']):.4f}"
        peaks = row["peak_bytes"]
        cells = [
            name,
            row["reads"],
            test,
            validation,
            f"{mean(row['training_seconds']):,.1f}",
            f"{mean(row['milliseconds_a_review']):.2f}",
            "-" if None in peaks else f"{max(peaks) / 1e6:,.0f}",
            f"{row['parameters']:,}",
            f"{len(row['test'])}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def spell(setting):
    """Write a setting in words."""
    known = {key: value for key, value in setting.items() if value is not None}
    return ", ".join(f"{key} {value:g}" for key, value in known.items())


def stored_rows():
    """Read the rows that earlier runs have stored."""
    return results.imdb_results() if results.IMDB_FILE.exists() else {}


def store(name, row):
    """Replace one row; rows that other runs have stored meanwhile stay."""
    rows = {**stored_rows(), name: row}
    rows = {name: rows[name] for name in ROWS if name in rows}
    write(results.IMDB_FILE, json.dumps(rows, indent=1) + "\n")
    write(MARKDOWN, report(rows))


def main():
    """Run the benchmark and store what it found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=ROWS,
        metavar="NAME",
        default=list(ROWS),
        help="run these rows and keep the others: " + ", ".join(ROWS),
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--resume", action="store_true", help="keep the seeds that are stored"
    )
    parser.add_argument(
        "--reviews", type=int, help="use so many of each split, and store nothing"
    )
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure(arguments.case)))
        return
    kept = {} if arguments.reviews else stored_rows()
    if not arguments.resume:
        kept = {name: kept[name] for name in kept if name not in arguments.rows}
    test_source = next((row["test_source"] for row in kept.values()), None)
    for name in arguments.rows:
        rows = benchmark(
            name, arguments.seeds, arguments.reviews, test_source, kept.get(name)
        )
        for row in rows:
            test_source = row["test_source"]
            if not arguments.reviews:
                store(name, row)


if __name__ == "__main__":
    main()
