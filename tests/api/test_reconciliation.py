"""Reconciliation over REST: how gateways stand, days and differences, and what a person found out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.day_compare import compare_days
from benfex.payments.settlement import settle_payment
from benfex.payments.statement_keeping import keep_lines
from tests.api.conftest import Caller, fields, problem
from tests.factories.isp import kes
from tests.factories.money import statement

HOUR = timedelta(hours=1)


@pytest.fixture
async def differing(benfex: Benfex) -> None:
    """A payment of which M-Pesa's record says another amount."""

    def work(uow: UnitOfWork) -> None:
        entry = replace(statement(None, receipt="TKN0000001", amount=kes(1_500)), received_at=uow.now)
        settle_payment(uow, evidence=entry, evidence_at=uow.now, source="tests")
        told = (replace(entry, amount=kes(1_600)),)
        keep_lines(uow, gateway="mpesa", entries=told, found=frozenset())
        compare_days(uow, gateway="mpesa", since=uow.now - HOUR, until=uow.now + HOUR)

    await benfex.transact(work, SystemActor("tests"))


async def test_a_red_day_and_its_reason_are_read_and_settled(owner: Caller, differing: None) -> None:
    (day,) = (await owner.get("/reconciliation/days?only_red=true")).json()["items"]
    assert (day["agrees"], day["reason"]) == (False, "1 payment with another amount")
    assert (await owner.get(f"/reconciliation/days/{day['id']}")).json() == day
    (found,) = (await owner.get("/reconciliation/differences?is_open=true&gateway=mpesa")).json()["items"]
    assert (found["kind"], found["ours"]["amount_minor"], found["theirs"]["amount_minor"]) == (
        "amount",
        150_000,
        160_000,
    )
    address = f"/reconciliation/differences/{found['id']}"
    assert fields(await owner.post(f"{address}/settle", {"words": " "})) == ["words"]
    assert fields(await owner.post(f"{address}/settle", {"words": "x", "answer": "opening"})) == ["answer"]
    problem(await owner.post(f"{address}/settle", {"words": "x", "answer": "guess"}), 422, "invalid_input")
    done = await owner.post(f"{address}/settle", {"words": "They say 1,500 now"})
    assert (done.status_code, done.json()["resolution"]) == (200, "They say 1,500 now")
    problem(await owner.post(f"{address}/settle", {"words": "again"}), 409, "conflict")
    assert (await owner.get(f"/reconciliation/days/{day['id']}")).json()["agrees"] is True
    assert (await owner.get(address)).json()["resolved_at"] is not None


async def test_how_gateways_stand_is_read_with_their_days(owner: Caller, differing: None) -> None:
    standings = (await owner.get("/reconciliation/gateways")).json()
    (mpesa,) = [one for one in standings if one["gateway"] == "mpesa"]
    assert mpesa["open"] == 1
    assert len(mpesa["days"]) == 30
    assert mpesa["days"][-1]["agrees"] is False


async def test_a_check_names_a_gateway_that_tells_of_itself(owner: Caller) -> None:
    assert (await owner.post("/reconciliation/gateways/carrier-pigeon/check")).status_code == 404


async def test_support_reads_and_settles_nothing(support: Caller, differing: None) -> None:
    (found,) = (await support.get("/reconciliation/differences")).json()["items"]
    address = f"/reconciliation/differences/{found['id']}/settle"
    problem(await support.post(address, {"words": "mine"}), 403, "not_permitted")
    problem(await support.post("/reconciliation/gateways/mpesa/check"), 403, "not_permitted")
    assert (await support.get("/reconciliation/differences/99")).status_code == 404
