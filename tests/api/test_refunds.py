"""What a program does with money that goes back: ask, approve as another, decline, pay credit out."""

from dataclasses import dataclass
from typing import Any

import pytest

from benfex.application import Benfex
from benfex.identity.staff import create_staff
from benfex.payments.disputes import note_dispute
from benfex.payments.gateway_events import DisputeChanged
from data.values.money import Money
from data.values.roles import Role
from data.values.states import DisputeStatus
from tests.api.conftest import HASH, SYSTEM, Caller, fields, kes, problem, sign_in

pytestmark = pytest.mark.sqlite_only


@dataclass
class Desk:
    """An owner and an accountant, and a customer who paid KES 9,000 in cash."""

    owner: Caller
    other: Caller
    customer: dict[str, Any]
    payment: dict[str, Any]


@pytest.fixture
async def desk(owner: Caller, drawer: dict[str, Any], benfex: Benfex) -> Desk:
    name = "books@savanna.example"
    await benfex.transact(
        create_staff, SYSTEM, name="Njeri", email=name, role=Role.ACCOUNTANT, password_hash=HASH
    )
    customer = await owner.made("/customers", {"name": "Amina Wanjiru", "phone": "0712345679"})
    paid = {"customer_id": customer["id"], "amount": kes(900_000), "reference": "R 1"}
    return Desk(owner, await sign_in(owner.http, name), customer, await owner.made("/payments", paid))


async def test_a_large_refund_waits_for_another_person(desk: Desk) -> None:
    path = f"/payments/{desk.payment['id']}/refunds"
    refund = await desk.owner.made(path, {"amount": kes(600_000), "reason": "paid twice"})
    assert (refund["status"], refund["way"], refund["reference"]) == ("awaiting", "by_hand", None)
    mine = f"/refunds/{refund['id']}"
    problem(await desk.owner.post(f"{mine}/approve", {"reference": "S 1"}), 403, "not_permitted")
    assert fields(await desk.other.post(f"{mine}/approve", {})) == ["reference"]
    done = (await desk.other.post(f"{mine}/approve", {"reference": "S 1"}, key="k1")).json()
    assert (done["status"], done["decided_by"], done["reference"]) == ("succeeded", "Njeri", "S 1")
    again = await desk.other.post(f"{mine}/approve", {"reference": "S 1"}, key="k1")
    assert (again.json(), again.headers["idempotency-replayed"]) == (done, "true")
    problem(await desk.other.post(f"{mine}/decline", {"reason": "no"}), 409, "invalid_transition")


async def test_a_refund_is_declined_with_its_reason(desk: Desk) -> None:
    path = f"/payments/{desk.payment['id']}/refunds"
    refund = await desk.owner.made(path, {"amount": kes(600_000), "reason": "paid twice"})
    waiting = (await desk.owner.get("/refunds", status="awaiting")).json()["items"]
    assert [row["id"] for row in waiting] == [refund["id"]]
    let_go = (await desk.other.post(f"/refunds/{refund['id']}/decline", {"reason": "not theirs"})).json()
    assert (let_go["status"], let_go["failure_message"]) == ("declined", "not theirs")
    problem(await desk.other.post("/refunds/99/decline", {"reason": "x"}), 404, "not_found")


async def test_credit_is_paid_out_and_ways_that_do_not_exist_are_refused(desk: Desk) -> None:
    path = f"/customers/{desk.customer['id']}/payouts"
    asked = {"amount": kes(100_000), "reason": "leaves us", "reference": "S 1"}
    assert fields(await desk.owner.post(path, {**asked, "way": "gateway"})) == ["amount"]
    (refund,) = (await desk.owner.made(path, asked))["refunds"]
    assert (refund["status"], refund["payment_id"]) == ("succeeded", desk.payment["id"])
    back = f"/payments/{desk.payment['id']}/refunds"
    assert fields(await desk.owner.post(back, {**asked, "way": "payout"})) == ["way"]
    problem(await desk.owner.post(f"/refunds/{refund['id']}/failed", {"reason": "x"}), 409, "conflict")


async def test_disputes_are_listed_and_answered_only_where_the_gateway_takes_answers(
    desk: Desk, benfex: Benfex, support: Caller
) -> None:
    told = DisputeChanged("D1", DisputeStatus.OPEN, Money(100_000, "KES"), transaction_id="R 1")
    await benfex.transact(note_dispute, SYSTEM, gateway="till", event=told)
    (dispute,) = (await desk.owner.get("/disputes", status="open")).json()["items"]
    assert (dispute["dispute_id"], dispute["amount"]) == ("D1", kes(100_000))
    path = f"/disputes/{dispute['id']}"
    assert (await desk.owner.get(path)).json() == dispute
    answer = {"gives_back": False, "message": "they used it"}
    problem(await desk.owner.post(f"{path}/answer", answer), 409, "conflict")
    assert fields(await desk.owner.post(f"{path}/answer", {**answer, "message": " "})) == ["message"]
    problem(await support.post(f"{path}/answer", answer), 403, "not_permitted")


async def test_payments_are_found_by_what_sets_them_apart(desk: Desk, benfex: Benfex) -> None:
    key = desk.payment["id"]
    told = DisputeChanged(
        "D2", DisputeStatus.OPEN, Money(100, "KES"), transaction_id=desk.payment["transaction_id"]
    )
    await benfex.transact(note_dispute, SYSTEM, gateway=desk.payment["gateway"], event=told)
    marked = (await desk.owner.get("/payments", mark="disputed")).json()["items"]
    assert [(one["id"], one["is_disputed"], one["given_back"]) for one in marked] == [(key, True, kes(0))]
    assert (await desk.owner.get("/payments", mark="given_back")).json()["items"] == []
    assert fields(await desk.owner.get("/payments", mark="odd")) == ["mark"]
