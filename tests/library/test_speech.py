"""Spoken digits: times that fit the sound, voices held out, the same for ever."""

import importlib.util

import numpy as np
import pytest

from attnlib.data import DataError, load_spoken_digits, speech, synthesise
from attnlib.data.speech import SPLITS, describe

FIELDS = {"voice": 1, "rate": 2, "pitch": 3}


@pytest.fixture(scope="module")
def digits():
    return load_spoken_digits()


def recordings(digits):
    return [r for name in SPLITS for r in getattr(digits, name)]


def test_sizes_dtypes_and_range(digits):
    sizes = {name: len(getattr(digits, name)) for name in SPLITS}
    assert sizes == {"train": 1600, "validation": 300, "test": 400, "long": 200}
    for r in recordings(digits):
        assert r.samples.ndim == 1 and r.samples.dtype == "float32"
        assert r.sampling_rate == 11_025
        assert 0.1 < np.abs(r.samples).max() <= 1
    for name in SPLITS:
        least, most = SPLITS[name][1]
        counts = {len(r.words) for r in getattr(digits, name)}
        assert counts == set(range(least, most + 1))


def test_words_and_voices_are_those_described(digits):
    for name in SPLITS:
        for number, r in enumerate(getattr(digits, name)):
            text, voice, _, _ = describe(name, number)
            assert (" ".join(r.words), r.voice) == (text, voice)


def test_times_are_in_order_and_inside_the_recording(digits):
    for r in recordings(digits):
        assert r.starts.shape == r.ends.shape == (len(r.words),)
        assert (r.ends - r.starts > 0.08).all()
        assert (r.starts[1:] >= r.ends[:-1]).all()
        assert r.starts[0] >= 0
        assert r.ends[-1] <= len(r.samples) / r.sampling_rate + 1e-3


def test_the_sound_is_where_the_words_are(digits):
    for r in digits.test[:50]:
        for start, end in zip(r.starts, r.ends, strict=True):
            a, b = (int(time * r.sampling_rate) for time in (start, end))
            inside = np.sqrt((r.samples[a:b] ** 2).mean())
            assert inside > 0.2 * np.sqrt((r.samples**2).mean())


def test_a_boundary_is_where_the_sound_changes():
    """The s of "six" hisses from its start on; "one" before it does not."""
    r = synthesise("one six", "en-us+m1", rate=120)
    edge = int(r.starts[1] * r.sampling_rate)

    def crossings(part):  # sign changes a sample; a hiss has many
        return (np.diff(np.sign(part)) != 0).mean()

    hiss = r.samples[edge + 600 : edge + 1800]
    before = r.samples[edge - 1800 : edge - 600]
    assert crossings(hiss) > 3 * crossings(before)


@pytest.mark.parametrize("field", FIELDS)
def test_no_voice_rate_or_pitch_is_in_two_splits(field):
    found = []
    for name in ("train", "validation", "test"):
        values = {describe(name, i)[FIELDS[field]] for i in range(SPLITS[name][0])}
        found.append({str(value).rpartition("+")[2] for value in values})
    assert not found[0] & found[1] and not found[0] & found[2]
    assert not found[1] & found[2]


def test_long_strings_are_by_voices_of_the_test():
    voices = {describe("long", i)[1].partition("+")[2] for i in range(200)}
    assert voices <= set(SPLITS["test"][2])
    assert not voices & set(SPLITS["train"][2])


def test_the_splits_never_change():
    assert [describe(name, 0) for name in SPLITS] == [
        ("zero seven", "en-us+robert", 180, 60),
        ("zero zero two", "en-gb-scotland+Lee", 190, 35),
        ("one five", "en-gb-x-gbclan+m8", 210, 40),
        ("zero eight two five six eight zero", "en-gb-scotland+f5", 175, 40),
    ]


def test_it_is_the_same_each_time_whatever_was_said_before(digits):
    synthesise("something else", "en+f1")
    again = load_spoken_digits()
    for first, second in zip(recordings(digits), recordings(again), strict=True):
        assert np.array_equal(first.samples, second.samples)
        assert np.array_equal(first.ends, second.ends)


def test_pauses_belong_to_no_word():
    r = synthesise("Seven. Two", "en-us")
    assert r.words == ("Seven", "Two")
    assert r.starts[1] - r.ends[0] > 0.1


def test_rate_and_pitch_are_heard():
    slow, fast = (synthesise("seven two", rate=rate) for rate in (100, 250))
    assert len(slow.samples) > 1.5 * len(fast.samples)
    low, high = (synthesise("seven two", pitch=pitch) for pitch in (10, 90))
    assert not np.array_equal(low.samples, high.samples)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": ""}, "`text` must hold letters"),
        ({"text": "12"}, "`text` must hold letters"),
        ({"text": "caf\u00e9"}, "ASCII"),
        ({"text": None}, "`text` must .*got None"),
        ({"voice": "en-us+nobody"}, "`voice` must .*got 'en-us\\+nobody'"),
        ({"voice": "xx"}, "`voice` must .*got 'xx'"),
        ({"voice": "en-us+"}, "`voice` must"),
        ({"voice": None}, "`voice` must .*got None"),
        ({"rate": 10}, "`rate` must .*from 80 to 450; got 10"),
        ({"rate": "fast"}, "`rate` must .*got 'fast'"),
        ({"pitch": 100}, "`pitch` must .*from 0 to 99; got 100"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        synthesise(**{"text": "seven", **arguments})


def test_nothing_is_written(capfd):
    synthesise("seven", "en-us+f2")
    with pytest.raises(ValueError):
        synthesise("seven", "en-us+nobody")
    assert capfd.readouterr() == ("", "")


def test_another_version_is_refused():
    with pytest.raises(DataError, match=r"version 1.51; expected 1.52.0. Install"):
        speech.check_version("1.51")


def test_a_damaged_library_is_refused(tmp_path):
    path = tmp_path / "libespeak-ng.so"
    path.write_bytes(b"no library")
    with pytest.raises(DataError, match=r"libespeak-ng.so cannot be loaded.*Install"):
        speech._Engine(path)


def test_a_missing_package_says_what_to_do(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="espeakng-loader is not installed"):
        load_spoken_digits()


def test_recordings_and_splits_describe_themselves(digits):
    assert repr(digits) == (
        "SpokenDigits(1,600 train, 300 validation, 400 test, 200 long)"
    )
    assert repr(synthesise("two")).startswith("Recording('two', en-us, ")
