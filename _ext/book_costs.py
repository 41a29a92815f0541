"""What the stored runs of the chapters cost, from the notebooks' own metadata."""

from collections import Counter

from book_chapters import NOT_MEASURED, ChapterDirective, by_part, duration, table

DEVICES = ("CPU", "GPU")


def memory(mib: int | None) -> str:
    """Write an amount of memory.

    Example:
        >>> memory(812), memory(1536), memory(None)
        ('812 MiB', '1.5 GiB', 'not measured')
    """
    if mib is None:
        return NOT_MEASURED
    return f"{mib} MiB" if mib < 1000 else f"{mib / 1024:.1f} GiB"


def versions(run: dict) -> str:
    """Name the versions of a run in one line.

    Example:
        >>> versions({"backend": "jax", "versions": {"keras": "3.15", "jax": "0.10",
        ...           "python": "3.12", "numpy": "2.4", "attnlib": "0.1"}})
        'Python 3.12, Keras 3.15 on jax 0.10, NumPy 2.4, attnlib 0.1'
    """
    if "versions" not in run:
        return NOT_MEASURED
    known, backend = run["versions"], run["backend"]
    return (
        f"Python {known['python']}, Keras {known['keras']} on {backend} "
        f"{known[backend]}, NumPy {known['numpy']}, attnlib {known['attnlib']}"
    )


def where(run: dict) -> str:
    """Name the device and the number of cores.

    Example:
        >>> where({"device": "CPU", "cores": 2}), where({})
        ('CPU, 2 cores', 'not measured')
    """
    if "device" not in run:
        return NOT_MEASURED
    cores = run["cores"]
    return f"{run['device']}, {cores} {'core' if cores == 1 else 'cores'}"


def totals(runs: list[dict]) -> list[list[str]]:
    """Add up the runs on each device.

    Example:
        >>> totals([{"device": "CPU", "seconds": 30, "peak_mib": 700}])[0]
        ['CPU', '1', '30 s', '700 MiB']
        >>> totals([])[1]
        ['GPU', '0', 'not measured', 'not measured']
    """
    devices = [*DEVICES, *sorted({run["device"] for run in runs if "device" in run})]
    if any("device" not in run for run in runs):
        devices.append(None)
    rows = []
    for device in dict.fromkeys(devices):
        here = [run for run in runs if run.get("device") == device]
        seconds = [run["seconds"] for run in here if "seconds" in run]
        peaks = [run["peak_mib"] for run in here if run.get("peak_mib") is not None]
        rows.append(
            [
                device or "not recorded",
                str(len(here)),
                duration(sum(seconds) if seconds else None),
                memory(max(peaks, default=None)),
            ]
        )
    return rows


class RunCosts(ChapterDirective):
    """The directive `run-costs`: totals, a table for each part, versions."""

    def write(self, book):
        """Write what the chapters' last runs recorded."""
        lines = table(
            ["Device", "Chapters", "Time in all", "Largest peak memory"],
            totals([chapter.run for chapter in book]),
        )
        for part, group in by_part(book).items():
            lines += [f"## {part}", ""]
            lines += table(
                ["Chapter", "Time", "Peak memory", "Run on", "Date"],
                [
                    [
                        chapter.link,
                        duration(chapter.run.get("seconds")),
                        memory(chapter.run.get("peak_mib")),
                        where(chapter.run),
                        chapter.run.get("date", NOT_MEASURED),
                    ]
                    for chapter in group
                ],
            )
        counts = Counter(versions(chapter.run) for chapter in book)
        lines += ["## Versions", ""]
        return lines + table(
            ["Versions", "Chapters"],
            [[text, str(count)] for text, count in counts.most_common()],
        )


def setup(app):
    """Register the directive."""
    app.add_directive("run-costs", RunCosts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
