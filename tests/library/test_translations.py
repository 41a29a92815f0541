"""Translations: real messages and composed phrases, split for ever without leaks."""

import importlib.util
from datetime import date

import numpy as np
import pytest
from babel import Locale, dates, lists

from attnlib.data import (
    DataError,
    join_words,
    load_messages,
    make_phrases,
    split_words,
    translations,
)


@pytest.fixture(scope="module")
def messages():
    return load_messages()


def splits(messages):
    return messages.train, messages.validation, messages.test


def test_sizes_and_types(messages):
    assert [len(pairs) for pairs in splits(messages)] == [2_568, 300, 326]
    for pairs in splits(messages):
        assert len(pairs.targets) == len(pairs.sources)
        assert pairs.links is None
        assert all(isinstance(t, str) and t for t in pairs.sources + pairs.targets)


def test_no_message_is_in_two_splits_whatever_its_case_and_punctuation(messages):
    seen = [
        {translations.normalise(text) for text in pairs.sources}
        for pairs in splits(messages)
    ]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])
    sources = [text for pairs in splits(messages) for text in pairs.sources]
    assert len(set(sources)) == len(sources)


def test_the_splits_never_change(messages):
    assert messages.test.sources[:3] == (
        "Collapse All Code",
        "Set Up Remotes",
        "You may contribute a specification for auto-detection as described in our",
    )
    assert messages.test.targets[0] == "Réduire tout le code"


def test_messages_keep_their_translations(messages):
    known = dict(zip(messages.train.sources, messages.train.targets, strict=True))
    known |= dict(zip(messages.test.sources, messages.test.targets, strict=True))
    assert known["Show Notifications"] == "Afficher les notifications"
    assert not any("\x04" in text for text in known)  # the context is cut off


@pytest.mark.parametrize(
    "text",
    ["l'icône : %1", "Côte d\u2019Ivoire", "a.b, (c)!", "x", "2024. május 6., hétfő"],
)
def test_words_make_the_text_again(text):
    assert join_words(split_words(text)) == text


def test_all_messages_come_back_from_their_words(messages):
    for pairs in splits(messages):
        for text in pairs.sources + pairs.targets:
            assert join_words(split_words(text)) == text


def test_a_damaged_file_a_missing_file_and_a_missing_package(tmp_path, monkeypatch):
    path = tmp_path / "notebook.mo"
    with pytest.raises(DataError, match="Install jupyterlab-language-pack-fr-FR==4"):
        translations.read_messages(path, translations.FILES["notebook"])
    path.write_bytes(b"\xde\x12\x04\x95 damaged")
    with pytest.raises(DataError, match="is not the expected file"):
        translations.read_messages(path, translations.FILES["notebook"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="jupyterlab-language-pack-fr-FR==4"):
        load_messages()


def parse(source):
    """Date and places of an English phrase, by the words alone."""
    english = Locale("en")
    months = {name: number for number, name in english.months["format"]["wide"].items()}
    codes = {english.territories[code]: code for code in translations.PLACES}
    head, tail = source.split(": ")
    date_first = any(character.isdigit() for character in head)
    when, where = (head, tail) if date_first else (tail, head)
    parts = when.split(", ")
    month, day = parts[-2].split()
    style = "full" if len(parts) == 3 else "long"
    names = where.replace(", and ", ", ").replace(" and ", ", ").split(", ")
    day = date(int(parts[-1]), months[month], int(day))
    return day, [codes[name] for name in names], style, date_first


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_phrases_are_what_babel_writes_in_one_piece(language):
    phrases = make_phrases(200, language=language, places=(1, 9), seed=4)
    locale = Locale(language)
    for source, target in zip(phrases.sources, phrases.targets, strict=True):
        day, places, style, date_first = parse(source)
        names = [locale.territories[code] for code in places]
        parts = [
            dates.format_date(day, style, locale),
            lists.format_list(names, locale=locale),
        ]
        assert target == ": ".join(parts if date_first else parts[::-1])


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_links_join_what_means_the_same(language):
    phrases = make_phrases(200, language=language, places=(1, 4), seed=5)
    locale, english = Locale(language), Locale("en")
    meaning = {}
    for kind in ("months", "days"):
        here, there = (
            getattr(each, kind)["format"]["wide"] for each in (english, locale)
        )
        meaning |= {here[k]: {there[k]} for k in here}
    for code in translations.PLACES:
        words = split_words(locale.territories[code])
        for word in split_words(english.territories[code]):
            meaning.setdefault(word.strip(), set()).update(w.strip() for w in words)
    checked = 0
    for i, source in enumerate(phrases.sources):
        words = [word.strip() for word in split_words(source)]
        target = [word.strip() for word in split_words(phrases.targets[i])]
        assert len(phrases.links[i]) == len(target)
        for there, link in zip(target, phrases.links[i], strict=True):
            for here in (words[j] for j in link):
                if here in meaning:
                    assert there in meaning[here]
                    checked += 1
                elif here.isdigit():
                    assert there == here
    assert checked > 500


def test_no_date_and_no_set_of_places_is_in_two_splits():
    seen = []
    for split in translations.SPLITS:
        phrases = make_phrases(3_000, split=split, places=(1, 3), seed=6)
        parsed = [parse(source) for source in phrases.sources]
        seen.append(
            {day for day, *_ in parsed}
            | {frozenset(p) for _, p, *_ in parsed if len(p) > 1}
        )
    assert min(map(len, seen)) > 500
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_a_seed_gives_the_same_phrases_and_a_generator_goes_on():
    assert make_phrases(5, seed=1) == make_phrases(5, seed=1)
    assert make_phrases(5, seed=1) != make_phrases(5, seed=2)
    rng = np.random.default_rng(1)
    assert make_phrases(5, seed=rng) == make_phrases(5, seed=1)
    assert make_phrases(5, seed=rng) != make_phrases(5, seed=1)


@pytest.mark.parametrize(
    "options",
    [
        {"count": 0},
        {"count": True},
        {"count": 1.5},
        {"count": 1, "language": "xx"},
        {"count": 1, "split": "dev"},
        {"count": 1, "places": 3},
        {"count": 1, "places": (0, 3)},
        {"count": 1, "places": (4, 3)},
        {"count": 1, "places": (1, 99)},
        {"count": 1, "places": (1.5, 2)},
    ],
)
def test_wrong_arguments_are_named(options):
    name = list(options)[-1]
    with pytest.raises(ValueError, match=rf"`{name}` must be .*; got"):
        make_phrases(**options)
