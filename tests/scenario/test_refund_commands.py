"""The operator's commands about money that goes back, on a database of their own."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benfex.bootstrap import build, prepare_database
from benfex.cli import run_command_line
from benfex.core.actors import SystemActor
from benfex.core.settings import Settings
from benfex.customers.registration import register_customer
from benfex.identity.staff import set_up_isp
from benfex.payments.cash import record_cash_payment
from benfex.payments.disputes import note_dispute
from benfex.payments.gateway_events import DisputeChanged
from data.values.identifiers import parse_phone
from data.values.kinds import CashMethod
from data.values.money import Money
from data.values.states import DisputeStatus

ME = SystemActor("tests")


@pytest.fixture
def told(
    isp_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Run a command on an ISP whose customer paid KES 9,000, and return its code and what it printed as JSON."""
    monkeypatch.setenv("BENFEX_HOME", str(shutil.copytree(isp_home, tmp_path, dirs_exist_ok=True)))

    def command(*words: str) -> tuple[int, Any]:
        code = run_command_line(["refunds", *words])
        out = capsys.readouterr()
        said = [
            line for line in out.err.splitlines() if not line.startswith("{")
        ]  # what is logged is not said
        return code, json.loads(out.out) if code == 0 else "\n".join(said)

    return command


@pytest.fixture(scope="module")
def isp_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where that ISP was made, to be copied."""
    home = tmp_path_factory.mktemp("isp")
    settings = Settings(home=home)
    prepare_database(settings)
    isp = build(settings, with_timetable=False)
    run = isp.transactor.run_sync
    run(
        set_up_isp,
        ME,
        isp_name="Savanna",
        currency="KES",
        timezone="Africa/Nairobi",
        owner_name="Brian Kiptoo",
        owner_email="owner@savanna.example",
        password_hash="x",
    )
    customer_id = run(register_customer, ME, name="Amina", phone=parse_phone("0712345678"))
    paid = Money(900_000, "KES")
    run(
        record_cash_payment,
        ME,
        customer_id=customer_id,
        amount=paid,
        method=CashMethod.CASH,
        reference="R 1",
    )
    dispute = DisputeChanged("D1", DisputeStatus.OPEN, paid, transaction_id="X")
    run(note_dispute, ME, gateway="paystack", event=dispute)
    isp.transactor.close()
    return home


def test_a_refund_is_asked_for_listed_and_declined(told: Any) -> None:
    code, small = told("ask", "1", "400", "--reason", "paid twice", "--reference", "S 1", "--json")
    assert (code, small["status"], small["reference"]) == (0, "succeeded", "S 1")
    code, large = told("ask", "1", "6000", "--reason", "leaves us", "--json")
    assert (code, large["status"]) == (0, "awaiting")
    assert [row["id"] for row in told("list", "--status", "awaiting", "--json")[1]["refunds"]] == [
        large["id"]
    ]
    code, gone = told("decline", str(large["id"]), "--reason", "stays after all", "--json")
    assert (gone["status"], gone["failure_message"]) == ("declined", "stays after all")
    assert told("follow", "--json") == (0, {"refunds": 0, "disputes": 0})


def test_what_cannot_be_is_told_in_one_line(told: Any) -> None:
    code, said = told("ask", "1", "9001", "--reason", "x", "--reference", "S 1")
    assert (code, said) == (1, "benfex: No more than KES 9,000 of this payment can go back.")
    assert told("decline", "77", "--reason", "x") == (1, "benfex: There is no such refund.")


def test_disputes_are_listed(told: Any) -> None:
    (dispute,) = told("disputes", "--status", "open", "--json")[1]["disputes"]
    assert (dispute["dispute_id"], dispute["payment_id"]) == ("D1", None)


def test_a_dispute_is_answered_only_where_its_gateway_is_set_up(told: Any) -> None:
    code, why = told("answer", "1", "--message", "They used it")
    assert (code, why.startswith("benfex: ")) == (1, True)
    assert told("answer", "77", "--message", "x") == (1, "benfex: There is no such dispute.")
