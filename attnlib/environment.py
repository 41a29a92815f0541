"""What a chapter runs on, in one line."""

import importlib.metadata
import platform

import keras


def describe() -> str:
    """Name the versions and the device that computations run on.

    >>> describe().startswith("Python 3.")
    True
    """
    backend = keras.backend.backend()
    package = {"tensorflow": ("tensorflow", "tensorflow-cpu")}.get(backend, (backend,))
    devices = keras.distribution.list_devices()
    kinds = {device.split(":")[0].upper() for device in devices}
    device = "GPU" if {"GPU", "CUDA"} & kinds else ", ".join(sorted(kinds))
    return (
        f"Python {platform.python_version()} · Keras {keras.__version__} on {backend} "
        f"{_version(package)} · attnlib {_version(('attnlib',))} · {device}"
    )


def _version(names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "(version unknown)"
