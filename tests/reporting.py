"""What a test run says at its end: how many tests ran where. In CI, a skip for want of a tool fails."""

import json
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

COUNTS_FILE = "BENFEX_TEST_COUNTS"  # where the counts of a run go, for tools/run_tests.py
IN_CI = os.environ.get("CI", "").lower() == "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note on each test where it runs; the note travels with its reports, across processes too."""
    for item in items:
        if item.get_closest_marker("deep"):
            item.user_properties.append(("runs_on", "large sizes"))
        place = _place(item)
        if place:
            item.user_properties.append(("runs_on", place))
        if place == "PostgreSQL":
            item.add_marker(pytest.mark.postgres)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, turn the skip of a PostgreSQL or browser test into a failure."""
    report = yield
    needs_tool = any(item.iter_markers("postgres")) or any(item.iter_markers("browser"))
    if IN_CI and needs_tool and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {reason}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests ran where, and leave the figures for whoever asked."""
    counts = Counter[str]()
    agreed = 0
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.stats.get(outcome, []):
            counts[outcome] += 1
            if outcome != "skipped" and getattr(report, "when", "") == "call":
                counts.update(value for name, value in report.user_properties if name == "runs_on")
                agreed += sum(value for name, value in report.user_properties if name == "oracle_histories")
    ran = ", ".join(f"{counts[place]} on {place}" for place in ("SQLite", "PostgreSQL"))
    terminalreporter.write_line(f"Tests that ran: {ran}, {counts['a browser']} in a browser")
    if agreed:
        terminalreporter.write_line(f"The oracle and the engine agreed on {agreed} histories")
    if target := os.environ.get(COUNTS_FILE):
        Path(target).write_text(json.dumps(counts))


def _place(item: pytest.Item) -> str | None:
    if item.get_closest_marker("browser"):
        return "a browser"
    kind = getattr(item, "callspec", None) and item.callspec.params.get("database_kind")  # type: ignore[attr-defined]
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(kind or "")
