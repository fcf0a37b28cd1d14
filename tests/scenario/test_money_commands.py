"""The operator's commands about money by hand, money that waits, the terms and standing orders."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benfex.bootstrap import build, prepare_database
from benfex.cli import run_command_line
from benfex.core.settings import Settings
from benfex.customers.registration import register_customer
from benfex.identity.staff import set_up_isp
from benfex.payments.settlement import settle_payment
from benfex.payments.shifts import open_shift
from data.values.identifiers import parse_phone
from data.values.money import Money
from tests.conftest import Run
from tests.factories.cashiers import make_cashier
from tests.factories.isp import SYSTEM, kes
from tests.factories.money import c2b


@pytest.fixture
def told(
    isp_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Run a command on an ISP with one customer and unmatched money; return its code and what it printed."""
    monkeypatch.setenv("BENFEX_HOME", str(shutil.copytree(isp_home, tmp_path, dirs_exist_ok=True)))

    def command(*words: str) -> tuple[int, Any]:
        code = run_command_line([*words, "--json"])
        out = capsys.readouterr()
        said = [line for line in out.err.splitlines() if not line.startswith("{")]
        return code, json.loads(out.out) if code == 0 else "\n".join(said)

    return command


@pytest.fixture(scope="module")
def isp_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where that ISP was made, to be copied."""
    home = tmp_path_factory.mktemp("isp")
    settings = Settings(home=home)
    prepare_database(settings)
    isp = build(settings, with_timetable=False)
    run = Run(isp.transactor, SYSTEM)
    run(
        set_up_isp,
        isp_name="Savanna",
        currency="KES",
        timezone="Africa/Nairobi",
        owner_name="Brian Kiptoo",
        owner_email="owner@savanna.example",
        password_hash="x",
    )
    run(register_customer, name="Amina", phone=parse_phone("0712345678"))
    run.by(make_cashier(run))(open_shift, opening=kes(500))
    money = c2b("HOUSE 4", receipt="TKN0000001", amount=Money(70_000, "KES"))
    run(settle_payment, evidence=money, evidence_at=isp.clock.now(), source="c2b")
    isp.transactor.close()
    return home


def test_money_by_hand_is_taken_and_brought_to_the_bank(told: Any) -> None:
    code, taken = told("cash", "take", "1", "1500.50")
    assert (code, taken["receipt_number"][:3]) == (0, "RCT")
    assert taken["amount"]["amount_minor"] == 150_050
    held = {one["gateway"]: one["amount"]["amount_minor"] for one in told("cash", "held")[1]["held"]}
    assert held["cash"] == 150_050
    assert told("cash", "sweep", "cash", "1500.51", "--reference", "D 1")[0] == 1
    code, swept = told("cash", "sweep", "cash", "1500.50", "--reference", "D 1")
    assert (code, swept["reference"]) == (0, "D 1")
    assert [row["id"] for row in told("cash", "sweeps")[1]["sweeps"]] == [swept["id"]]
    assert told("cash", "sweep", "cash", "1", "--reference", "D 2", "--on", "soon") == (
        1,
        "benfex: soon is no day. Write it as 2026-11-30.",
    )


def test_a_drawer_is_counted(told: Any) -> None:
    (shift,) = told("cash", "shifts")[1]["shifts"]
    assert shift["counted"] is None
    code, closed = told("cash", "count", str(shift["id"]), "480", "--note", "a coin rolled away")
    assert (code, closed["difference"]["amount_minor"]) == (0, -2_000)
    assert told("cash", "count", str(shift["id"]), "480")[0] == 1


def test_money_that_waits_is_placed_and_taken_back(told: Any) -> None:
    (waiting,) = told("match", "list")[1]["payments"]
    key = str(waiting["id"])
    assert told("match", "suggest", key)[0] == 0
    assert told("match", "accept", key, "1")[1]["customer_id"] == 1
    assert told("match", "list")[1]["payments"] == []
    assert told("match", "accept", key, "1") == (1, "benfex: This money already has a customer.")
    assert told("match", "undo", key, "--reason", "their neighbour's")[1]["customer_id"] is None


def test_terms_are_shown_and_changed(told: Any) -> None:
    assert told("terms", "show")[1]["match_threshold"] == 80
    assert told("terms", "set", "--match-threshold", "90", "--refuses-unknown")[0] == 0
    shown = told("terms", "show")[1]
    assert (shown["match_threshold"], shown["refuses_unknown_accounts"]) == (90, True)
    assert told("terms", "set") == (1, "benfex: Say what is to change; --help lists it.")
    assert told("terms", "set", "--address", "nonsense")[0] == 1


def test_standing_orders_are_told_of_and_refused_in_words(told: Any) -> None:
    assert told("orders", "list", "1") == (0, {"orders": []})
    asked = ("orders", "ask", "1", "1500", "--from", "2026-12-01", "--until", "2027-12-01")
    code, said = told(*asked)
    assert (code, said) == (1, "benfex: There is no such way to pay.")
    assert told("orders", "end", "9")[0] == 1


def test_messages_of_gateways_are_listed_and_refused_in_words(told: Any) -> None:
    assert told("inbox", "list") == (0, {"messages": []})
    assert told("inbox", "show", "1") == (1, "benfex: There is no such message.")
    assert told("inbox", "retry", "1")[0] == 1
    assert told("inbox", "set-aside", "1", "--reason", "not ours")[0] == 1


def test_payments_are_listed_shown_linked_to_and_taken_out(told: Any) -> None:
    code, found = told("payments", "list", "--mark", "unmatched")
    assert (code, [row["transaction_id"] for row in found["payments"]]) == (0, ["TKN0000001"])
    assert told("match", "accept", "1", "1")[0] == 0
    assert told("payments", "list", "--mark", "unmatched")[1] == {"payments": []}
    code, shown = told("payments", "show", "1")
    assert (code, shown["customer_id"], shown["pays"], shown["given_back"]["amount_minor"]) == (0, 1, [], 0)
    assert told("payments", "link", "1")[1]["url"].rpartition("/pay/")[2]
    assert told("payments", "attempts")[1] == {"attempts": []}
    assert told("payments", "ask", "1", "500") == (1, "benfex: There is no such way to pay.")
    assert told("payments", "about", "mpesa", "TKN0000009")[0] == 1
    assert told("payments", "reverse", "1", "--reason", " ")[0] == 1
    code, gone = told("payments", "reverse", "1", "--reason", "A test of ours")
    assert (code, gone["status"]) == (0, "reversed")


def test_a_receipt_is_claimed_and_what_was_refused_is_listed(told: Any) -> None:
    assert told("match", "claim", "1", "TKN0000001") == (0, {"outcome": "looked_for"})
    assert told("match", "claim", "1", "odd receipt")[0] == 1
    (best,) = told("match", "suggest", "1")[1]["suggestions"]
    assert (best["customer_id"], best["reasons"]) == (1, ["they gave its receipt"])
    assert told("inbox", "refused")[1] == {"refused": []}
