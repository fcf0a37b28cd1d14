"""The owner is told in the evening what tomorrow's bill run will bring, once."""

from datetime import date, timedelta

from sqlmodel import select

from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import Snapshot
from benfex.identity.staff import create_staff
from benfex.notifications.accounts import save_channel_account
from benfex.subscriptions.bill_runs import record_rehearsal
from benfex.subscriptions.rehearsal import day_to_rehearse, in_words, keep_and_tell
from data.models.message import OutboundMessage
from data.values.kinds import MessageChannel
from data.values.roles import Role
from tests.conftest import Run
from tests.factories.isp import ACCOUNTANT, VAULT

FORESEEN = {
    "customers": 412,
    "invoices": 412,
    "totals": {"KES": 103_000_000},
    "last": {"invoices": 1, "totals": {"KES": 250_000}},
    "suspended": 9,
    "expiring": 0,
    "parked": [],
    "question": "",
}


def outbox(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(row.recipient, row.facts) for row in snapshot.session.scalars(select(OutboundMessage))]


def test_what_was_foreseen_is_said_in_sentences() -> None:
    assert in_words(FORESEEN) == (
        "412 invoices over KES 1,030,000.\n"
        "In the last cycle: 1 invoice over KES 2,500.\n"
        "9 services will be suspended."
    )


def test_a_rehearsal_by_hand_leaves_the_evening_its_own(isp: Run, clock: MovedClock) -> None:
    tomorrow = date(2026, 11, 24)
    clock.advance(timedelta(hours=8))  # seven in the evening in Nairobi
    isp.transactor.run_sync(record_rehearsal, ACCOUNTANT, on=tomorrow, summary=FORESEEN)
    assert isp.read(day_to_rehearse) == tomorrow
    isp(keep_and_tell, on=tomorrow, summary=FORESEEN)
    assert isp.read(day_to_rehearse) is None


def test_each_owner_gets_one_mail_a_day(isp: Run) -> None:
    isp(
        save_channel_account,
        channel=MessageChannel.EMAIL,
        settings={"host": "127.0.0.1", "port": "2525", "security": "none", "from_address": "isp@isp.example"},
        vault=VAULT,
    )
    for role in (Role.OWNER, Role.ADMIN):
        isp(create_staff, name="Brian", email=f"{role}@isp.example", role=role, password_hash="x")
    day = date(2026, 12, 1)
    isp(keep_and_tell, on=day, summary=FORESEEN)
    isp(keep_and_tell, on=day, summary=FORESEEN)
    ((recipient, facts),) = isp.read(outbox)
    assert recipient == "owner@isp.example"
    assert "412 invoices" in facts
