"""The benchmarks: their cases run, and what is stored is what was measured."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attnlib.data import Imdb, Split

PATH = Path(__file__).parent.parent / "benchmarks" / "attention.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_of_attention", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(name, length, seconds, **changes):
    found = {"name": name, "length": length, "seconds": seconds, "bytes": 2_000_000}
    return {**found, "causal": False, "backward": False, **changes}


def test_a_case_runs_in_a_process_of_its_own():
    case = {"name": "attnlib", "backend": "tensorflow", "length": 32}
    case |= {"causal": True, "backward": True, "device": "cpu"}
    command = [sys.executable, str(PATH), "--case", json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert 0 < found["seconds"] < 10 and found["bytes"] >= 0


def test_a_case_that_cannot_run_is_left_out(benchmark, capsys):
    case = {"name": "attnlib", "backend": "no such backend", "length": 32}
    case |= {"causal": False, "backward": False, "device": "cpu"}
    assert benchmark.run(case) is None
    assert "attnlib at 32: ValueError" in capsys.readouterr().err


def test_what_keeps_all_scores_is_not_run_at_the_longest_lengths(benchmark):
    cases = list(benchmark.cases([8192, 16384], benchmark.IMPLEMENTATIONS))
    longest = {case["name"] for case in cases if case["length"] == 16384}
    assert longest == {"attnlib", "torch", "attnlib layer"}
    assert {case["name"] for case in cases} == set(benchmark.IMPLEMENTATIONS)


def test_the_table_gives_ratios_to_the_same_kind_at_the_same_length(benchmark):
    rows = [row("attnlib", 128, 0.002), row("torch", 128, 0.003),
            row("torch", 128, 0.001, causal=True), row("torch", 256, 0.5),
            row("attnlib layer", 128, 0.01), row("Keras layer", 128, 0.02)]  # fmt: skip
    text = benchmark.table(rows, [128, 256])
    lines = [line for line in text.splitlines() if line.startswith("| 1")]
    assert lines[0] == (
        "| 128 | 2.0 ms, 2 MB | 1.50 x, 2 MB | 0.50 x, 2 MB | 10.0 ms, 2 MB "
        "| 2.00 x, 2 MB |"
    )
    assert "| 256 | not run | 500.0 ms, 2 MB | not run |" in text


def test_the_stored_results_are_those_of_the_stored_table(benchmark):
    stored = json.loads((PATH.parent / "attention.json").read_text("utf-8"))
    lengths = sorted({row["length"] for row in stored["rows"]})
    table = (PATH.parent / "attention.md").read_text("utf-8")
    assert benchmark.table(stored["rows"], lengths) in table
    assert stored["on"] in table


@pytest.fixture(scope="module")
def article_model():
    path = PATH.with_name("article_model.py")
    spec = importlib.util.spec_from_file_location("benchmark_of_the_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tiny(article_model, monkeypatch, tmp_path):
    """Small settings, twelve short reviews, and a file of the test's own."""
    settings = article_model.Settings(
        vocab_size=20, d_model=8, num_heads=2, key_dim=8, max_len=5, epochs=2,
        batch_size=4,
    )  # fmt: skip
    split = Split(["good film", "bad film"] * 6, np.array([1, 0] * 6, "int32"))
    reviews = Imdb(
        split, split, split, {"film": 1, "good": 2, "bad": 3}, "none", "none", 0, 0
    )
    monkeypatch.setattr(article_model, "PATH", tmp_path / "row.json")
    monkeypatch.setattr(article_model, "SEEDS", 2)
    monkeypatch.setattr(article_model, "Settings", lambda: settings)
    monkeypatch.setattr(article_model, "load_imdb", lambda: reviews)
    return article_model


def on(monkeypatch, benchmark, device):
    monkeypatch.setattr(benchmark.environment, "describe", lambda: f"Here · {device}")
    benchmark.main()
    return json.loads(benchmark.PATH.read_text("utf-8"))


def test_the_model_is_built_at_the_printed_size(article_model):
    model = article_model.build(article_model.Settings())
    assert model.count_params() == 13_784_577  # as in the chapter's table
    assert model.output_shape == (None, 1)


def test_with_a_gpu_the_row_holds_every_epoch_of_every_seed(tiny, monkeypatch):
    row = on(monkeypatch, tiny, "GPU")
    assert (row["status"], row["on"]) == ("measured", "Here · GPU")
    assert row["settings"]["d_model"] == 8 and row["validation"] == 12
    assert len(row["runs"]) == 2
    for run in row["runs"]:
        for figure in ("loss", "accuracy", "val_loss", "val_accuracy"):
            assert len(run[figure]) == 2 and np.isfinite(run[figure]).all()
    assert len({run["val_loss"][0] for run in row["runs"]}) == 2


def test_without_a_gpu_the_row_says_why_and_replaces_no_measured_one(tiny, monkeypatch):
    row = on(monkeypatch, tiny, "CPU")
    assert row["status"] == "not run" and "no GPU" in row["why"]
    measured = {"status": "measured", "on": "Elsewhere · GPU"}
    tiny.store(measured)
    assert on(monkeypatch, tiny, "CPU") == measured


def test_the_stored_row_is_of_the_printed_settings(article_model):
    row = json.loads(PATH.with_name("article_model.json").read_text("utf-8"))
    printed = article_model.Settings()
    assert row["settings"] == article_model.asdict(printed)
    assert row["status"] == "not run" or len(row["runs"][0]["loss"]) == printed.epochs
