"""Spoken words from the synthesiser eSpeak NG, with the time of every word."""

import ctypes
import dataclasses
import functools
import hashlib
import importlib
import re
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from scipy.signal import firwin, resample_poly

from attnlib._types import Array
from attnlib.data._packages import find_file
from attnlib.data._sources import DataError

T = TypeVar("T")
# Type, place and length in the text, sample of the sound, phoneme.
Event: TypeAlias = tuple[int, int, int, int, bytes]

PACKAGE, VERSION, RATE = "espeakng-loader", "1.52.0", 22_050
ADVICE = f"Install the version of {PACKAGE} that requirements.txt names."
DIGITS = (
    *("zero", "one", "two", "three", "four"),
    *("five", "six", "seven", "eight", "nine"),
)
ACCENTS = "en-us", "en", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan"
_HALF = firwin(41, 0.5)  # to half the sampling rate
_TEST = (
    ("m6", "m8", "f5", "Alicia", "Denis", "Marco", "ed", "john", "victor", "aunty"),
    (175, 195, 210),
    (40, 50),
)
# Recordings, digits in each, voices, words a minute, pitches. No voice, speed or
# pitch of training, validation and test occurs in another of the three.
SPLITS = {
    "train": (
        1600,
        (2, 5),
        (
            *("m1", "m2", "m4", "m5", "m7", "f1", "f2", "f4", "Alex", "Andy", "Gene"),
            *("Jacky", "Mario", "Michael", "adam", "belinda", "david", "grandma"),
            *("linda", "max", "miguel", "paul", "rob", "robert", "shelby", "steph"),
        ),
        (165, 180, 200, 220),
        (30, 45, 60),
    ),
    "validation": (
        300,
        (2, 5),
        ("m3", "f3", "Annie", "Lee", "edward", "iven"),
        (170, 190),
        (35, 55),
    ),
    "test": (400, (2, 5), *_TEST),
    "long": (200, (6, 10), *_TEST),
}


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """Synthetic speech; the times are the synthesiser's own.

    Attributes:
        samples: float32 array (n,) in [-1, 1].
        sampling_rate: samples a second.
        words: what is said, one string a word.
        starts, ends: float64 arrays (word,), in seconds. A word ends where the next
            one or a pause begins.
        voice: accent and variant, such as "en-us+f2".
    """

    samples: Array
    sampling_rate: int
    words: tuple[str, ...]
    starts: Array
    ends: Array
    voice: str

    def __repr__(self) -> str:
        seconds = len(self.samples) / self.sampling_rate
        return f"Recording({' '.join(self.words)!r}, {self.voice}, {seconds:.1f} s)"


@dataclass(frozen=True, repr=False)
class SpokenDigits:
    """What `load_spoken_digits` returns: tuples of `Recording`s.

    Attributes:
        train, validation, test: strings of 2 to 5 digits.
        long: strings of 6 to 10 digits by the voices of `test`.
    """

    train: tuple[Recording, ...]
    validation: tuple[Recording, ...]
    test: tuple[Recording, ...]
    long: tuple[Recording, ...]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(getattr(self, name)):,} {name}" for name in SPLITS)
        return f"SpokenDigits({sizes})"


def synthesise(
    text: str, voice: str = "en-us", rate: int = 160, pitch: int = 50
) -> Recording:
    """Let eSpeak NG read a text aloud. This is a machine's voice, no recording.

    Args:
        text: English words in ASCII.
        voice: an accent of eSpeak NG, such as "en-us" or "en" (British), and where a
            variant is wanted a plus and its name: "en-us+f2".
        rate: words a minute, from 80 to 450.
        pitch: from 0 (low) to 99 (high).

    Returns:
        A `Recording` at 22,050 samples a second. Like a person, eSpeak NG does not say
        a thing twice in exactly the same way.

    Raises:
        ValueError: the text holds no letter or is not ASCII, there is no such voice,
            or a number is out of its range.
        DataError: espeakng-loader is missing, or it is another version of eSpeak NG.

    Source:
        eSpeak NG (GPL-3.0-or-later), in the package espeakng-loader.

    Example:
        >>> synthesise("seven two", voice="en-us+f2").words
        ('seven', 'two')
    """
    has_letter = isinstance(text, str) and re.search("[a-zA-Z]", text)
    if not has_letter or not text.isascii():
        raise ValueError(f"`text` must hold letters, all of them ASCII; got {text!r}.")
    for name, value, low, high in (("rate", rate, 80, 450), ("pitch", pitch, 0, 99)):
        if not isinstance(value, int | np.integer) or not low <= value <= high:
            raise ValueError(
                f"`{name}` must be a whole number from {low} to {high}; got {value!r}."
            )
    accents, variants = voices()
    accent, plus, variant = str(voice).partition("+")
    if accent not in accents or (plus and variant not in variants):
        raise ValueError(  # eSpeak NG would take another voice without a word
            "`voice` must be an English accent of eSpeak NG, alone or with + and a "
            f"variant; got {voice!r}. `attnlib.data.speech.voices()` lists both."
        )
    return _record(_shared(), text, voice, int(rate), int(pitch))


def _record(
    engine: "_Engine", text: str, voice: str, rate: int, pitch: int
) -> Recording:
    samples, events = engine.speak(text, voice, rate, pitch)
    times: list[int] = []  # sample of each start
    words: list[str | None] = []  # what starts there; None for a pause
    for kind, position, length, sample, phoneme in events:
        if kind == _WORD:
            times.append(sample)
            words.append(text[position - 1 : position - 1 + length])
        elif kind == _PHONEME and phoneme.startswith(b"_") and words[-1:] != [None]:
            times.append(sample)
            words.append(None)
    edges = np.array([*times, len(samples)]) / RATE
    said = [i for i, word in enumerate(words) if word]
    spoken = tuple(word for word in words if word)
    return Recording(samples, RATE, spoken, edges[:-1][said], edges[1:][said], voice)


@functools.cache
def voices() -> tuple[set[str], set[str]]:
    """List the English accents and the variants that there are: two sets of names."""
    folder = find_file("espeakng_loader", "espeak-ng-data", PACKAGE)
    try:
        files = (folder / "lang" / "gmw").glob("en*")
        accents = {file.name.lower() for file in files} - {"en-shaw"}
        variants = {file.name for file in (folder / "voices" / "!v").iterdir()}
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read: {error!r}. Install {PACKAGE} again."
        ) from error
    return accents, variants


def load_spoken_digits() -> SpokenDigits:
    """Make strings of English digits, spoken by eSpeak NG: synthetic speech.

    1,600 recordings are for training, 300 for validation and 400 for testing, with 2
    to 5 digits each; 200 more of 6 to 10 digits, by the test voices, are the split
    `long`. Words, accent, voice, speed and pitch follow from hashes. Voices (variants
    of the synthesiser), speeds and pitches of training, validation and test have
    nothing in common; accents and, where chance has it, strings of digits do.

    Returns:
        A `SpokenDigits`; samples are float32 at 11,025 a second.

    Raises:
        DataError: espeakng-loader is missing, or it is another version of eSpeak NG.

    Source:
        eSpeak NG (GPL-3.0-or-later), in the package espeakng-loader.

    Example:
        >>> from attnlib.data import load_spoken_digits
        >>> load_spoken_digits()  # doctest: +SKIP
        SpokenDigits(1,600 train, 300 validation, 400 test, 200 long)
    """
    engine = _fresh()  # eSpeak NG never says the same thing twice; a fresh one does
    jobs = [(name, i) for name, (count, *_) in SPLITS.items() for i in range(count)]
    made = {}
    for job in sorted(jobs, key=lambda job: describe(*job)[1]):  # voice by voice
        r = _record(engine, *describe(*job))
        half = resample_poly(r.samples, 1, 2, window=_HALF)
        half = half.clip(-1, 1).astype("float32")  # the filter can overshoot
        made[job] = dataclasses.replace(r, samples=half, sampling_rate=RATE // 2)
    return SpokenDigits(
        *(tuple(made[job] for job in jobs if job[0] == name) for name in SPLITS)
    )


def describe(split: str, number: int) -> tuple[str, str, int, int]:
    """Give text, voice, rate and pitch of a recording of `load_spoken_digits`."""
    _, (least, most), variants, rates, pitches = SPLITS[split]
    draws = iter(hashlib.sha256(f"{split} {number}".encode()).digest())

    def choose(options: Sequence[T]) -> T:
        # Two bytes, so that all options are as good as equal.
        return options[(next(draws) * 256 + next(draws)) % len(options)]

    count = choose(range(least, most + 1))
    words = " ".join(choose(DIGITS) for _ in range(count))
    accent, variant = choose(ACCENTS), choose(variants)
    return words, f"{accent}+{variant}", choose(rates), choose(pitches)


# --- eSpeak NG, through ctypes

_WORD, _PHONEME = 1, 7  # types of events


class _Name(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("string", ctypes.c_char * 8),
                ("address", ctypes.c_void_p)]  # fmt: skip


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event)
)


class _Engine:
    """One eSpeak NG, started once; one text at a time."""

    def __init__(self, path: Path) -> None:
        folder = find_file("espeakng_loader", "espeak-ng-data", PACKAGE)
        try:
            self.library = ctypes.CDLL(str(path))
            self.library.espeak_Info.restype = ctypes.c_char_p
            version = self.library.espeak_Info(None).decode()
        except (OSError, AttributeError) as error:
            raise DataError(f"{path} cannot be loaded: {error!r}. {ADVICE}") from error
        check_version(version)
        # Output 2: to the callback, before espeak_Synth returns. Options: phoneme
        # events (1), and no exit from the program where something fails (0x8000).
        options = 2, 0, str(folder).encode(), 1 | 0x8000
        found = self.library.espeak_Initialize(*options)
        if found != RATE:
            raise DataError(f"eSpeak NG does not start with {folder}. {ADVICE}")
        self.sound: list[bytes] = []
        self.events: list[Event] = []
        self.receive = _CALLBACK(self._receive)  # must live as long as the library
        self.library.espeak_SetSynthCallback(self.receive)
        self.library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        self.voice, self.lock = "", threading.Lock()

    def _receive(self, samples: int | None, count: int, event: Any) -> int:
        if samples and count > 0:  # the buffer is eSpeak NG's own: copy it
            self.sound.append(ctypes.string_at(samples, 2 * count))
        i = 0
        while event[i].type:  # 0 ends the list
            e = event[i]
            name = e.id.string if e.type == _PHONEME else b""
            self.events.append((e.type, e.text_position, e.length, e.sample, name))
            i += 1
        return 0

    def speak(
        self, text: str, voice: str, rate: int, pitch: int
    ) -> tuple[Array, list[Event]]:
        """Give samples (n,) in [-1, 1] and events of one text."""
        with self.lock:
            self.sound.clear()
            self.events.clear()
            failed = 0
            if voice != self.voice:
                failed = self.library.espeak_SetVoiceByName(voice.encode())
                self.voice = voice
            self.library.espeak_SetParameter(1, rate, 0)
            self.library.espeak_SetParameter(3, pitch, 0)
            data = text.encode() + b"\0"
            speak = self.library.espeak_Synth
            failed |= speak(data, len(data), 0, 1, 0, 1, None, None)
            if failed or not self.sound:
                raise DataError(f"eSpeak NG failed on {text!r} in voice {voice}.")
            samples = np.frombuffer(b"".join(self.sound), dtype="int16")
            return samples.astype("float32") / 32768, list(self.events)


def _library_path() -> Path:
    find_file("espeakng_loader", "", PACKAGE)
    return Path(importlib.import_module("espeakng_loader").get_library_path())


@functools.cache
def _shared() -> _Engine:
    return _Engine(_library_path())


def _fresh() -> _Engine:
    """An engine from a copy of the library, which remembers nothing said before."""
    path = _library_path()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            copy = Path(shutil.copy(path, folder))
        except OSError as error:
            raise DataError(f"{path} cannot be copied: {error!r}. {ADVICE}") from error
        return _Engine(copy)


def check_version(version: str) -> None:
    """Refuse another version of eSpeak NG: it would speak otherwise."""
    if version != VERSION:
        raise DataError(
            f"eSpeak NG has version {version}; expected {VERSION}. {ADVICE}"
        )
