"""Play many histories and say how often each thing happened: python -m tests.oracle 1000 3000."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.databases import Databases
from tests.oracle.agreement import difference, explain
from tests.oracle.histories import make_history
from tests.oracle.stage import postgresql_stage, sqlite_stage


def main() -> int:
    """Play the seeds from the first until before the last; return 1 when a history told two stories."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    parser.add_argument("--days", type=int, default=300, help="how long a history lasts at most")
    parser.add_argument("--postgresql", action="store_true", help="make a database there for each history")
    parser.add_argument("--minutes", type=float, default=600, help="stop when so many have passed")
    asked = parser.parse_args()
    seen, apart, count = Counter[str](), 0, 0
    started, ends_at = time.process_time(), time.monotonic() + asked.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        databases = Databases(Path(folder))
        make_stage = postgresql_stage if asked.postgresql else sqlite_stage
        with make_stage(databases) as stage:
            for seed in range(asked.first, asked.last):
                if time.monotonic() > ends_at:
                    break
                history, count = make_history(seed, days_max=asked.days), count + 1
                if difference(stage, history, seen):
                    apart += 1
                    sys.stdout.write(f"{explain(stage, history)}\n\n")
                    sys.stdout.flush()
        databases.close()
    for what, times in sorted(seen.items()):
        sys.stdout.write(f"{what}: {times}\n")
    spent = time.process_time() - started
    sys.stdout.write(f"{count - apart} of {count} histories agreed; {spent:.0f} s of processor time\n")
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
