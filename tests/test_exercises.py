"""Every checker accepts its solution and names each typical mistake."""

import itertools
import re

import numpy as np
import pytest
import wrong_answers

from attnlib import exercises
from attnlib.exercises import EXERCISES, _core

WRONG = wrong_answers.collect()

CASES = [
    pytest.param(name, answer, message, id=f"{name}-{number}")
    for name, answers in WRONG.items()
    for number, (answer, message) in enumerate(answers)
]


@pytest.fixture(autouse=True)
def same_draws_every_time(monkeypatch):
    """Checkers draw from seeds 0, 1, ...: what passes once passes always."""
    seeds, default_rng = itertools.count(), np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda: default_rng(next(seeds)))


@pytest.fixture(autouse=True)
def solved_in_a_folder_of_its_own(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", exercises.names())
def test_the_solution_is_right_every_time(name):
    for _ in range(20):
        outcome = exercises.check(name, EXERCISES[name].solution)
        assert outcome.status == "right", outcome


@pytest.mark.parametrize("name", exercises.names())
def test_at_least_four_wrong_answers_are_tested(name):
    assert len(WRONG[name]) >= 4


@pytest.mark.parametrize(("name", "answer", "message"), CASES)
def test_a_wrong_answer_is_refused_and_the_mistake_named(name, answer, message):
    for _ in range(30):
        with np.errstate(all="ignore"):
            outcome = exercises.check(name, answer)
        assert outcome.status == "wrong"
        assert re.search(message, outcome.message), outcome


@pytest.mark.parametrize("name", exercises.names())
@pytest.mark.parametrize("answer", [None, ..., lambda *_: None, lambda *_: ...])
def test_nothing_attempted_is_not_an_error(name, answer):
    outcome = exercises.check(name, answer)
    assert outcome.status == "not attempted"
    assert "Not attempted yet" in repr(outcome)


@pytest.mark.parametrize("name", exercises.names())
def test_a_value_instead_of_a_function_is_named(name):
    assert "the function itself" in exercises.check(name, 3.0).message


@pytest.mark.parametrize("name", exercises.names())
def test_hint_and_solution_are_folded(name):
    for folded in (exercises.hint(name), exercises.solution(name)):
        bundle = folded._repr_mimebundle_()
        assert bundle["text/html"].startswith("<details><summary>")
        assert bundle["text/plain"].endswith("(folded)")
        assert folded.text not in bundle["text/plain"]


@pytest.mark.parametrize("name", exercises.names())
def test_what_it_trains_is_one_short_phrase(name):
    trains = EXERCISES[name].trains
    assert 5 <= len(trains) <= 75
    assert trains == trains.strip(" .")
    others = [e.trains for other, e in EXERCISES.items() if other != name]
    assert trains not in others


def test_an_unknown_difficulty_is_refused():
    with pytest.raises(ValueError, match=r"`difficulty` must be .*'core'.*got 'easy'"):
        _core.exercise(
            "a.b", trains="x", difficulty="easy", solution=None, hint="", praise=""
        )


def test_folded_text_is_escaped():
    folded = _core.Folded("Hint", "a < b & c")
    assert "a &lt; b &amp; c" in folded._repr_mimebundle_()["text/html"]


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"`name` must be one of .*got 'softmax'"):
        exercises.check("softmax", None)
