"""Run every test: the ones that need no browser in two processes, and the browser's beside them in one of their own.

Playwright keeps an event loop of its own running, which no other asynchronous test survives; hence two runs. Both
wait a lot, for a screen or for a process, so they share the machine; what the second prints comes after the first.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
NO_TESTS_RAN = 5  # pytest's exit code
# Where there is one: thousands of databases need not reach a disk.
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
MEMORY_BYTES_MIN = 4 * 1024**3


def main() -> int:
    """Run both, say how many tests ran where, and return the exit code for the shell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.epilog = "Anything else goes to pytest."
    parser.add_argument("--deep", action="store_true", help="include the tests marked deep")
    known, more = parser.parse_known_args()
    deep = known.deep
    runs = {
        "without a browser": [
            "-n",
            "2",
            "--dist",
            "worksteal",
            "-m",
            "not browser" if deep else "not browser and not deep",
        ],
        # Only its own folder is imported, unless the command line names others.
        "in a browser": [
            "--override-ini",
            "testpaths=tests/browser",
            "-m",
            "browser" if deep else "browser and not deep",
        ],
    }
    total = Counter[str]()
    lines = []
    failed = False
    begun = [
        _Run(name, [*words, *more], is_shown=place == 0) for place, (name, words) in enumerate(runs.items())
    ]
    for run in begun:
        name = run.name
        code, counts = run.end()
        total.update(counts)
        failed = failed or code != 0
        if code == NO_TESTS_RAN:
            print(f"No test was found to run {name}: that counts as a failure.", flush=True)
        lines.append(
            f"{name}: {counts['passed']} passed, {_failures(counts)} failed, {counts['skipped']} skipped"
        )
    print()
    print("\n".join(lines))
    places = ", ".join(f"{total[place]} on {place}" for place in ("SQLite", "PostgreSQL"))
    if deep:
        examples = os.environ.get("HYPOTHESIS_PROFILE") or "default"
        print(f"deep: {total['large sizes']} tests of large sizes ran; examples as in the profile {examples}")
    print(f"ran {places}, {total['a browser']} in a browser")
    print(f"{total['passed']} passed, {_failures(total)} failed, {total['skipped']} skipped")
    return 1 if failed else 0


class _Run:
    """One run of pytest, under way from the start; one that is not shown prints when it has ended."""

    def __init__(self, name: str, words: list[str], *, is_shown: bool) -> None:
        self.name = name
        self._is_shown = is_shown
        self._folder = tempfile.TemporaryDirectory(prefix="benfex-tests-", dir=_roomy_memory())
        place = Path(self._folder.name)
        place.chmod(0o711)  # a PostgreSQL of the tests belongs to somebody else than root
        self._counts = place / "counts.json"
        self._output = place / "output.txt"
        if is_shown:
            print(f"== Tests {name}", flush=True)
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *words],
                cwd=ROOT,
                env=_environment() | {"BENFEX_TEST_COUNTS": str(self._counts), "TMPDIR": str(place)},
                stdout=None if is_shown else output,
                stderr=None if is_shown else subprocess.STDOUT,
            )

    def end(self) -> tuple[int, Counter[str]]:
        """Wait for the end, print what was not shown, and return the exit code and the counts."""
        code = self._process.wait()
        if not self._is_shown:
            print(f"== Tests {self.name}\n{self._output.read_text(errors='replace')}", flush=True)
        counts = Counter[str](json.loads(self._counts.read_text()) if self._counts.exists() else {})
        self._folder.cleanup()
        return code, counts


def _roomy_memory() -> Path | None:
    """Return a folder that is kept in memory, None where there is none with room enough."""
    if not os.access(MEMORY_FOLDER, os.W_OK) or shutil.disk_usage(MEMORY_FOLDER).free < MEMORY_BYTES_MIN:
        return None
    return MEMORY_FOLDER


def _environment() -> dict[str, str]:
    """Return the environment, in which each of the many processes need not compile everything anew."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _failures(counts: Counter[str]) -> int:
    return counts["failed"] + counts["error"]


if __name__ == "__main__":
    sys.exit(main())
