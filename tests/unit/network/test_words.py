"""RouterOS words and our types mean the same."""

import pytest

from benfex.network import rate_limit
from benfex.network.driver import AccessEntry, ActiveSession, ProfileSpec, SetAccess
from benfex.network.drivers.routeros import words
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.traffic import Burst, Rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1w2d3h4m5s", 788_645),
        ("1d02:03:04", 93_784),
        ("00:00:00", 0),
        ("01:22:53", 4_973),
        ("1w4d23h26m9s", 1_034_769),
        ("44m55s", 2_695),
        ("2h", 7_200),
        ("0s", 0),
        ("9ms445us", 0),
        ("1h2m3s500ms", 3_723),
        ("5m", 300),
        ("never", 0),
        ("none", 0),
    ],
)
def test_durations_of_every_version_are_read(text: str, seconds: int) -> None:
    assert rate_limit.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5x", "1:2", "h", "-5s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        rate_limit.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "download_bps", "upload_bps"),
    [
        ("5M/20M", 20_000_000, 5_000_000),
        ("5000000/20000000", 20_000_000, 5_000_000),
        ("512k/2M", 2_000_000, 512_000),
        ("1.5M/3M", 3_000_000, 1_500_000),
        ("5M/20M 8M/30M 4M/15M 10/10 8 1M/2M", 20_000_000, 5_000_000),
        ("64k 256k", 64_000, 64_000),
        ("1G", 1_000_000_000, 1_000_000_000),
    ],
)
def test_the_first_rate_is_the_upload(text: str, download_bps: int, upload_bps: int) -> None:
    assert rate_limit.parse_rate_limit(text) == Rate(download_bps, upload_bps)


@pytest.mark.parametrize("text", ["", " ", "0/0"])
def test_no_rate_is_without_limit(text: str) -> None:
    assert rate_limit.parse_rate_limit(text) is None


@pytest.mark.parametrize("text", ["5M/x", "fast", "5M//", "-1/2"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        rate_limit.parse_rate_limit(text)


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (Rate(20_000_000, 5_000_000), "5M/20M"),
        (Rate(256_000, 64_500), "64500/256k"),
        (Rate(1, 0), "0/1"),
        (None, ""),
    ],
)
def test_rates_are_written_short(rate: Rate | None, text: str) -> None:
    assert rate_limit.format_rate_limit(rate) == text


@pytest.mark.parametrize(
    ("comment", "connection_id"),
    [
        ("benfex:12", 12),
        ("benfex:12 roof antenna", 12),
        ("benfex:12x", None),
        ("see benfex:12", None),
        ("benfex:", None),
        ("", None),
        ("BENFEX:12", None),
    ],
)
def test_only_our_mark_is_ours(comment: str, connection_id: int | None) -> None:
    assert words.marked_connection(comment) == connection_id


def test_an_entry_is_read_with_nothing_for_what_is_blank() -> None:
    row = {"name": "true", "password": "", "profile": "p", "remote-address": "0.0.0.0", "caller-id": ""}

    entry = words.read_entry(row | {"disabled": "true", "comment": "benfex:3"}, words.PPPOE)

    assert entry == AccessEntry(ConnectionId(3), "true", None, "p", enabled=False)


def test_an_entry_without_our_mark_is_not_ours() -> None:
    assert words.read_entry({"name": "alice", "comment": "benfexpert"}, words.PPPOE) is None


def test_a_hotspot_user_without_an_address_has_none() -> None:
    row = {"name": "a", "password": "p", "profile": "x", "mac-address": "00:00:00:00:00:00"}

    entry = words.read_entry(row | {"comment": "benfex:3", "address": "10.0.0.9"}, words.HOTSPOT)

    assert entry is not None
    assert (entry.remote_address, entry.caller_id, entry.method) == ("10.0.0.9", None, AccessMethod.HOTSPOT)


def test_a_profile_of_somebody_else_is_not_read() -> None:
    assert words.read_profile({"name": "default", "rate-limit": "nonsense"}, words.PPPOE) is None


def test_a_profile_is_read_with_its_speed_and_list() -> None:
    row = {"name": "benfex-suspended", "rate-limit": "256000/256000", "address-list": "benfex-suspended"}

    assert words.read_profile(row, words.PPPOE) == ProfileSpec(
        "benfex-suspended", Rate(256_000, 256_000), "benfex-suspended"
    )


def test_what_the_router_receives_is_the_upload() -> None:
    session = ActiveSession("alice", "<pppoe-alice>", "key", 60)

    reading = words.read_counters({"rx-byte": "500", "tx-byte": "7000"}, session)

    assert reading is not None
    assert (reading.upload_bytes, reading.download_bytes) == (500, 7000)


def test_a_session_without_counters_has_none_rather_than_zero() -> None:
    assert words.read_counters({"rx-byte": "5"}, ActiveSession("alice", "<pppoe-alice>", "key", 60)) is None


def test_on_an_uplink_what_the_router_receives_is_the_download() -> None:
    counters = words.read_interface({"name": "ether1", "type": "ether", "rx-byte": "9", "tx-byte": "4"})

    assert (counters.download_bytes, counters.upload_bytes) == (9, 4)


def test_a_change_writes_only_what_it_names() -> None:
    change = SetAccess((ConnectionId(1),), profile="benfex-home", enabled=False)

    assert words.write_change(change, words.PPPOE) == ["=profile=benfex-home", "=disabled=yes"]
    assert words.cleared_properties(change, words.PPPOE) == []


def test_what_a_change_empties_is_unset_and_not_written() -> None:
    change = SetAccess((ConnectionId(1),), remote_address="", caller_id="")

    assert words.write_change(change, words.PPPOE) == []
    assert words.cleared_properties(change, words.PPPOE) == ["remote-address", "caller-id"]


@pytest.mark.parametrize(
    ("text", "burst"),
    [
        ("5M/20M 8M/30M 4M/15M 10/10", Burst(Rate(30_000_000, 8_000_000), Rate(15_000_000, 4_000_000), 10)),
        (
            "5M/20M 8M/30M 4M/15M 10s/10s 8 1M/2M",
            Burst(Rate(30_000_000, 8_000_000), Rate(15_000_000, 4_000_000), 10),
        ),
        ("5M/20M", None),
        ("5M/20M 8M/30M 4M/15M 10/20", None),
        ("5M/20M nonsense 4M/15M 10/10", None),
    ],
)
def test_a_burst_is_read_behind_the_rate(text: str, burst: Burst | None) -> None:
    assert rate_limit.parse_burst(text) == burst


def test_a_burst_is_written_as_it_is_read() -> None:
    text = "5M/20M 8M/30M 4M/15M 10/10"
    assert (
        rate_limit.format_rate_limit(rate_limit.parse_rate_limit(text), rate_limit.parse_burst(text)) == text
    )
