"""Files that come with a package: found without its import, trusted once they match."""

import gzip
import hashlib
import io
import lzma
import zlib
from pathlib import Path
from typing import Any, TypeAlias

from attnlib.data._sources import DataError, find_package

Table: TypeAlias = Any  # a pandas DataFrame, which comes without types


def find_file(module: str, path: str, package: str | None = None) -> Path:
    """Give the path of a file in an installed package, which is not imported.

    Args:
        module: the package's name in an import.
        path: the file, from the module's folder.
        package: the name to install it by, where that is another one.

    Raises:
        DataError: the package is not installed.
    """
    folder = find_package(module)
    if folder is None:
        package = package or module
        raise DataError(
            f"{path} was not found: the package {package} is not installed. Install "
            f"{package}."
        )
    return folder / path


def read_file(path: Path, sha256: str, package: str) -> bytes:
    """Read a file of a package and check every byte; unpack it if it ends in .gz.

    Args:
        path: where it is.
        sha256: the SHA-256 of its (unpacked) content, in hexadecimal digits.
        package: the name to install the package by; an exact version may stand in it.

    Raises:
        DataError: the file is missing, damaged or another one.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read: {error!r}. Install {package} again."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(
            f"{path} is not the expected file: its content has SHA-256 {found}; "
            f"expected {sha256}. Install {package} again, or another version of it."
        )
    return content


def read_pickled_table(path: Path, sha256: str, package: str) -> Table:
    """Read a compressed pickle of a pandas DataFrame, once every byte is checked.

    A pickle can run code, so none but the expected one is opened.

    Raises:
        DataError: as in `read_file`; or the installed pandas cannot read the table.
    """
    content = read_file(path, sha256, package)
    import pandas as pd  # here, because its import takes long

    try:
        return pd.read_pickle(io.BytesIO(lzma.decompress(content)), compression=None)
    except Exception as error:  # unpickling may raise anything
        raise DataError(
            f"{path} is the expected file, but pandas {pd.__version__} cannot read it: "
            f"{error!r}. Install another version of pandas, 2.2 or later."
        ) from error
