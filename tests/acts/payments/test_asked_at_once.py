"""A webhook that only points at a payment has its gateway asked in the same moment, not at the next turn."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from benfex.bootstrap import build
from benfex.core.clock import MovedClock
from benfex.core.settings import Settings
from benfex.payments.attempts import ask_again
from benfex.payments.gateway import StatusChanged
from data.engine import Database
from tests.conftest import Run
from tests.factories.customers import make_customer
from tests.factories.isp import SYSTEM, set_up_isp
from tests.factories.looks import attempt_look
from tests.factories.money import make_attempt

pytestmark = pytest.mark.sqlite_only


@dataclass
class Woken:
    """A timetable that runs nothing and remembers which job was woken."""

    jobs: list[str] = field(default_factory=list)
    is_running: bool = False

    async def start(self) -> None:
        self.is_running = True

    async def stop(self) -> None:
        self.is_running = False

    def wake(self, name: str) -> None:
        self.jobs.append(name)


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_status_that_changed_wakes_the_asking(
    database: Database, database_url: str, clock: MovedClock, tmp_path: Path, *, is_known: bool
) -> None:
    settings = Settings(home=tmp_path, database_url=database_url, secret_key=SecretStr("0" * 64))
    benfex = build(settings, clock=clock, database=database, with_timetable=False)
    run = Run(benfex.transactor, SYSTEM)
    set_up_isp(run)
    attempt = make_attempt(run, make_customer(run), gateway="pesapal")
    benfex.timetable = woken = Woken()
    await benfex.start()
    reference = attempt.reference if is_known else "BFXNONE"
    reason = await benfex.transact(
        ask_again, SYSTEM, gateway="pesapal", event=StatusChanged(reference, attempt.gateway_reference)
    )
    look = await benfex.read(attempt_look, SYSTEM, attempt_id=attempt.attempt_id)
    await benfex.stop()
    assert (look.next_check_at == clock.now(), reason is None) == (is_known, is_known)
    assert woken.jobs == (["check_payment_attempts"] if is_known else [])
