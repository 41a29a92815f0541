"""Time and peak memory of attention, beside the libraries that readers know.

    python benchmarks/attention.py               # the CPU; torch counts if it is there
    python benchmarks/attention.py --device gpu  # Keras on JAX, bfloat16
    python benchmarks/attention.py --lengths 128 2048  # a quick look

Every case runs in a process of its own, so that its peak memory is its own (on Linux);
its time is the best of several calls. The figures are stored as ratios within this one
run in benchmarks/attention.json and attention.md, with a plot in attention.svg.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

from storing import write

FOLDER = Path(__file__).resolve().parent
HEADS, DEPTH = 8, 64
LENGTHS = [128, 512, 2048, 8192, 16384]
# One step's scores take 8 GiB there; forward and backward hold several copies.
LONGEST_WITH_SCORES = 8192
SECONDS_A_CASE, MOST_CALLS = 2, 50
SHORT = 64  # a length at which a call adds little but what compiling takes

# Name: the backend of Keras (None: without Keras), and whether it keeps all scores.
IMPLEMENTATIONS = {
    "attnlib": ("tensorflow", False),
    "keras.ops": ("tensorflow", True),
    "torch": (None, False),
    "jax.nn": (None, True),
    "attnlib layer": ("tensorflow", False),
    "Keras layer": ("tensorflow", True),
}
GPU_IMPLEMENTATIONS = {
    "attnlib": ("jax", False),
    "torch": (None, False),
    "jax.nn": (None, False),
}


def cases(lengths, implementations):
    """List the cases: implementation, length, whether causal, whether backward too."""
    for length in lengths:
        for backward in (False, True):
            for name, (backend, keeps_scores) in implementations.items():
                if keeps_scores and length > LONGEST_WITH_SCORES:
                    continue
                for causal in (False, True):
                    if causal and name not in ("attnlib", "torch"):
                        continue
                    yield {
                        "name": name,
                        "backend": backend,
                        "length": length,
                        "causal": causal,
                        "backward": backward,
                    }


# What runs in the process of a case.


def tensorflow_step(case, function):
    """Compile a function of three tensors with XLA; add its gradient."""
    import tensorflow as tf

    def step(*tensors):
        if not case["backward"]:
            return function(*tensors)
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            total = tf.reduce_sum(function(*tensors) ** 2)
        return tape.gradient(total, tensors)

    return tf.function(step, jit_compile=True), tf.constant, lambda result: result


def jax_step(case, function):
    """Compile a function of three arrays with JAX; add its gradient."""
    import jax

    def total(*arrays):
        return (function(*arrays).astype("float32") ** 2).sum()

    step = jax.grad(total, argnums=(0, 1, 2)) if case["backward"] else function
    return jax.jit(step), jax.numpy.asarray, jax.block_until_ready


def torch_step(case):
    """Call torch's fused kernel on tensors (batch, length, heads, depth)."""
    import torch

    def function(*tensors):
        turned = [x.transpose(1, 2) for x in tensors]
        context = torch.nn.functional.scaled_dot_product_attention(
            *turned, is_causal=case["causal"]
        )
        return context.transpose(1, 2)

    def step(*tensors):
        if not case["backward"]:
            with torch.no_grad():
                return function(*tensors)
        return torch.autograd.grad((function(*tensors).float() ** 2).sum(), tensors)

    device = "cuda" if case["device"] == "gpu" else "cpu"

    def place(array):
        tensor = torch.tensor(array, device=device)
        if case["device"] == "gpu":
            tensor = tensor.bfloat16()
        return tensor.requires_grad_(case["backward"])

    def wait(result):
        if case["device"] == "gpu":
            torch.cuda.synchronize()
        return result

    return step, place, wait


def make_step(case):
    """Return the step, what makes a tensor of an array, and what waits for it."""
    name, causal = case["name"], case["causal"]
    if name == "torch":
        return torch_step(case)
    if name == "jax.nn":
        import jax

        implementation = "cudnn" if case["device"] == "gpu" else None
        return jax_step(
            case,
            lambda *arrays: jax.nn.dot_product_attention(
                *arrays, is_causal=causal, implementation=implementation
            ),
        )
    os.environ["KERAS_BACKEND"] = case["backend"]
    import keras

    from attnlib.functional import MANY_SCORES, attention
    from attnlib.layers import MultiHeadAttention

    in_blocks = HEADS * case["length"] ** 2 > MANY_SCORES

    def ours(*tensors):
        # A short call is only for what compiling takes: it must have the same loops.
        length = tensors[0].shape[1]
        blocks = SHORT // 2 if length < case["length"] and in_blocks else None
        return attention(
            *tensors, is_causal=causal, return_weights=False, block_size=blocks
        )

    if case["backend"] == "jax":
        return jax_step(case, ours)
    if name == "attnlib":
        return tensorflow_step(case, ours)
    if name == "keras.ops":
        return tensorflow_step(case, keras.ops.dot_product_attention)
    return tensorflow_step(case, layer(keras, MultiHeadAttention, name))


def layer(keras, ours, name):
    """Self-attention of the first tensor, all four projections included."""
    kind = ours if name == "attnlib layer" else keras.layers.MultiHeadAttention
    made = kind(num_heads=HEADS, key_dim=DEPTH)
    shape = (1, None, HEADS * DEPTH)
    made.build(shape, shape)

    def function(tokens, *unused):
        tokens = keras.ops.reshape(tokens, (1, -1, HEADS * DEPTH))
        # The others appear so that each tensor has a gradient, as elsewhere.
        return made(tokens, tokens) + sum(keras.ops.sum(x) for x in unused)

    return function


def measure(case):
    """Run one case; return seconds a call, and the bytes that a call adds."""
    import numpy as np

    step, place, wait = make_step(case)
    rng = np.random.default_rng(0)
    on_cpu = case["device"] == "cpu"

    def make_call(length):
        shape = (1, length, HEADS, DEPTH)
        tensors = [place(rng.normal(size=shape).astype("float32")) for _ in range(3)]
        if not on_cpu and case["name"] != "torch":
            tensors = [x.astype("bfloat16") for x in tensors]
        return lambda: wait(step(*tensors))

    call = make_call(case["length"])
    peak = None
    if on_cpu:
        make_call(SHORT)()  # loads what the libraries load once
        compiling = added_bytes(make_call(SHORT + 1))
        peak = max(added_bytes(call) - compiling, 0)
    call()
    best, spent, calls = math.inf, 0.0, 0
    while calls < MOST_CALLS and (spent < SECONDS_A_CASE or calls < 2):
        start = time.perf_counter()
        call()
        seconds = time.perf_counter() - start
        best, spent, calls = min(best, seconds), spent + seconds, calls + 1
    return {"seconds": best, "bytes": peak}


def added_bytes(call):
    """Bytes of memory that a first call adds at its peak, its results included.

    A later call would not show it: TensorFlow keeps the memory of a compiled function.
    """
    import ctypes

    def read(field):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"/proc/self/status has no {field}")

    ctypes.CDLL(None).malloc_trim(0)  # give back what earlier calls have freed
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = read("VmRSS")
    result = call()
    added = read("VmHWM") - before
    del result
    return added


# What runs in the first process.


def run(case):
    """Measure a case in a process of its own; None where it cannot run."""
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"  {case['name']} at {case['length']:,}: {last}", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def benchmark(lengths, device):
    """Measure all cases; say each as soon as it is known."""
    implementations = IMPLEMENTATIONS if device == "cpu" else GPU_IMPLEMENTATIONS
    rows = []
    for case in cases(lengths, implementations):
        case["device"] = device
        result = run(case)
        if result is None:
            continue
        rows.append({**case, **result})
        print(
            f"{case['name']:<14} {case['length']:>6,} "
            f"{'causal' if case['causal'] else '':<6} "
            f"{'forward + backward' if case['backward'] else 'forward':<18} "
            f"{1e3 * result['seconds']:>10.2f} ms {megabytes(result['bytes'])}",
            flush=True,
        )
    return rows


def megabytes(count):
    """Write a number of bytes in MB, or a dash where it was not measured."""
    return "-" if count is None else f"{count / 1e6:,.0f} MB"


def table(rows, lengths):
    """Write the results as Markdown tables, times as ratios to attnlib's."""
    lines = []
    for backward in (False, True):
        title = "Forward and backward" if backward else "Forward"
        lines += [f"### {title}", ""]
        kinds = []
        for row in rows:
            kind = (row["name"], row["causal"])
            if row["backward"] == backward and kind not in kinds:
                kinds.append(kind)
        heads = [f"{name}, causal" if causal else name for name, causal in kinds]
        lines.append("| Length | " + " | ".join(heads) + " |")
        lines.append("| ---: |" + " ---: |" * len(heads))
        for length in lengths:
            cells = [
                cell(rows, name, length, causal, backward) for name, causal in kinds
            ]
            lines.append(f"| {length:,} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def cell(rows, name, length, causal, backward):
    """Write one case: its time (as a ratio, but for attnlib's own) and its memory."""
    reference = "attnlib layer" if "layer" in name else "attnlib"
    ours = find(rows, reference, length, False, backward)
    row = find(rows, name, length, causal, backward)
    if row is None:
        return "not run"
    if row is ours or ours is None:
        return f"{1e3 * row['seconds']:,.1f} ms, {megabytes(row['bytes'])}"
    return f"{row['seconds'] / ours['seconds']:.2f} x, {megabytes(row['bytes'])}"


def find(rows, name, length, causal, backward):
    """Find the row of a case, or None."""
    for row in rows:
        if (row["name"], row["length"], row["causal"], row["backward"]) == (
            name,
            length,
            causal,
            backward,
        ):
            return row
    return None


def plot(rows, lengths, path):
    """Plot time and peak memory against the length, forward and backward together."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    markers = iter("osD^vP")
    for name in dict.fromkeys(row["name"] for row in rows):
        found = [find(rows, name, length, False, True) for length in lengths]
        found = [row for row in found if row]
        marker = next(markers)
        x = [row["length"] for row in found]
        axes[0].plot(x, [row["seconds"] for row in found], marker=marker, label=name)
        if all(row["bytes"] is not None for row in found):
            axes[1].plot(x, [row["bytes"] / 1e6 for row in found], marker=marker)
    for ax, title in zip(axes, ("seconds a call", "peak memory, MB"), strict=True):
        ax.set(xscale="log", yscale="log", xlabel="length", title=title)
        ax.grid(alpha=0.3)
    axes[0].legend(frameon=False)
    figure.suptitle("Attention, forward and backward: 8 heads of 64, batch 1")
    figure.savefig(path, metadata={"Date": None})


def describe(device):
    """Say what the benchmark ran on and with."""
    versions = []
    for package in ("keras", "tensorflow-cpu", "tensorflow", "jax", "torch"):
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    machine = f"{os.cpu_count()} CPU cores ({platform.machine()})"
    if device == "gpu":
        import jax

        machine = str(jax.devices()[0].device_kind)
    return f"{machine}, Python {platform.python_version()}, " + ", ".join(versions)


def main():
    """Run the benchmark and store what it found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure(arguments.case)))
        return
    rows = benchmark(arguments.lengths, arguments.device)
    stem = "attention" if arguments.device == "cpu" else "attention_gpu"
    run_on = describe(arguments.device)
    result = {"on": run_on, "heads": HEADS, "depth": DEPTH, "rows": rows}
    write(FOLDER / f"{stem}.json", json.dumps(result, indent=1) + "\n")
    header = (
        "# Attention: time and peak memory\n\n"
        f"`python benchmarks/attention.py --device {arguments.device}`: batch 1, "
        f"{HEADS} heads of {DEPTH}, "
        f"{'float32' if arguments.device == 'cpu' else 'bfloat16'}; {run_on}.\n\n"
        "The column of attnlib gives milliseconds, every other one its time as a "
        "multiple of attnlib's at that length (above 1: attnlib is faster). The memory "
        "is what a first call adds at its peak, less what one adds at a short length. "
        "The layers include their projections; "
        f"what keeps all scores is not run beyond {LONGEST_WITH_SCORES:,}.\n\n"
    )
    write(FOLDER / f"{stem}.md", header + table(rows, arguments.lengths))
    plot(rows, arguments.lengths, FOLDER / f"{stem}.svg")


if __name__ == "__main__":
    main()
