"""Judging reviews: no label leaks, and a clear word where there is no verdict."""

import io
import sys

import keras
import numpy as np
import pytest

from attnlib import sentiment
from attnlib.ngrams import NgramVocabulary, review_counts
from attnlib.sentiment import SentimentModel, cross_fitted_evidence, evidence

PRAISE = ["a great film", "great fun", "a film of great charm", "fun and great"]
BLAME = ["a dull film", "dull and long", "a film of dull charm", "long and dull"]
TEXTS, LABELS = (PRAISE + BLAME) * 8, np.array(([1] * 4 + [0] * 4) * 8)


@pytest.fixture(scope="module")
def model():
    return SentimentModel.fit(TEXTS, LABELS, max_n=2, epochs=30)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "sentiment"
    model.save(path)
    return path


def test_a_label_does_not_enter_the_evidence_of_its_own_text():
    grams = NgramVocabulary(TEXTS, 2).encode(TEXTS)
    turned = LABELS.copy()
    turned[0] = 1 - turned[0]
    one, two = (
        cross_fitted_evidence(grams, labels, 99, seed=1) for labels in (LABELS, turned)
    )
    np.testing.assert_array_equal(one[0], two[0])
    assert any((a != b).any() for a, b in zip(one[1:], two[1:], strict=True))
    whole = [evidence(grams, review_counts(grams, y, 99))[0] for y in (LABELS, turned)]
    assert (whole[0] != whole[1]).any()  # the plain count does leak


def test_it_learns_and_new_texts_get_the_verdict_of_their_words(model):
    assert ((model.log_odds(TEXTS) > 0) == LABELS).all()
    assert (model.log_odds(["great charm", "dull charm"]) > 0).tolist() == [True, False]


def test_a_verdict_does_not_depend_on_the_company_of_the_text(model):
    alone = [model.log_odds([text])[0] for text in TEXTS[:8]]
    np.testing.assert_allclose(alone, model.log_odds(TEXTS[:8]), rtol=1e-3, atol=1e-4)
    assert np.isfinite(model.log_odds(["", "great"])).all()
    assert np.isfinite(model.log_odds([""])).all() and len(model.log_odds([])) == 0


def test_reasons_are_what_removal_does(model):
    text = "a film of great charm"
    (word, effect, place), *_ = model.reasons(text)
    assert (word, place) == ("great", 3) and effect > 0
    without = "a film of charm"
    difference = np.subtract(*model.log_odds([text, without]))
    np.testing.assert_allclose(effect, difference, rtol=1e-3)
    assert model.reasons("") == []


def test_a_loaded_model_gives_the_same_answers(model, folder):
    again = SentimentModel.load(folder)
    np.testing.assert_allclose(
        model.log_odds(TEXTS[:8]), again.log_odds(TEXTS[:8]), rtol=1e-5
    )


def test_the_optimizer_is_not_saved(model, folder, tmp_path):
    assert model.network.optimizer.variables  # it still has a state in memory
    model.network.save(tmp_path / "with_optimizer.keras")
    small, large = (
        path.stat().st_size
        for path in (folder / "network.keras", tmp_path / "with_optimizer.keras")
    )
    assert large - small > 2 * 4 * model.network.count_params()
    assert not keras.models.load_model(folder / "network.keras").compiled


def test_saving_replaces_the_whole_folder_and_leaves_nothing_beside_it(model, tmp_path):
    path = tmp_path / "model"
    model.save(path)
    model.save(path)
    assert [found.name for found in tmp_path.iterdir()] == ["model"]
    SentimentModel.load(path)


def test_a_failed_save_leaves_the_old_model(model, tmp_path, monkeypatch):
    path = tmp_path / "model"
    model.save(path)

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        model.save(path)
    assert [found.name for found in tmp_path.iterdir()] == ["model"]
    SentimentModel.load(path)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ValueError, match="`folder` holds no readable model"):
        SentimentModel.load(tmp_path)


def run(folder, *arguments):
    return sentiment.main(["--model", str(folder), *arguments])


def test_the_command_prints_verdict_probability_and_words(folder, capsys):
    assert run(folder, "great fun") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("positive, probability") and "great (+" in printed


def test_the_command_reads_a_file_and_standard_input(
    folder, capsys, tmp_path, monkeypatch
):
    (tmp_path / "review.txt").write_text("dull and long", "utf-8")
    assert run(folder, "--file", str(tmp_path / "review.txt")) == 0
    assert capsys.readouterr().out.startswith("negative")
    stream = io.TextIOWrapper(io.BytesIO(b"great fun"), "utf-8")
    monkeypatch.setattr(sys, "stdin", stream)
    assert run(folder) == 0
    assert capsys.readouterr().out.startswith("positive")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "No verdict: the text holds no words"),
        ("?!", "No verdict: the text holds no words"),
        ("10/10", "No verdict: the text holds no words"),
        ("der Film war sehr schlecht", "No verdict: this does not look like an Engl"),
        ("charm dull great", "No verdict: this does not look like an English"),
        ("scheusslich", "No verdict: this does not look like an English film"),
        ("great fun " * 600, "read: the last 1,000 of 1,200 words"),
    ],
)
def test_input_without_a_clear_verdict_gets_a_clear_answer(
    folder, capsys, text, answer
):
    status = run(folder, text)
    assert answer in capsys.readouterr().out
    assert status == (2 if answer.startswith("No") else 0)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("a great film", 1.0),
        ("a great film, dull film", 1.0),  # "film, dull" is no pair
        ("a great dull film", 2 / 3),
        ("great!", 1.0),  # no pairs: words
        ("great, scheusslich", 0.5),
        ("a 10 great", 1.0),
        ("10", 0.0),
        ("", 0.0),
    ],
)
def test_familiar_are_the_pairs_of_words_that_training_has(model, text, share):
    np.testing.assert_allclose(model.familiar_share(text), share)


def test_without_pairs_in_the_vocabulary_words_must_do():
    model = SentimentModel.fit(TEXTS, LABELS, max_n=1, epochs=1)
    assert model.familiar_share("great dull scheusslich fun") == 0.75


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.txt", "No such file"),
        ("latin.txt", "'utf-8' codec can't decode"),
        ("huge.txt", "more than 10,000,000 bytes; give one review"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(folder, capsys, tmp_path, name, reason):
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "huge.txt").write_bytes(b"fun " * 2_500_001)
    with pytest.raises(SystemExit):
        run(folder, "--file", str(tmp_path / name))
    printed = capsys.readouterr().err
    assert "cannot read the text" in printed and reason in printed


def test_a_long_text_is_judged_by_its_end_alone(folder, capsys):
    assert run(folder, "dull and long. " * 900 + "great fun. " * 340) == 0
    assert capsys.readouterr().out.startswith("positive")
    assert run(folder, "great fun. " * 900 + "der Film war schlecht. " * 200) == 2


@pytest.mark.parametrize("folds", [1, 9])
def test_folds_that_do_not_fit_are_named(folds):
    with pytest.raises(ValueError, match="`folds` must be from 2 to the number"):
        cross_fitted_evidence([np.array([[2]])] * 8, [0, 1] * 4, 3, folds=folds)
