"""What a chapter runs on: in one line for the reader, and as a record to store."""

import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np


def describe() -> str:
    """Name the versions and the device that computations run on.

    >>> describe().startswith("Python 3.")
    True
    """
    backend = keras.backend.backend()
    version = versions()
    return (
        f"Python {version['python']} · Keras {version['keras']} on {backend} "
        f"{version[backend]} · attnlib {version['attnlib']} · {device()}"
    )


def record() -> dict[str, Any]:
    """Return what this process runs on and the most memory that it has held so far.

    Returns:
        A dict for JSON: `device`, `cores` that the process may use, `peak_mib` (main
        memory in MiB; None where the system does not say), `backend` and `versions`.

    >>> sorted(record())
    ['backend', 'cores', 'device', 'peak_mib', 'versions']
    """
    return {
        "device": device(),
        "cores": cores(),
        "peak_mib": peak_mib(),
        "backend": keras.backend.backend(),
        "versions": versions(),
    }


def device() -> str:
    """Name the kind of device that Keras computes on.

    >>> device() in ("CPU", "GPU")
    True
    """
    kinds = {name.split(":")[0].upper() for name in keras.distribution.list_devices()}
    return "GPU" if {"GPU", "CUDA"} & kinds else ", ".join(sorted(kinds))


def cores() -> int | None:
    """Count the processor cores that this process may use.

    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def peak_mib() -> int | None:
    """Return the most main memory that this process has held, in MiB.

    It is Linux's "high water mark" of this process alone. `resource.getrusage` would
    start from what the parent process held before this one. None on other systems.
    """
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        return None
    mark = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return round(int(mark[1]) / 1024) if mark else None


def versions() -> dict[str, str]:
    """Return the versions of what decides a chapter's figures and their cost.

    >>> sorted(versions())[0]
    'attnlib'
    """
    backend = keras.backend.backend()
    package = {"tensorflow": ("tensorflow", "tensorflow-cpu")}.get(backend, (backend,))
    return {
        "python": platform.python_version(),
        "keras": keras.__version__,
        backend: _version(package),
        "numpy": np.__version__,
        "attnlib": _version(("attnlib",)),
    }


def _version(names: Iterable[str]) -> str:
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "(version unknown)"
