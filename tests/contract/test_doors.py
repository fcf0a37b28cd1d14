"""Every recorded body of every gateway through the true doors: an answer, and what proves itself kept byte for byte."""

import logging
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.payments.gateway import ChargeSucceeded
from tests.conftest import Run
from tests.contract.doors import (
    Doors,
    doors_of,
    forged,
    nothing_at_error_level,
    open_doors,
    proof_of,
    recorded_proof,
)
from tests.contract.gateway_far_ends import KINDS
from tests.contract.payload_handling import FILES, OURS, TOLD, body_of
from tests.factories.isp import set_up_isp
from tests.factories.looks import assert_books_sound, deliveries, payments, quarantined

BORDER = 256 * 1024
EVERY = sorted(KINDS)
ODD_WORDS = ("%00", "%ff%fe", "x" * 300, "..", "%2e%2e", "%F0%9F%92%B8", "a%2Fb", "%ed%a0%80")


@pytest.fixture
async def doors(
    run: Run, transactor: Transactor, clock: MovedClock, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Doors]:
    set_up_isp(run)
    caplog.set_level(logging.ERROR)
    async with open_doors(transactor, clock) as one:
        with nothing_at_error_level():
            yield one
    assert [record.getMessage() for record in caplog.records] == []
    assert_books_sound(run)


@pytest.mark.parametrize("gateway", sorted({entry["gateway"] for entry in FILES.values()}))
async def test_each_recorded_body_at_each_door_of_its_gateway_is_answered_and_kept(
    doors: Doors, gateway: str
) -> None:
    names = [name for name, entry in FILES.items() if entry["gateway"] == gateway]
    if gateway not in KINDS:  # the corpus is wider than what is offered: nobody opens
        assert {await doors.knock(f"/webhooks/{gateway}", body_of(name), {}) for name in names} == {404}
        assert await doors.kept() == []
        return
    for name in names:
        body, before = body_of(name), await doors.last_kept()
        paths, proof = doors_of(gateway), recorded_proof(gateway, body)
        recorded = FILES[name].get("x-paystack-signature")
        assert recorded in {None, proof.get("x-paystack-signature")}
        assert {path: await doors.knock(path, body, proof) for path in paths} == dict.fromkeys(paths, 200)
        assert await doors.kept(after=before) == [body] * len(paths), name
    await doors.inbox.process_pending()


@pytest.mark.parametrize("gateway", sorted({FILES[name]["gateway"] for name in OURS}))
async def test_what_the_corpus_tells_is_booked_as_its_manifest_says(
    doors: Doors, run: Run, gateway: str
) -> None:
    told = {name: TOLD[name] for name in TOLD if FILES[name]["gateway"] == gateway}
    assert set(told) == {
        name
        for name, entry in FILES.items()
        if entry["gateway"] == gateway and entry["direction"] in {"callback", "webhook"}
    }
    for name, (kind, _) in sorted(told.items()):
        body = body_of(name)
        (path,) = [one for one in doors_of(gateway) if _is_door(one, kind)]
        assert await doors.knock(path, body, recorded_proof(gateway, body)) == 200
    await doors.inbox.process_pending()
    # A callback is money only at the address of an attempt of ours, and none of these was made.
    expected = {
        (event.evidence.transaction_id, event.evidence.amount)
        for _, event in told.values()
        if isinstance(event, ChargeSucceeded) and event.evidence.attempt_token is None
    }
    assert {(one.transaction_id, one.amount) for one in run.read(payments)} == expected


def _is_door(path: str, kind: str) -> bool:
    if not path.startswith("/webhooks/mm/"):
        return True
    return path.split("/", 4)[4].replace("/a1", "") == kind


@pytest.mark.sqlite_only
@pytest.mark.parametrize("gateway", EVERY)
async def test_a_wrong_secret_is_refused_at_each_door_and_only_quarantined(
    doors: Doors, run: Run, gateway: str
) -> None:
    told = [name for name in sorted(TOLD) if FILES[name]["gateway"] == gateway]
    bodies = [body_of(name) for name in told] or [b"{}"]
    refused = Counter[int]()
    for body in bodies:
        for true_path in doors_of(gateway):
            path, headers = forged(true_path, proof_of(gateway, body))
            refused[await doors.knock(path, body, headers)] += 1
            refused[await doors.knock(path, body, {})] += 1
    assert set(refused) <= {401, 404}
    assert run.read(deliveries) == ()
    assert [body for _, body in run.read(quarantined)] == [
        body for body in bodies for _ in range(2 * len(doors_of(gateway)))
    ]


@pytest.mark.parametrize("gateway", EVERY)
async def test_what_is_larger_than_the_door_is_refused_and_the_largest_kept_whole(
    doors: Doors, gateway: str
) -> None:
    path = doors_of(gateway)[0]
    for size, status in ((BORDER - 1, 200), (BORDER, 200), (BORDER + 1, 413)):
        body = b'{"a":"' + b"x" * (size - 8) + b'"}'
        assert await doors.knock(path, body, proof_of(gateway, body)) == status
        assert await doors.knock(path, _in_pieces(body), proof_of(gateway, body)) == status
    assert [len(body) for body in await doors.kept()] == [BORDER - 1, BORDER]


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 40_000):
        yield body[start : start + 40_000]


@pytest.mark.parametrize("gateway", EVERY)
async def test_bytes_that_are_no_json_are_kept_as_they_came(doors: Doors, gateway: str) -> None:
    path = doors_of(gateway)[0]
    bodies = [
        b"",
        b"\x00",
        b"\xff\xfe{\x00}\x00",
        b"[" * 100_000,
        b'{"a":' * 30_000,
        b"1" * 5_000,
        b"NaN",
        b'"\\ud800"',
    ]
    for body in bodies:
        assert await doors.knock(path, body, proof_of(gateway, body)) == 200
    assert await doors.kept() == bodies
    assert await doors.inbox.process_pending() == 0


@pytest.mark.sqlite_only
@pytest.mark.parametrize("gateway", EVERY)
async def test_odd_words_in_the_path_are_never_an_error_of_ours(doors: Doors, gateway: str) -> None:
    body = b"{}"
    for odd in ODD_WORDS:
        for path in doors_of(gateway):
            before, _, _ = path.rpartition("/")
            for strange in (f"{path}/{odd}", f"{before}/{odd}", f"{path}/x/{odd}", f"/webhooks/{odd}/{odd}"):
                for method in ("POST", "GET"):
                    status = await doors.knock(strange, body, proof_of(gateway, body), method=method)
                    assert status < 500, (strange, method)
    await doors.inbox.process_pending()
