"""5' splice sites of the human genome: checked, split the same way for ever."""

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attnlib._types import Array, ArrayLike
from attnlib.data._packages import find_file, read_file

LETTERS = "ACGU"
WIDTH, SECOND = 9, 4  # letters of a site; the one that is U or C
BACKGROUND = (0.29, 0.21, 0.21, 0.29)  # of A, C, G and U in `plant_sites`
FILE = "examples/datafiles/ss_sequences.txt"
SHA256 = "57720d487a803c482cb5dec902133e2dc484d6a35824e6ce2c7df9e04842ef5e"
VALIDATION, TEST = 1_638, 3_277  # of 4^7 = 16,384 ways to fill the free letters


@dataclass(frozen=True, eq=False, repr=False)
class SiteSplit:
    """Possible sites and how often the genome uses them; `len` counts them.

    Attributes:
        letters: uint8 array (n, 9); 0 to 3 stand for A, C, G, U.
        counts: int32 array (n,); 0 where the genome never uses this one.
    """

    letters: Array
    counts: Array

    @property
    def sequences(self) -> list[str]:
        """The sites as text, a list of n strings such as "CAGGUAAGU"."""
        return ["".join(LETTERS[i] for i in row) for row in self.letters]

    def take(self, rows: Array) -> "SiteSplit":
        """Give the rows that an index array or a mask chooses, as a `SiteSplit`."""
        return SiteSplit(self.letters[rows], self.counts[rows])

    def __len__(self) -> int:
        return len(self.counts)

    def __repr__(self) -> str:
        used = np.count_nonzero(self.counts)
        return f"SiteSplit({len(self):,} possible sites, {used:,} of them in use)"


@dataclass(frozen=True)
class SpliceSites:
    """What `load_splice_sites` returns.

    Attributes:
        train, validation, test: `SiteSplit`s; no sequence stands in two of them.
    """

    train: SiteSplit
    validation: SiteSplit
    test: SiteSplit


def load_splice_sites() -> SpliceSites:
    """Load how often the human genome uses each possible 5' splice site.

    A site has nine letters of RNA: the last three of an exon, then the first six of
    an intron, which begin with GU or, rarely, GC. All 32,768 sequences of this form
    are here. The package logomaker (MIT licence) lists 10,227 of them with the number
    of times that each occurs in hg38 by the annotation of GENCODE; the others get the
    count 0.

    The seven free letters are hashed, and the hash chooses the split: 20 % of their
    16,384 values are for testing, 10 % for validation. So all copies of a sequence,
    and its forms with GU and with GC, stand on one side. Sequences that differ in one
    free letter may stand on two sides.

    Returns:
        A `SpliceSites`; every split is in a fixed, mixed order.

    Raises:
        DataError: logomaker is missing, or its file is not the expected one.

    Source:
        [Tareen and Kinney (2020)](https://doi.org/10.1093/bioinformatics/btz921).

    Example:
        >>> load_splice_sites().test
        SiteSplit(6,554 possible sites, 2,008 of them in use)
    """
    counts = read_splice_sites(find_file("logomaker", FILE))
    free = ["".join(letters) for letters in itertools.product(LETTERS, repeat=7)]
    free.sort(key=lambda text: hashlib.sha256(text.encode()).hexdigest())

    def split(part: list[str]) -> SiteSplit:
        sequences = [f"{x[:3]}G{y}{x[3:]}" for x in part for y in "UC"]
        found = np.array([counts.get(s, 0) for s in sequences], dtype="int32")
        return SiteSplit(encode_rna(sequences), found)

    end = TEST + VALIDATION
    return SpliceSites(split(free[end:]), split(free[TEST:end]), split(free[:TEST]))


def read_splice_sites(path: Path) -> dict[str, int]:
    """Read the listed sites, a dictionary from sequence to count; check every byte."""
    lines = read_file(path, SHA256, "logomaker").decode("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {sequence: int(count) for sequence, count in rows[1:]}  # less the titles


def encode_rna(sequences: Iterable[str]) -> Array:
    """Turn texts of equal length into numbers, 0 to 3 for A, C, G and U.

    T, the letter that DNA has in the place of U, is read as U; so are small letters.

    Returns:
        A uint8 array (n, length).

    Raises:
        ValueError: where the lengths differ, or another letter occurs.

    Example:
        >>> encode_rna(["GUAAGU", "gtaagt"])
        array([[2, 3, 0, 0, 2, 3],
               [2, 3, 0, 0, 2, 3]], dtype=uint8)
    """
    texts = [text.upper().replace("T", "U") for text in sequences]
    lengths = sorted({len(text) for text in texts})
    if len(lengths) != 1:
        raise ValueError(f"`sequences` must have one length; got lengths {lengths}.")
    other = sorted(set("".join(texts)) - set(LETTERS))
    if other:
        raise ValueError(f"`sequences` may hold A, C, G, U and T; got {other}.")
    numbers = [[LETTERS.index(letter) for letter in text] for text in texts]
    return np.array(numbers, dtype="uint8").reshape(len(texts), lengths[0])


def plant_sites(
    sites: ArrayLike, length: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Put each site at a random place of its own *generated* sequence.

    The other letters are drawn one by one, independently, from `BACKGROUND`.

    Args:
        sites: (n, width) integers from 0 to 3.
        length: letters of each sequence.
        rng: a `np.random.Generator`.

    Returns:
        sequences: uint8 array (n, length).
        places: int64 array (n,), where each site starts, evenly drawn.

    Raises:
        ValueError: where a site is no row of letters, or longer than a sequence.

    Example:
        >>> sites = encode_rna(["CAGGUAAGU"])
        >>> sequences, places = plant_sites(sites, 20, np.random.default_rng(0))
        >>> bool((sequences[0, places[0] :][:9] == sites[0]).all())
        True
    """
    sites = np.asarray(sites)
    if sites.ndim != 2 or not np.isin(sites, np.arange(len(LETTERS))).all():
        raise ValueError(
            "`sites` must be (n, width) integers from 0 to 3; got shape "
            f"{sites.shape} of {sites.dtype}."
        )
    count, width = sites.shape
    if length < width:
        raise ValueError(
            f"`length` must be at least {width}, the width of the sites; got {length}."
        )
    drawn = rng.choice(len(LETTERS), size=(count, length), p=BACKGROUND)
    places = rng.integers(0, length - width + 1, size=count)
    columns = places[:, None] + np.arange(width)
    np.put_along_axis(drawn, columns, sites, axis=1)
    return drawn.astype("uint8"), places
