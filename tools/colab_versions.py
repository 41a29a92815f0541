"""Bring tests/colab.txt up to date with a checkout of googlecolab/backend-info.

    python tools/colab_versions.py ../backend-info

Needs nothing beside Python and git.
"""

import re
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).resolve().parent.parent / "tests" / "colab.txt"
# Colab's package and what stands in for it; packages that are not Colab's.
STAND_INS = {"tensorflow-cpu": "tensorflow"}
OUR_OWN = {"jedi"}


def normal(name):
    """Return a package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def renew(pins, freeze, python, commit):
    """Return the text of the pins with Colab's versions, Python and commit.

    Args:
        pins: the text of tests/colab.txt.
        freeze: the text of pip-freeze.txt.
        python: such as "3.13.15".
        commit: such as "a724079 (2026-08-19)".

    Raises:
        ValueError: Colab does not ship a package that the pins name.
    """
    rows = re.findall(r"^([\w.-]+)==(\S+)$", freeze, re.MULTILINE)
    shipped = {normal(name): version for name, version in rows}

    def pin(match):
        name = match[1]
        if name in OUR_OWN:
            return match[0]
        if (shipped_as := STAND_INS.get(name, name)) not in shipped:
            raise ValueError(
                f"pip-freeze.txt has no {shipped_as}; tests/colab.txt names it. "
                "Take it out there, or list it in OUR_OWN."
            )
        return f"{name}=={shipped[shipped_as]}"

    pins = re.sub(r"^([\w.-]+)==\S+$", pin, pins, flags=re.MULTILINE)
    pins = re.sub(r"^# Python .*", f"# Python {python}", pins, flags=re.MULTILINE)
    return re.sub(r"^# Commit: .*", f"# Commit: {commit}", pins, flags=re.MULTILINE)


def main(checkout):
    """Renew the file."""
    log = ["git", "-C", checkout, "log", "-1", "--date=short", "--format=%H (%cd)"]
    commit = subprocess.run(log, check=True, text=True, stdout=subprocess.PIPE).stdout
    system = Path(checkout, "os-info.txt").read_text("utf-8")
    python = re.search(r"^Python (\S+)", system, re.MULTILINE)[1]
    freeze = Path(checkout, "pip-freeze.txt").read_text("utf-8")
    temporary = PINS.with_suffix(".txt.new")
    temporary.write_text(
        renew(PINS.read_text("utf-8"), freeze, python, commit.strip()), "utf-8"
    )
    temporary.replace(PINS)


if __name__ == "__main__":
    main(sys.argv[1])
