"""What `check` records, what `progress` shows, and that neither does harm."""

import json
import re
from datetime import date
from pathlib import Path

import pytest

from attnlib import exercises
from attnlib.exercises import EXERCISES, _progress

ROOT = Path(__file__).parent.parent
FILE = Path(".attnlib-progress.json")
NAME = "self_attention.softmax"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_progress, "_told", set())
    return tmp_path


def solve(name=NAME):
    exercises.names()
    outcome = exercises.check(name, EXERCISES[name].solution)
    assert outcome.status == "right"


def test_only_what_is_right_is_recorded(folder):
    exercises.check(NAME, None)
    exercises.check(NAME, lambda scores: scores)
    assert list(folder.iterdir()) == []
    solve()
    assert list(folder.iterdir()) == [folder / FILE]
    assert json.loads(FILE.read_text()) == {NAME: date.today().isoformat()}


def test_the_first_day_stays():
    FILE.write_text(json.dumps({NAME: "2020-02-02"}))
    solve()
    solve("weather.pinball")
    assert exercises.progress().solved == {
        NAME: "2020-02-02",
        "weather.pinball": date.today().isoformat(),
    }


def test_an_exercise_that_is_no_more_stays_in_the_file_and_is_not_shown():
    FILE.write_text(json.dumps({"gone.exercise": "2020-02-02"}))
    solve()
    assert set(json.loads(FILE.read_text())) == {"gone.exercise", NAME}
    assert set(exercises.progress().solved) == {NAME}


def test_the_text_lists_the_chapters_begun_in_their_order():
    FILE.write_text(json.dumps({NAME: "2020-02-02"}))
    summary, *lines = repr(exercises.progress()).split("\n")
    assert summary.startswith(f"1 of the book's {len(EXERCISES)} exercises solved")
    assert summary.endswith("in this folder, in 1 chapter.")
    assert lines[0].startswith(f"solved 2020-02-02  {NAME} (warm-up): softmax over")
    chapter = [name for name in EXERCISES if name.startswith("self_attention.")]
    assert [re.search(r"self_attention\.\w+", line)[0] for line in lines] == chapter
    assert all(line.startswith("open ") for line in lines[1:])


def test_a_notebook_gets_a_table_and_the_text():
    solve()
    bundle = exercises.progress()._repr_mimebundle_()
    assert bundle["text/plain"] == repr(exercises.progress())
    table = bundle["text/html"]
    assert table.count("<tr>") == 7
    assert f'<th scope="row">{NAME}</th><td>warm-up</td>' in table


def test_reset_begins_anew():
    solve()
    assert exercises.progress(reset=True).solved == {}
    assert not FILE.exists()
    assert "No exercise solved" in repr(exercises.progress(reset=True))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', "\xff"])
def test_a_damaged_file_is_kept_and_named_once(text, capsys):
    FILE.write_bytes(text.encode("latin-1"))
    solve()
    solve()
    told = capsys.readouterr().out
    assert told.count("not recorded: .attnlib-progress.json is damaged") == 1
    assert FILE.read_bytes() == text.encode("latin-1")
    with pytest.raises(ValueError, match=r"damaged.*progress\(reset=True\)"):
        exercises.progress()
    assert exercises.progress(reset=True).solved == {}
    solve()
    assert set(exercises.progress().solved) == {NAME}


def test_a_folder_that_cannot_be_written_breaks_nothing(folder, capsys, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_progress.os, "replace", refuse)
    solve()
    solve()
    assert capsys.readouterr().out.count("not recorded: [Errno 13]") == 1
    assert list(folder.iterdir()) == []


def test_the_file_is_readable_by_a_person_and_ignored_by_git():
    solve()
    assert FILE.read_text() == f'{{\n "{NAME}": "{date.today()}"\n}}\n'
    assert f"{FILE}*" in (ROOT / ".gitignore").read_text().split("\n")
