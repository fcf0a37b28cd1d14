"""Whatever knocks, true sender or not: never an error of ours, and nothing booked that its sender did not say."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.payments.checkout import note_started
from benfex.payments.gateway import StartedPayment
from tests.conftest import Run
from tests.contract.doors import Doors, doors_of, forged, nothing_at_error_level, open_doors, proof_of
from tests.contract.gateway_far_ends import KINDS
from tests.contract.payload_handling import CHECKOUT, FILES, OURS, TOLD, body_of
from tests.factories.customers import make_customer
from tests.factories.isp import kes, set_up_isp
from tests.factories.looks import PaymentLook, assert_books_sound, payments
from tests.factories.money import MadeAttempt, make_attempt
from tests.sizes import over_a_database
from tests.unit.payments.damage import damaged, odd_values

EVERY = sorted(KINDS)
ASKS_ONLY = {"flutterwave", "pesapal"}  # what they tell is never money by itself
BORDER = 256 * 1024


@dataclass(frozen=True)
class Knock:
    """One delivery: at which of its gateway's doors, with which secret, and how its bytes travel."""

    door: int
    body: bytes
    is_proven: bool
    content_type: str
    in_pieces: bool


def _nested(depth: int) -> bytes:
    return b'{"Body":' * depth + b"1" + b"}" * depth


@st.composite
def _doubled(draw: st.DrawFn, body: bytes) -> bytes:
    """Return the body with one of its keys there twice, with two values."""
    content = json.loads(body)
    if not isinstance(content, dict) or not content:
        return body
    key = draw(st.sampled_from(sorted(content)))
    return f"{{{json.dumps(key)}: {json.dumps(draw(odd_values))}, ".encode() + body.strip()[1:]


@st.composite
def _in_other_letters(draw: st.DrawFn, body: bytes) -> bytes:
    text = body.decode()
    return draw(
        st.sampled_from(
            [
                text.encode("utf-16"),
                text.encode("utf-8-sig"),
                text.encode("utf-32"),
                gzip.compress(body, mtime=0),
            ]
        )
    )


def bodies_of(gateway: str) -> st.SearchStrategy[bytes]:
    """Return what may be sent to a gateway's doors: its own messages, damaged and whole, and anything else."""
    own = [body_of(name) for name in sorted(OURS) if FILES[name]["gateway"] == gateway and name in TOLD]
    whole = [body for body in own if _is_json(body)] or [body_of("paystack_charge_success_card.json")]
    recorded = st.sampled_from(whole)
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    anything = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    )
    return st.one_of(
        recorded,
        recorded.flatmap(damaged),
        recorded.flatmap(damaged),
        recorded.flatmap(_doubled),
        recorded.flatmap(_in_other_letters),
        st.tuples(recorded, st.integers(0, 400)).map(lambda told: told[0][: told[1]]),
        anything.map(lambda content: json.dumps(content).encode()),
        st.binary(max_size=200),
        st.integers(1, 20_000).map(_nested),
        st.tuples(recorded, st.integers(-1, 1)).map(lambda told: told[0].ljust(BORDER + told[1])),
    )


def knocks_at(gateway: str) -> st.SearchStrategy[list[Knock]]:
    one = st.builds(
        Knock,
        door=st.integers(0, 99),
        body=bodies_of(gateway),
        is_proven=st.sampled_from([True, True, True, False]),
        content_type=st.sampled_from(
            ["application/json", "text/plain", "multipart/form-data; boundary=x", "\xff"]
        ),
        in_pieces=st.booleans(),
    )
    return st.lists(one, min_size=1, max_size=6)


@pytest.fixture
def gate_runner(gate: Transactor) -> Iterator[asyncio.Runner]:
    """A loop that outlives the examples of one property."""
    with asyncio.Runner() as runner:
        runner.run(gate.start())
        yield runner
        runner.run(gate.stop())


@pytest.mark.parametrize("gateway", EVERY)
def test_whatever_knocks_nothing_breaks_and_nothing_is_booked_that_was_not_said(
    run: Run,
    gate: Transactor,
    clock: MovedClock,
    gate_runner: asyncio.Runner,
    gateway: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    set_up_isp(run)
    attempt = _asked_for(run)
    opened = open_doors(gate, clock)
    doors = gate_runner.run(opened.__aenter__())
    told: list[bytes] = []
    caplog.set_level(logging.ERROR)

    @over_a_database(usual=14, deep=400)
    @given(knocks=knocks_at(gateway))
    def check(knocks: list[Knock]) -> None:
        gate_runner.run(_knock_all(doors, gateway, attempt, knocks))
        told.extend(knock.body for knock in knocks if knock.is_proven)
        assert [record.getMessage() for record in caplog.records] == []
        for payment in run.read(payments):
            assert gateway not in ASKS_ONLY
            assert payment.gateway == gateway
            assert any(_says(body, payment) for body in told), payment
            assert payment.attempt_id is None or payment.amount == attempt.amount or gateway != "mpesa"

    check()
    gate_runner.run(opened.__aexit__(None, None, None))
    assert_books_sound(run)


async def _knock_all(doors: Doors, gateway: str, attempt: MadeAttempt, knocks: list[Knock]) -> None:
    paths = doors_of(gateway, token=attempt.token)
    before = await doors.last_kept()
    proven: list[bytes] = []
    with nothing_at_error_level():
        for knock in knocks:
            path = paths[knock.door % len(paths)]
            headers = proof_of(gateway, knock.body)
            if not knock.is_proven:
                path, headers = forged(path, headers)
            content = _in_pieces(knock.body) if knock.in_pieces else knock.body
            headers |= {"content-type": knock.content_type}
            status = await doors.knock(path, content, headers)
            assert status == _expected(knock), (status, path)
            proven += [knock.body] if status == 200 else []
        kept = await doors.kept(after=before)
        # A repeat of what is kept changes nothing, and is not kept twice.
        assert set(kept) <= set(proven)
        everything = set(await doors.kept())
        assert set(proven) <= everything
        await doors.inbox.process_pending()


def _expected(knock: Knock) -> Any:
    if len(knock.body) > BORDER:
        return 413
    return 200 if knock.is_proven else pytest.approx(402.5, abs=1.5)  # 401 or 404


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 30_000):
        yield body[start : start + 30_000]


def _asked_for(run: Run) -> MadeAttempt:
    """Return an attempt whose push M-Pesa named as the corpus does."""
    attempt = make_attempt(run, make_customer(run), amount=kes(1_500), is_answered=False)
    run(note_started, attempt_id=attempt.attempt_id, started=StartedPayment(CHECKOUT))
    return attempt


def _says(body: bytes, payment: PaymentLook) -> bool:
    """Return whether a body names this receipt and this amount, in units or in hundredths; read by other means."""
    try:
        words = set(_scalars(json.loads(body, parse_float=str, parse_int=str, parse_constant=str)))
    except (ValueError, RecursionError):
        return False
    amounts = {_number(word) for word in words}
    wanted = {Decimal(payment.amount.minor), Decimal(payment.amount.minor) / 100}
    return payment.transaction_id in words and bool(wanted & amounts)


def _scalars(content: Any) -> Iterator[str]:
    for inner in (
        content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    ):
        yield from _scalars(inner)
    if isinstance(content, str):
        yield content.strip()


def _number(word: str) -> Decimal | None:
    try:
        return Decimal(word)
    except InvalidOperation:
        return None


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
