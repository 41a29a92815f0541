"""The benchmark of attention: its cases run, and its tables say what was measured."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

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
