"""The simulation as a whole: its control door, its page of a phone, and the process that runs it."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from benfex.simulation.outside import Outside, OutsideOptions
from tests.contract.gateway_clients import PHONE, client, open_outside, trading

START_SECONDS = 15.0


@asynccontextmanager
async def process(home: Path, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Any]]:
    command = (sys.executable, "-m", "benfex.simulation", "--home", str(home), "--parent-pipe", *arguments)
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    assert running.stdout is not None
    try:
        line = await asyncio.wait_for(running.stdout.readline(), START_SECONDS)
        yield running, json.loads(line)
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


# The control door


async def test_bad_requests_are_told_what_is_wrong() -> None:
    async with open_outside() as outside, client(outside.control_url) as control:
        wrong: list[tuple[str, Any, int]] = [
            ("/phones/12/answer", {"answer": "pay"}, 400),
            (f"/phones/{PHONE}/answer", {"answer": "maybe"}, 400),
            (f"/phones/{PHONE}/answer", {"answer": "pay"}, 404),
            (f"/phones/{PHONE}/balance", {"amount": "all"}, 400),
            (f"/phones/{PHONE}/paybill", {"account": "A", "amount": 0}, 400),
            ("/daraja/delivery", {"duplicates": 1}, 400),
            ("/daraja/delivery", {"lose_next": "two"}, 400),
            ("/daraja/fault", {"kind": "earthquake"}, 400),
            ("/daraja/fault", {"kind": "down", "count": 0}, 400),
            ("/daraja/options", {"pending_form": "maybe"}, 400),
            ("/paystack/pay", {"reference": "nothing"}, 404),
            ("/paystack/pay", {}, 400),
            ("/paystack/webhook-url", {"url": "here"}, 400),
            ("/routers/nowhere/drop", {"user": "x"}, 404),
        ]
        for path, body, status in wrong:
            response = await control.post(path, json=body)
            assert (path, response.status_code) == (path, status)
            assert response.json()["error"]
        assert (await control.post("/daraja/fault", content=b"{")).status_code == 400


async def test_a_state_tells_where_everything_is() -> None:
    async with trading() as merchant:
        await merchant.pushed()
        state = (await merchant.control.get("/state")).json()
        assert state["daraja"] == merchant.outside.daraja_url
        assert (state["prompts"], state["daraja_state"]["pushes"]) == (1, 1)
        assert "secret" not in json.dumps(state)


async def test_routers_are_reached_through_the_door() -> None:
    outside = Outside(OutsideOptions(routers=2, subscribers=3))
    await outside.start()
    try:
        async with client(outside.control_url) as control:
            listed = (await control.get("/routers")).json()
            assert [row["name"] for row in listed] == ["nakuru-core", "naivasha-pop"]
            sessions = (await control.get("/routers/nakuru-core/sessions")).json()
            assert [row["user"] for row in sessions] == ["home1-0001", "home1-0002"]
            secrets = (await control.get("/routers/nakuru-core/tables/ppp.secret")).json()
            assert len(secrets) == 2
            dropped = await control.post("/routers/nakuru-core/drop", json={"user": "home1-0001"})
            assert dropped.json() == {"dropped": 1}
            populate: dict[str, Any] = {"prefix": "bulk", "count": 5, "profile": "default"}
            added = await control.post("/routers/naivasha-pop/populate", json=populate)
            assert added.json() == {"added": 5}
            by_hand = {"name": "shop", "profile": "10M", "rate_limit": "5M/10M", "comment": "Mama Njeri"}
            for _ in range(2):
                assert (await control.post("/routers/naivasha-pop/by-hand", json=by_hand)).status_code == 200
            secrets = (await control.get("/routers/naivasha-pop/tables/ppp.secret")).json()
            assert [row["comment"] for row in secrets if row["name"] == "shop"] == ["Mama Njeri"]
            populate |= {"prefix": "more", "profile": "nowhere"}
            assert (await control.post("/routers/naivasha-pop/populate", json=populate)).status_code == 400
            assert (await control.post("/routers/naivasha-pop/fault", json={"kind": "stalled"})).is_success
            assert (await control.post("/routers/naivasha-pop/reboot", json={})).is_success
            assert (await control.get("/routers/naivasha-pop/requests")).is_success
            assert (await control.get("/routers/naivasha-pop/tables/no.menu")).status_code == 404
    finally:
        await outside.stop()


# The page of a phone


async def test_the_page_shows_a_phone_however_its_number_is_written() -> None:
    async with open_outside() as outside, client(outside.control_url) as control:
        for written in (PHONE, "0708374149", "+254 708 374 149", "708374149"):
            page = await control.get("/phone", params={"msisdn": written})
            assert f'MSISDN="{PHONE}"' in page.text
        assert "Phones with a prompt" in (await control.get("/phone")).text


async def test_the_page_escapes_what_it_is_given() -> None:
    async with open_outside() as outside, client(outside.control_url) as control:
        page = await control.get("/phone", params={"msisdn": "<script>alert(1)</script>"})
        assert page.status_code == 404
        assert "<script>alert" not in page.text


async def test_a_phone_keeps_the_message_of_a_payment() -> None:
    async with trading() as merchant:
        await merchant.pushed()
        (prompt,) = (await merchant.control.get("/prompts")).json()
        assert (prompt["business"], prompt["amount"], prompt["account"]) == (
            "BENFEX DEMO ISP",
            1500,
            "BFX100427",
        )
        await merchant.answer("pay")
        phone = (await merchant.control.get(f"/phones/{PHONE}")).json()
        assert phone["prompts"] == []
        assert phone["balance"] == 998_500
        assert "Ksh1,500.00 sent to BENFEX DEMO ISP for account BFX100427" in phone["messages"][0]


# The process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_without_a_traceback(tmp_path: Path, number: signal.Signals) -> None:
    async with process(tmp_path, "--routers", "1") as (running, announced):
        assert announced["routers"][0]["username"] == "benfex"
        running.send_signal(number)
        _, errors = await asyncio.wait_for(running.communicate(), START_SECONDS)
        assert running.returncode == 0
        assert b"Traceback" not in errors


async def test_it_ends_with_its_parent_and_comes_back_on_the_same_ports(tmp_path: Path) -> None:
    async with process(tmp_path, "--routers", "1") as (running, before):
        async with client(before["control"]) as control:
            body = {"account": "BFX100427", "amount": 50}
            receipt = (await control.post(f"/phones/{PHONE}/paybill", json=body)).json()["receipt"]
        assert running.stdin is not None
        running.stdin.close()
        assert await asyncio.wait_for(running.wait(), START_SECONDS) == 0
    async with process(tmp_path, "--routers", "1") as (_, after), client(after["control"]) as control:
        assert after == before
        (kept,) = (await control.get("/daraja/transactions")).json()
        assert kept["receipt"] == receipt


async def test_a_taken_port_ends_it_with_one_line(tmp_path: Path) -> None:
    async with open_outside() as outside:
        port = outside.control_url.rpartition(":")[2]
        command = (sys.executable, "-m", "benfex.simulation", "--routers", "0", "--control-port", port)
        pipe = asyncio.subprocess.PIPE
        running = await asyncio.create_subprocess_exec(*command, cwd=Path.cwd(), stdout=pipe, stderr=pipe)
        output, errors = await asyncio.wait_for(running.communicate(), START_SECONDS)
        assert (running.returncode, output) == (1, b"")
        assert b"taken" in errors
        assert b"Traceback" not in errors
