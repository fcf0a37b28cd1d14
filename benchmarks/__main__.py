"""`python -m benchmarks [NAME…]`: measure, print, and fail when a target is missed. One run, no repeats."""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from benchmarks import (
    bill_run,
    converge,
    crash,
    ingest_cliff,
    ingest_tick,
    live,
    match,
    money_to_packet,
    pdf,
    poll,
    settle,
    usage_read,
    webhook,
)
from benchmarks.outcome import Outcome
from benchmarks.processes import BenchmarkError
from benfex.core.logging import set_up_logging
from benfex.core.memory import leave_what_stays

_ALL: dict[str, Callable[[Path], Coroutine[Any, Any, Outcome]]] = {
    module.NAME: module.measure
    for module in (
        money_to_packet,
        poll,
        ingest_tick,
        ingest_cliff,
        usage_read,
        converge,
        live,
        pdf,
        bill_run,
        match,
        settle,
        webhook,
        crash,
    )
}


def main() -> int:
    """Run what was named, everything when nothing was; return 0 when all targets were met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_ALL))
    names = parser.parse_args().names or list(_ALL)
    unknown = [name for name in names if name not in _ALL]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(_ALL)}")
    set_up_logging()
    logging.getLogger().setLevel(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    leave_what_stays()  # as the product does when it serves
    missed = [name for name in names if not _measured(name)]  # all of them run
    return 1 if missed else 0


def _measured(name: str) -> bool:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=f"benfex-{name}-") as folder:
        try:
            outcome = asyncio.run(_ALL[name](Path(folder)))
        except BenchmarkError as error:
            sys.stderr.write(f"{name}: {error}\n")
            return False
    sys.stdout.write(outcome.describe(seconds=time.perf_counter() - began) + "\n\n")
    sys.stdout.flush()
    return outcome.is_good


if __name__ == "__main__":
    sys.exit(main())
