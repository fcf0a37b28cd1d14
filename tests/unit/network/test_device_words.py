"""What is made of what a router says of itself, in the forms of RouterOS 6 and 7."""

import pytest

from benfex.network.device import Hop, PingReply, Sensor
from benfex.network.drivers.routeros import device


def test_sensors_of_routeros_7_have_a_row_each() -> None:
    rows = [{".id": "*E", "name": "cpu-temperature", "value": "46", "type": "C"}]

    assert device.read_sensors(rows) == (Sensor("cpu-temperature", "46", "C"),)


def test_sensors_of_routeros_6_share_a_row_with_settings() -> None:
    rows = [{"voltage": "24.1", "temperature": "39", "state": "enabled", "fan1-speed": "5100"}]

    assert device.read_sensors(rows) == (
        Sensor("voltage", "24.1", "V"),
        Sensor("temperature", "39", "C"),
        Sensor("fan1-speed", "5100", "RPM"),
    )


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("9ms445us", 9.445), ("0ms", 0.0), ("1s2ms", 1002.0), ("850us", 0.85)]
)
def test_spans_are_read(text: str, milliseconds: float) -> None:
    assert device.parse_milliseconds(text) == milliseconds


@pytest.mark.parametrize("text", ["", "9", "ms", "9ms later"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="span"):
        device.parse_milliseconds(text)


def test_a_ping_without_an_answer_has_no_time() -> None:
    assert device.read_ping({"seq": "3", "host": "8.8.8.8", "status": "timeout"}) == PingReply(
        3, "8.8.8.8", None, "timeout"
    )


def test_a_hop_that_does_not_answer_is_a_hop() -> None:
    assert device.read_hop({"address": "", "loss": "100%", "last": "timeout"}, 2) == Hop(2, "", 100.0, None)


def test_a_way_is_told_as_it_grows() -> None:
    ways: list[tuple[Hop, ...]] = []
    printed = [("0", "10.0.0.1"), ("1", "10.0.0.1"), ("1", "8.8.8.8")]

    def follow(heard: object, command: str, *words: str) -> None:
        for section, address in printed:
            heard({".section": section, "address": address, "loss": "0", "last": "4"})  # type: ignore[operator]

    device.trace(follow, "8.8.8.8", heard=ways.append)

    assert [[hop.host for hop in way] for way in ways] == [
        ["10.0.0.1"],
        ["10.0.0.1"],
        ["10.0.0.1", "8.8.8.8"],
    ]
