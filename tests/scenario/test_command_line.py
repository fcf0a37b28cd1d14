"""The operator's commands as they ship: a process each, on a database of their own, killed if need be."""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from benfex.bootstrap import build, only_server, prepare_database
from benfex.catalog.plans import create_plan, publish_price
from benfex.catalog.taxes import set_tax_rate
from benfex.cli import run_command_line
from benfex.core.actors import SystemActor
from benfex.core.clock import MovedClock
from benfex.core.settings import Settings
from benfex.customers.registration import register_customer
from benfex.identity.staff import set_up_isp
from benfex.network.connections import ConnectionSpec
from benfex.network.inventory import add_router
from benfex.subscriptions.lifecycle import start_subscription
from data.values.identifiers import parse_phone
from data.values.money import Money

ROOT = Path(__file__).parents[2]
ME = SystemActor("tests")
CUSTOMERS = 40
STARTED = datetime(2026, 6, 23, 8, 0, tzinfo=UTC)
BILLED_ON = date(2026, 11, 23)
PERIODS_DUE = 5  # July to November; June was billed when the service started
PATIENCE_SECONDS = 60.0


def benfex(home: Path, *words: str) -> "subprocess.Popen[str]":
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NICEGUI_", "PYTEST_", "BENFEX_"))
    }
    return subprocess.Popen(
        [sys.executable, "app.py", *words],
        cwd=ROOT,
        env=env | {"BENFEX_HOME": str(home), "BENFEX_NEW_PASSWORD": "correct horse"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, out, err


@pytest.fixture
def home(isp_home: Path, tmp_path: Path) -> Path:
    """An ISP whose customers were not billed for five months."""
    return shutil.copytree(isp_home, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def command(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command on that ISP within this process, where it need not be a process of its own."""
    monkeypatch.setenv("BENFEX_HOME", str(home))
    monkeypatch.setenv("BENFEX_NEW_PASSWORD", "correct horse")

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run_command_line(words)
        return code, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def isp_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where that ISP was made, to be copied."""
    home = tmp_path_factory.mktemp("isp")
    settings = Settings(home=home)
    prepare_database(settings)
    clock = MovedClock(STARTED)
    isp = build(settings, clock=clock, with_timetable=False)
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
    run(set_tax_rate, ME, code="VAT", name="VAT", basis_points=1600)
    plan_id = run(create_plan, ME, code="HOME", name="Home", download_bps=10_000_000, upload_bps=5_000_000)
    price_id = run(publish_price, ME, plan_id=plan_id, amount=Money(149_999, "KES"), tax_code="VAT")
    router_id = run(
        add_router, ME, name="tower", host="127.0.0.1", username="benfex", password="x", vault=isp.vault
    )
    for number in range(CUSTOMERS):
        customer_id = run(
            register_customer, ME, name=f"Customer {number}", phone=parse_phone(f"07123{number:05d}")
        )
        run(
            start_subscription,
            ME,
            customer_id=customer_id,
            plan_price_id=price_id,
            connection=ConnectionSpec(router_id=router_id, username=f"c{number:05d}", secret="secret-1"),
            vault=isp.vault,
        )
    isp.transactor.close()
    return home


def invoices(home: Path) -> int:
    with sqlite3.connect(f"{(home / 'benfex.db').as_uri()}?mode=ro", uri=True) as database:
        return int(database.execute("SELECT count(*) FROM invoice").fetchone()[0])


def test_a_bill_run_killed_in_the_middle_ends_as_if_it_had_not_been(
    home: Path, command: Callable[..., tuple[int, str, str]]
) -> None:
    at_first = invoices(home)
    killed = benfex(home, "bill", "run", "--on", BILLED_ON.isoformat())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while invoices(home) < at_first + 3 and killed.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            killed.wait(timeout=0.02)
    killed.send_signal(signal.SIGKILL)
    finish(killed)
    halfway = invoices(home)
    assert halfway > at_first
    code, out, err = command("bill", "run", "--on", BILLED_ON.isoformat(), "--json")
    assert code == 0, err
    assert halfway - at_first + json.loads(out)["invoices"] == CUSTOMERS
    assert json.loads(command("bill", "run", "--on", BILLED_ON.isoformat(), "--json")[1])["invoices"] == 0
    with sqlite3.connect(home / "benfex.db") as database:
        lines, total = database.execute(
            "SELECT count(*), sum(amount_minor + tax_minor) FROM invoice_line WHERE kind = 'recurring'"
        ).fetchone()
    assert (lines, total) == (CUSTOMERS * (PERIODS_DUE + 1), CUSTOMERS * (PERIODS_DUE + 1) * 149_999)
    assert command("ledger", "verify")[0] == 0


def test_a_rehearsed_bill_run_changes_nothing(
    home: Path, command: Callable[..., tuple[int, str, str]]
) -> None:
    at_first = invoices(home)
    code, out, err = command("bill", "run", "--on", BILLED_ON.isoformat(), "--dry-run", "--json")
    assert code == 0, err
    figures = json.loads(out)
    assert figures["invoices"] == CUSTOMERS
    assert figures["totals"] == [{"amount_minor": CUSTOMERS * PERIODS_DUE * 149_999, "currency": "KES"}]
    assert invoices(home) == at_first
    code, out, err = command("bill", "rehearse")
    assert code == 0, err
    assert out.startswith(f"{CUSTOMERS} invoices over KES ")
    assert invoices(home) == at_first


def test_the_doctor_is_content_with_a_sound_installation(
    command: Callable[..., tuple[int, str, str]],
) -> None:
    code, out, _ = command("doctor", "--json")
    assert code == 0, out
    assert all(finding["well"] for finding in json.loads(out)["findings"])


def test_an_entry_altered_by_hand_is_named(home: Path, command: Callable[..., tuple[int, str, str]]) -> None:
    with sqlite3.connect(home / "benfex.db") as database:
        database.execute("DROP TRIGGER posting_no_update")
        database.execute("UPDATE posting SET amount_minor = amount_minor + 1 WHERE id = 7")
        entry = database.execute("SELECT entry_id FROM posting WHERE id = 7").fetchone()[0]
    code, out, _ = command("ledger", "verify")
    assert code == 2
    assert f"entry {entry} was altered" in out.splitlines()[0]


def test_staff_are_created_once(command: Callable[..., tuple[int, str, str]]) -> None:
    words = ("staff", "create", "mercy@savanna.example", "--name", "Mercy Achieng", "--role", "support")
    assert command(*words)[0] == 0
    code, _, err = command(*words)
    assert code == 1
    assert err.strip().splitlines()[-1] == "benfex: Somebody signs in with this e-mail address already."


def test_a_router_that_does_not_answer_is_said_and_is_no_traceback(
    command: Callable[..., tuple[int, str, str]],
) -> None:
    code, out, err = command("network", "poll")
    assert code == 2
    assert out.startswith("router 1: ")
    assert "Traceback" not in err


def test_what_moved_today_is_told(command: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = command("network", "traffic")
    assert (code, out.strip()) == (0, "0 B today.")
    told = json.loads(command("network", "traffic", "1", "--json")[1])
    assert (told["today"]["download_bytes"], told["change_permille"], told["top_talkers"]) == (0, None, [])


def test_downtime_is_told(command: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = command("network", "outages")
    assert (code, out.split()[:2]) == (0, ["tower", "100.0%"])


def test_a_router_as_a_device_is_told_or_said_to_be_silent(
    command: Callable[..., tuple[int, str, str]],
) -> None:
    code, out, _ = command("router", "firmware")
    assert (code, out.split()[:4]) == (0, ["router_id", "1", "name", "tower"])
    assert command("router", "backups", "1")[:2] == (0, "None.\n")
    for words in (
        ("show", "1"),
        ("ping", "1", "8.8.8.8"),
        ("backup", "1"),
        ("restart", "1", "--confirm", "tower"),
    ):
        code, _, err = command("router", *words)
        assert (code, err.startswith("benfex: ")) == (1, True)
        assert "Traceback" not in err
    assert command("router", "change", "reboot", "now")[2].startswith("benfex: Choose one of ntp, dns")
    assert command("router", "change-go", "99")[0] == 1


def test_the_demo_does_not_touch_a_real_database(home: Path) -> None:
    database_url = f"sqlite:///{home / 'benfex.db'}"
    env = os.environ | {"BENFEX_DATABASE_URL": database_url, "BENFEX_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "app.py", "doctor", "--demo"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "belongs to a real ISP" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("frobnicate",), "No such command 'frobnicate'."),
        (("bill",), "Missing command."),
        (("bill", "run", "--on", "tomorrow"), "write the date as YYYY-MM-DD"),
        (("staff", "create"), "Missing argument 'email'."),
        (
            ("staff", "create", "a@b.example", "--name", "A", "--role", "subscriber"),
            "'subscriber' is not one of 'owner', 'admin', 'accountant', 'support'.",
        ),
        (("reconciliation", "settle", "1"), "'--words'"),
        (("ledger", "verify", "extra"), "unexpected extra argument(s) (extra)"),
        (("bill", "run", "--off"), "No such option: --off"),
    ],
)
def test_what_was_typed_wrong_is_told_in_one_line(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert told in said.err
    assert said.err.startswith("benfex: ")
    assert said.err.count("\n") == 1


def test_a_second_server_on_one_database_is_refused(home: Path) -> None:
    with only_server(Settings(home=home), give_up=lambda: None):
        code, out, err = finish(benfex(home, "serve", "--port", str(free_port())))
    assert code == 1
    assert out == ""
    assert err.strip() == (
        "benfex: Another Benfex serves this database and runs its jobs. Stop that one first."
    )


def test_an_address_that_is_taken_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = finish(benfex(tmp_path, "serve", "--demo", "--port", str(port)))
    assert code == 1
    assert out == ""
    assert err.startswith(f"benfex: Cannot listen on 127.0.0.1 port {port}: ")
    assert err.count("\n") == 1


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_help_lists_only_what_there_is(home: Path) -> None:
    code, out, _ = finish(benfex(home, "--help"))
    assert code == 0
    for word in ("serve", "staff", "bill", "payments", "network", "ledger", "doctor"):
        assert word in out
    for word in ("backup", "restore", "import", "completion"):
        assert word not in out


def test_a_gateway_is_set_up_listed_and_tested_by_command(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENFEX_HOME", str(home))
    monkeypatch.setenv("BENFEX_PESAPAL_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("BENFEX_PESAPAL_CONSUMER_KEY", "canary")
    monkeypatch.setenv("BENFEX_PESAPAL_CONSUMER_SECRET", "canary")
    assert run_command_line(("gateway", "set", "pesapal", "mode=test")) == 0
    assert run_command_line(("gateway", "set", "cowries", "key=1")) == 1
    assert run_command_line(("gateway", "list", "--json")) == 0
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])["gateways"]
    (pesapal,) = (row for row in rows if row["name"] == "pesapal")
    assert (pesapal["state"], pesapal["settings"], pesapal["is_test"]) == ("on", {"mode": "test"}, True)
    assert run_command_line(("gateway", "check", "pesapal")) == 1
    said = capsys.readouterr().out
    assert "Pesapal cannot be reached now." in said
    assert "canary" not in said
    assert run_command_line(("gateway", "set", "pesapal", "--off")) == 0
