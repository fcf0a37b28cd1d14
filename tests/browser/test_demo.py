"""What the demo is made of: its six months hold, and hold a few of each trouble."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ROOT
from tests.browser.demo_api import DemoApi

pytestmark = pytest.mark.browser


@pytest.fixture
def api(base_url: str) -> DemoApi:
    return DemoApi(base_url)


def command(home: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "app.py", *words, "--demo", "--json"],
        cwd=ROOT,
        env=os.environ | {"BENFEX_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_the_books_of_the_demo_are_proved_while_it_runs(base_url: str, demo_home: Path) -> None:
    code, report = command(demo_home, "ledger", "verify")
    assert code == 0, report
    assert report["entries"] > 1_000


def test_the_doctor_finds_the_demo_well(base_url: str, demo_home: Path) -> None:
    code, report = command(demo_home, "doctor")
    assert code == 0, report


def test_six_months_of_about_120_customers(api: DemoApi) -> None:
    assert 110 <= len(list(api.rows("/customers"))) <= 135
    billed_on = sorted(date.fromisoformat(row["issued_on"]) for row in api.rows("/invoices"))
    assert (billed_on[-1] - billed_on[0]).days >= 150
    assert len({(day.year, day.month) for day in billed_on}) >= 6


def test_a_few_are_over_their_cap_and_a_few_are_suspended(api: DemoApi) -> None:
    services = list(api.rows("/subscriptions"))
    assert 3 <= sum(row["is_over_cap"] for row in services) <= 5
    assert 3 <= sum(row["status"] == "suspended" for row in services) <= 15


def test_a_few_payments_went_to_a_wrong_account_and_a_few_bills_are_overdue(api: DemoApi) -> None:
    assert 3 <= len(list(api.rows("/payments", mark="unmatched"))) <= 5
    assert 3 <= sum(row["is_overdue"] for row in api.rows("/invoices", status="open")) <= 20
