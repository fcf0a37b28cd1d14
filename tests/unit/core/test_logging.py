"""Logs hold no secret and no whole phone number."""

import json
from collections.abc import Iterator

import pytest
import structlog

from benfex.core.logging import scrub, set_up_logging


@pytest.fixture
def _restored() -> Iterator[None]:
    """Leave logging as it was found."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "router_password",
        "passkey",
        "secret",
        "consumer_secret",
        "callback_token",
        "authorization",
        "cookie",
    ],
)
def test_a_value_whose_name_says_secret_is_hidden(key: str) -> None:
    assert scrub(None, "info", {key: "hunter2"}) == {key: "•••"}


def test_a_phone_number_is_masked() -> None:
    assert scrub(None, "info", {"payer": "paid by 254712345678"})["payer"] == "paid by 2547•••678"


def test_ids_and_amounts_stay() -> None:
    fields = {"payment_id": 12, "amount_minor": 250_000, "event": "settled"}
    assert scrub(None, "info", dict(fields)) == fields


@pytest.mark.usefixtures("_restored")
def test_a_terminal_gets_short_lines_and_no_small_print(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(as_json=False)
    log = structlog.get_logger()
    log.debug("slow act", act="renew", milliseconds=60)
    log.info("router status", router_id=1, status="reachable", reason="")
    log.error("poll failed", router_id=2)

    said = [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]

    assert said == ["router status router_id=1 status=reachable", "ERROR poll failed router_id=2"]


@pytest.mark.usefixtures("_restored")
def test_a_traceback_on_a_terminal_follows_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(as_json=False)
    structlog.get_logger().error("poll failed", exc_info=ValueError("odd"))

    first, *others = capsys.readouterr().err.splitlines()

    assert first.endswith("ERROR poll failed")
    assert others[-1] == "ValueError: odd"


@pytest.mark.usefixtures("_restored")
def test_a_machine_gets_everything_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()  # standard error is no terminal here
    structlog.get_logger().debug("slow act", act="renew", milliseconds=60)

    said = json.loads(capsys.readouterr().err)

    assert said.pop("timestamp")
    assert said == {"event": "slow act", "level": "debug", "act": "renew", "milliseconds": 60}
