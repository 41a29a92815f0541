"""Texts in two languages: real messages, and phrases whose alignment is known."""

import datetime
import hashlib
import io
import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from babel import Locale, dates, lists
from babel.messages.mofile import read_mo

from attnlib.data._packages import find_file, read_file

LANGUAGES = ("de", "fr", "hu")
SPLITS = ("train", "validation", "test")
PLACES = (
    *("AR", "AT", "AU", "BE", "BR", "CA", "CH", "CI", "CL", "CN", "CO", "CZ", "DE"),
    *("DK", "EG", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IN", "IS", "IT"),
    *("JP", "KE", "KR", "MA", "MX", "NG", "NL", "NO", "NZ", "PE", "PL", "PT", "SE"),
    *("TH", "TR", "UA", "US", "ZA"),
)
FIRST_DAY, LAST_DAY = datetime.date(2000, 1, 1), datetime.date(2029, 12, 31)
PACKAGE = "jupyterlab-language-pack-fr-FR==4.5.post3"
FILES = {
    "jupyterlab": ("6dac9c31fb712d07e53835165a8c3e5de767d955191eae8fa5647469b489f852"),
    "dask_labextension": (
        "eb71613a1d3a56e639accbf153f1942b54304021359aabb2d58d2ca18a9d7be0"
    ),
    "jupyter_archive": (
        "85b549d6113c5d23ec7b525b0ab01f22e9d3ecf83d8c17bde66b2fc0461db39a"
    ),
    "jupyter_collaboration": (
        "61f73f5a8cd8d6204f7f0123ff7a82aa34422ec678ff1ac9607bd227a032d17d"
    ),
    "jupyter_resource_usage": (
        "4160a1eba4bfe32dca8b43b2ba91130bf66ac64bc0aef97865f93a58c47c7104"
    ),
    "jupyterlab_git": (
        "907317987341c70aa99486bd3f71edc65ec06690f5cf0e653b7f400dabb452e2"
    ),
    "jupyterlab_lsp": (
        "66c04fb7864cbfa1680431cae2bdbad1b0aeb92b7d97680f1264f78143c56557"
    ),
    "jupyterlab_recents": (
        "1b2c7ec97a4fd74f5c977bfec61a914e5e3e5257643d0e31c5d8be507b6b24ca"
    ),
    "jupyterlab_search_replace": (
        "9b4d13a1ec160be71a44d724d00e26a2b95306d85de418a00d150dd5b8666831"
    ),
    "jupyterlab_spreadsheet_editor": (
        "3eb4227c99ddff3373075de84fe848ec55b27c9d2f9657a8b44e88f7af4d313f"
    ),
    "jupyterlab_tour": (
        "dd22dc7eed1335fd31c80af40b85ab515e2a8f16fb9a32bac951e450e215f165"
    ),
    "jupyterlab_widgets": (
        "74098e99831c5c632d649185fd793db8065834a4114c8533dda923e2bae39768"
    ),
    "jupytext": ("1c728c2c22ebf1e609c3c427b1410d35056760c933cbbf66b3f973d0b445c06e"),
    "nbdime": ("ca91782ac9dd9ff1e06a88bb77a4bb2441085d3324651a3dd974934167d4162b"),
    "notebook": ("a766f77fa026315834284016eb3406fe5810e5ec94d45310e98f551ba574d354"),
    "retrolab": ("64cab3fc18383ca856ac9bdffbd2ab68ee87793c7b4423c02345a0932b3fb3ac"),
    "spellchecker": (
        "c3e567daa0d36e87ce0bc17c858b598d9d6f9d2a8d99e366e1e00486eef62f35"
    ),
}

_WORD = re.compile(r" ?(?:%\w+|\w+['\u2019]?|[^\w\s])")

Part: TypeAlias = tuple[str, str | None]  # a text, and of what it is part


@dataclass(frozen=True, repr=False)
class Pairs:
    """Texts and their translations; `len` counts the pairs.

    Attributes:
        sources: the texts, a tuple of str.
        targets: the translations, a tuple of str.
        links: for each pair and each word of the translation (see `split_words`) the
            places of the source words that it translates, a tuple of int, empty where
            there is none; None where nobody knows them.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    links: tuple[tuple[tuple[int, ...], ...], ...] | None = None

    def __len__(self) -> int:
        return len(self.sources)

    def __repr__(self) -> str:
        return f"Pairs({len(self):,} texts with translations)"


@dataclass(frozen=True)
class Messages:
    """What `load_messages` returns.

    Attributes:
        train, validation, test: `Pairs` without links.
    """

    train: Pairs
    validation: Pairs
    test: Pairs


def split_words(text: str) -> list[str]:
    """Split a text into words and punctuation, each with the space before it.

    A place for a value, such as %1, is one word, and an elided article (l') is a word
    of its own. A text and its words say the same: `join_words` undoes this, up to
    repeated white space.

    >>> split_words("l'icône : %1")
    [" l'", 'icône', ' :', ' %1']
    """
    return _WORD.findall(" " + " ".join(text.split()))


def join_words(words: Iterable[str]) -> str:
    """Join what `split_words` has split.

    >>> join_words([" l'", "icône", " :", " %1"])
    "l'icône : %1"
    """
    return "".join(words).strip()


def load_messages() -> Messages:
    """Load 3,194 messages of the JupyterLab interface, English and French.

    People have translated them; they ship in the package
    jupyterlab-language-pack-fr-FR. Of a message with several translations the first
    one counts, in the order of `FILES`; of a plural message its singular.

    The split is chosen by a hash of the English text without case, punctuation and
    numbers, about 80, 10 and 10 of 100. So messages that differ in nothing else stay
    in one split. Messages that differ in a word may stand in two.

    Returns:
        A `Messages`; every split is in a fixed order that mixes the files.

    Raises:
        DataError: the package is missing, or a file is not the expected one.

    Source:
        Project Jupyter Contributors, BSD 3-Clause licence.

    Example:
        >>> load_messages().test
        Pairs(326 texts with translations)
    """
    found: dict[str, str] = {}
    for name, sha256 in FILES.items():
        path = find_file(
            "jupyterlab_language_pack_fr_FR",
            f"locale/fr_FR/LC_MESSAGES/{name}.mo",
            PACKAGE,
        )
        for source, target in read_messages(path, sha256):
            found.setdefault(source, target)
    split: dict[str, list[tuple[str, str]]] = {name: [] for name in SPLITS}
    for source, target in found.items():
        split[_choose(normalise(source))].append((source, target))
    for pairs in split.values():
        pairs.sort(key=lambda pair: _digest(pair[0]))
    return Messages(*(Pairs(*zip(*pairs, strict=True)) for pairs in split.values()))


def read_messages(path: Path, sha256: str) -> list[tuple[str, str]]:
    """Read the pairs of one compiled catalogue of gettext; check every byte."""
    pairs = []
    for message in read_mo(io.BytesIO(read_file(path, sha256, PACKAGE))):
        source, target = _read_text(message.id), _read_text(message.string)
        if source and target:
            pairs.append((source, target))
    return pairs


def _read_text(text: str | Sequence[str] | None) -> str:
    """The text, or its singular where there are two, with single spaces."""
    if text is None:
        return ""
    return " ".join((text if isinstance(text, str) else text[0]).split())


def normalise(text: str) -> str:
    """Reduce a text to what decides its split: its letters, without case."""
    return " ".join(re.findall(r"[^\W\d_]+", text.lower()))


def make_phrases(
    count: int,
    *,
    language: str = "hu",
    split: str = "train",
    places: tuple[int, int] = (1, 6),
    seed: int | np.random.Generator = 0,
) -> Pairs:
    """Compose phrases of a date and a list of places in English and another language.

    Names, orders and punctuation are those of the Unicode CLDR, as Babel ships it;
    which date and which places stand in a phrase is drawn. The date comes first or
    last and has its weekday or not, each in half of the phrases.

    A date belongs to one split only, by a hash, about 80, 10 and 10 of 100; so does
    every set of two or more places. All words may occur in all splits.

    Args:
        count: number of phrases.
        language: "de", "fr" or "hu".
        split: "train", "validation" or "test".
        places: the least and the largest number of places.
        seed: seed of the draws, an integer or a `np.random.Generator`.

    Returns:
        `Pairs` with links. All words of a name are linked to all words of its
        translation; punctuation that the other language lacks has no link.

    Raises:
        ValueError: an argument does not fit.

    Source:
        [Unicode CLDR](https://cldr.unicode.org/), Unicode licence; Babel, BSD licence.

    Example:
        >>> phrase = make_phrases(1, places=(1, 1), seed=3)
        >>> print(phrase.sources[0], "->", phrase.targets[0])
        France: Monday, May 6, 2024 -> Franciaország: 2024. május 6., hétfő
        >>> phrase.links[0]
        ((0,), (1,), (7,), (), (4,), (5,), (), (), (2,))
    """
    _check(count, language, split, places)
    rng = np.random.default_rng(seed)
    phrases = [_draw(rng, split, places) for _ in range(count)]
    here, there = _Writer("en"), _Writer(language)
    sources, targets, links = [], [], []
    for phrase in phrases:
        source, target = here.write(*phrase), there.write(*phrase)
        at: dict[str | None, list[int]] = {}
        for place, (_, part) in enumerate(source):
            if part is not None:
                at.setdefault(part, []).append(place)
        sources.append(join_words(word for word, _ in source))
        targets.append(join_words(word for word, _ in target))
        links.append(tuple(tuple(at.get(part, ())) for _, part in target))
    return Pairs(tuple(sources), tuple(targets), tuple(links))


def _check(count: int, language: str, split: str, places: tuple[int, int]) -> None:
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"`count` must be an integer, 1 or more; got {count!r}.")
    if language not in LANGUAGES:
        raise ValueError(f"`language` must be one of {LANGUAGES}; got {language!r}.")
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {SPLITS}; got {split!r}.")
    try:
        least, most = map(operator.index, places)
        fits = 1 <= least <= most <= len(PLACES)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            "`places` must be the least and the largest number of places, integers "
            f"from 1 to {len(PLACES)}; got {places!r}."
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _choose(text: str) -> str:
    """The split that the hash of a text gives."""
    share = int(_digest(text)[:8], 16) / 16**8
    return SPLITS[(share >= 0.8) + (share >= 0.9)]


def _draw(
    rng: np.random.Generator, split: str, places: tuple[int, int]
) -> tuple[datetime.date, list[str], str, bool]:
    """A date and places of that split, and the form of the phrase."""
    days = (LAST_DAY - FIRST_DAY).days + 1
    while True:
        day = FIRST_DAY + datetime.timedelta(int(rng.integers(days)))
        if _choose(day.isoformat()) == split:
            break
    number = int(rng.integers(places[0], places[1] + 1))
    while True:
        chosen = rng.permutation(PLACES)[:number].tolist()
        if number == 1 or _choose(" ".join(sorted(chosen))) == split:
            break
    style = ("long", "full")[rng.integers(2)]
    return day, chosen, style, bool(rng.integers(2))


class _Writer:
    """Writes phrases in one language, word by word with the part that each is."""

    def __init__(self, language: str) -> None:
        self.locale = Locale(language)
        self.dates = {
            style: [  # fields such as "MMMM", and what stands between them
                (token[0] * token[1], True)
                if isinstance(token, tuple)
                else (token, False)
                for _, token in dates.tokenize_pattern(
                    dates.get_date_format(style, self.locale).pattern
                )
            ]
            for style in ("long", "full")
        }

    def write(
        self, day: datetime.date, places: list[str], style: str, date_first: bool
    ) -> list[Part]:
        """Give the words as pairs (word, part), the same parts in each language."""
        date: list[Part] = []
        for text, is_field in self.dates[style]:
            if is_field:
                written = dates.format_date(day, text, self.locale)
                date.append((written, f"date {text[0]}"))
            else:
                date.append((text, None))
        rows = self._list(places)
        parts = [*date, (": ", "colon"), *rows]
        if not date_first:
            parts = [*rows, (": ", "colon"), *date]
        return _cut(parts)

    def _list(self, places: list[str]) -> list[Part]:
        """The places and what stands between them, by the pattern for lists."""
        marks = [f"\0{i}\0" for i in range(len(places))]
        pieces = re.split(r"\0(\d+)\0", lists.format_list(marks, locale=self.locale))
        rows: list[Part] = []
        for i, text in enumerate(pieces):
            if i % 2:
                name = self.locale.territories[places[int(text)]]
                rows.append((name, f"place {text}"))
            elif text:
                rows.append((text, f"after place {i // 2 - 1}"))
        return rows


def _cut(parts: list[Part]) -> list[Part]:
    """Split a text made of (text, part) into words with the part of their start."""
    text = " " + "".join(piece for piece, _ in parts)
    owners = [None] + [part for piece, part in parts for _ in piece]
    words, at = [], 0
    for word in split_words(text):
        words.append((word, owners[at + len(word) - len(word.lstrip())]))
        at += len(word)
    return words
