"""The benchmark of review models: a case runs, and every table says what was stored."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from attnlib import results

ROOT = Path(__file__).parent.parent
PATH = ROOT / "benchmarks" / "imdb.py"
CHAPTER = ROOT / "chapters" / "imdb" / "04_baselines.ipynb"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_of_reviews", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stored():
    return results.imdb_results()


@pytest.fixture
def elsewhere(benchmark, monkeypatch, tmp_path):
    """Let the benchmark store in a folder of the test."""
    monkeypatch.setattr(results, "IMDB_FILE", tmp_path / "imdb.json")
    monkeypatch.setattr(benchmark, "MARKDOWN", tmp_path / "imdb.md")
    return tmp_path


def case(row, **changes):
    found = {"row": row, "seed": 0, "most": 60, "settings": [{}]}
    return {**found, "test_source": None, **changes}


def row(**changes):
    found = {
        "reads": "all words",
        "validation": [0.8, 0.9],
        "test": [0.7, 0.8],
        "training_seconds": [1234.5, 1235.5],
        "milliseconds_a_review": [0.5, 1.5],
        "peak_bytes": [1_000_000_000, 2_000_000_000],
        "right": [results.pack([True, False]), results.pack([True, True])],
        "parameters": 12_345,
        "setting": {"rate": 0.01},
        "tried": [{"rate": 0.01, "validation": 0.9}],
        "test_source": "official test split",
        "reviews": {"train": 20_000, "validation": 5_000, "test": 2},
        "date": "2026-11-25",
        "on": "one thread",
    }
    return {**found, **changes}


def test_a_case_runs_in_a_process_of_its_own():
    command = [sys.executable, str(PATH), "--case"]
    counted = case("Word counts", settings=[{"C": 1e-9}, {"C": 1.0}])
    done = subprocess.run(
        [*command, json.dumps(counted)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["reviews"] == {"train": 60, "validation": 60, "test": 60}
    right = results.unpack(found["right"], 60)
    assert found["test"] == pytest.approx(right.mean(), abs=1e-5)
    assert found["parameters"] > 100 and found["training_seconds"] > 0
    assert [one["C"] for one in found["tried"]] == [1e-9, 1.0]
    best = max(found["tried"], key=lambda one: one["validation"])
    assert found["setting"] == {"C": best["C"]}
    assert found["validation"] == best["validation"]


@pytest.mark.parametrize("name", ["Averaged embeddings", "Transformer"])
def test_a_network_is_trained_and_answers(benchmark, name):
    setting = {**benchmark.ROWS[name].settings[0], "epochs": 1}
    found = benchmark.measure(case(name, settings=[setting], most=40))
    assert 0 <= found["test"] <= 1
    assert found["parameters"] > benchmark.NUM_WORDS * benchmark.UNITS


def test_every_setting_is_one_that_the_row_takes(benchmark):
    for entry in benchmark.ROWS.values():
        arguments = entry.fit.__code__.co_varnames[4 : entry.fit.__code__.co_argcount]
        for setting in entry.settings:
            assert set(setting) == set(arguments)


def test_another_test_split_than_the_stored_one_is_refused(benchmark):
    with pytest.raises(SystemExit, match="tested on the split of last year"):
        benchmark.measure(case("Majority class", test_source="split of last year"))


def test_the_choice_of_the_first_seed_holds_for_the_others(benchmark, monkeypatch):
    asked = []

    def run(case):
        asked.append((case["seed"], [one.get("rate") for one in case["settings"]]))
        measured = {key: row()[key][0] for key in benchmark.OF_A_SEED}
        return {**row(), **measured, "setting": case["settings"][-1]}

    monkeypatch.setattr(benchmark, "run", run)
    counts = [
        len(found["test"]) for found in benchmark.benchmark("Transformer", seeds=3)
    ]
    assert counts == [1, 2, 3]
    assert asked == [(0, [0.001, 0.003]), (1, [0.003]), (2, [0.003])]
    assert len(list(benchmark.benchmark("Majority class", seeds=3))) == 1
    asked.clear()
    stored = row(setting={"rate": 0.5})
    (found,) = benchmark.benchmark("Transformer", seeds=3, stored=stored)
    assert asked == [(2, [0.5])]
    assert found["test"] == [0.7, 0.8, 0.7] and found["tried"] == stored["tried"]


def test_a_failed_case_stops_with_the_reason(benchmark):
    with pytest.raises(SystemExit, match=r"(?s)Word counts, seed 0 failed.*TypeError"):
        benchmark.run(case("Word counts", settings=[{"no such": 1}]))


def test_a_row_replaces_itself_and_keeps_the_others(benchmark, elsewhere):
    benchmark.store("Word counts", row())
    benchmark.store("Majority class", row(parameters=0))
    benchmark.store("Word counts", row(parameters=7))
    rows = results.imdb_results()
    assert list(rows) == ["Majority class", "Word counts"]  # the order of the table
    assert [one["parameters"] for one in rows.values()] == [0, 7]
    assert sorted(path.name for path in elsewhere.iterdir()) == ["imdb.json", "imdb.md"]


def test_the_markdown_says_what_was_measured(benchmark):
    text = benchmark.report({"Word counts": row(), "Majority class": row(tried=[])})
    assert (
        "| Word counts | all words | 0.7500 (0.7000 to 0.8000) | 0.8500 | 1,235.0 "
        "| 1.00 | 2,000 | 12,345 | 2 |"
    ) in text
    assert "| Word counts | rate 0.01 | rate 0.01, validation 0.9 |" in text
    assert "tested once on 2 (official test split)" in text


def test_the_stored_table_is_that_of_the_stored_results(benchmark, stored):
    text = (ROOT / "benchmarks" / "imdb.md").read_text("utf-8")
    assert text == benchmark.report(stored)


def test_the_stored_rows_are_those_of_the_benchmark(benchmark, stored):
    assert list(stored) == list(benchmark.ROWS)
    for name, found in stored.items():
        assert found["test_source"] == "official test split"
        assert found["setting"] in benchmark.ROWS[name].settings
        for text, accuracy in zip(found["right"], found["test"], strict=True):
            right = results.unpack(text, found["reviews"]["test"])
            assert right.mean() == pytest.approx(accuracy, abs=1e-5)


def test_the_chapter_shows_the_stored_results(stored):
    book = nbformat.read(CHAPTER, as_version=4)
    texts = [
        output.get("text", "")
        for cell in book.cells
        if "imdb_table(" in cell.source
        for output in cell.outputs
    ]
    shown = {n: row for n, row in stored.items() if None not in row["validation"]}
    assert any(results.imdb_table(shown) in text for text in texts)


def test_the_text_fits_the_page_and_gives_the_range():
    text = results.imdb_table({"Word counts": row(), "Majority class": row(test=[0.5])})
    assert max(map(len, text.splitlines())) <= 76
    assert "0.7500 (0.7000 to 0.8000)" in text and "2,000 MB" in text
    assert "unknown" in results.imdb_table({"x": row(peak_bytes=[None])})


def test_packing_keeps_every_answer():
    right = np.random.default_rng(0).random(1001) < 0.9
    assert (results.unpack(results.pack(right), 1001) == right).all()


def test_a_gain_has_the_error_of_its_differences():
    random = np.random.default_rng(0)
    before, after = random.random((3, 400)) < 0.8, random.random((2, 400)) < 0.9
    gain, error = results.paired_gain(after, before)
    differences = after.mean(axis=0) - before.mean(axis=0)
    assert gain == pytest.approx(after.mean() - before.mean())
    assert error == pytest.approx(np.std(differences) / 20)
    with pytest.raises(ValueError, match="same questions; got 400 and 3 answers"):
        results.paired_gain(after, [1, 0, 1])
