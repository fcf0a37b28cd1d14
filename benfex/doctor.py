"""Examine an installation: what `benfex doctor` says, one finding a line."""

from dataclasses import dataclass

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.core.policy import isp_profile
from benfex.core.unit_of_work import Snapshot
from benfex.ledger.verification import verify_ledger
from data.engine import sqlite_version
from data.queries import checks

_DOCTOR = SystemActor("doctor")
_SAFE_SQLITE = (3, 51, 3)  # earlier ones may lose commits in WAL mode (sqlite.org/wal.html#walresetbug)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and whether it is well."""

    what: str
    is_well: bool


_CHECKS = (
    ("invoice numbers have no gap", checks.gaps_in_invoice_numbers),
    ("no period is billed twice", checks.periods_billed_twice),
    ("every live service has a line", checks.live_without_connection),
    ("every router change that waits has a task", checks.waiting_without_task),
    ("no router task was given up", checks.failed_tasks),
    ("every payment that succeeded is booked", checks.succeeded_without_payment),
)


def examine(benfex: Benfex) -> tuple[Finding, ...]:
    """Return all findings, in a fixed order."""
    return (*_database(benfex), *benfex.transactor.read_sync(_records, _DOCTOR))


def _database(benfex: Benfex) -> tuple[Finding, ...]:
    if not benfex.transactor.database.is_sqlite:
        return (Finding("database is PostgreSQL", True),)
    version = sqlite_version()
    safe = tuple(int(part) for part in version.split(".")) >= _SAFE_SQLITE
    return (Finding(f"SQLite is {version}", safe),)


def _records(snapshot: Snapshot) -> tuple[Finding, ...]:
    profile = isp_profile(snapshot)
    findings = [
        Finding(
            f"the ISP is {profile.name}" if profile else "the first run is not finished", profile is not None
        )
    ]
    report = verify_ledger(snapshot)
    if report.is_sound:
        findings.append(Finding(f"the books are sound: {report.entries} entries", True))
    findings += [Finding(f"{row.where} {row.what}", False) for row in report.discrepancies]
    for words, check in _CHECKS:
        wrong = check(snapshot.session)
        findings.append(
            Finding(words if not wrong else f"{words}: not so for {', '.join(map(str, wrong))}", not wrong)
        )
    return tuple(findings)
