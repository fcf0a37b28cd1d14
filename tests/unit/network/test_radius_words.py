"""Entries and profiles as RADIUS attributes."""

from dataclasses import replace

import pytest

from benfex.core.errors import RouterRejected
from benfex.network.driver import AccessEntry, ProfileSpec
from benfex.network.drivers.radius import words
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.traffic import Burst, Rate

ENTRY = AccessEntry(ConnectionId(7), "alice", "pa55", "benfex-home")
RATE = Rate(20_000_000, 5_000_000)


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        replace(ENTRY, enabled=False),
        replace(ENTRY, remote_address="10.0.0.7", caller_id="AA:BB:CC:00:11:22"),
        replace(ENTRY, remote_address="2001:db8::7"),
        replace(ENTRY, remote_address="pool-a", method=AccessMethod.HOTSPOT),
    ],
)
def test_an_entry_is_read_as_it_was_written(entry: AccessEntry) -> None:
    rows = (*words.check_attributes(entry), *words.reply_attributes(entry))
    attributes = {row.name: row.value for row in rows}
    read = words.read_entry(entry.connection_id, entry.method, entry.username, attributes, entry.profile)
    assert read == entry


def test_an_address_is_framed_and_any_other_word_is_a_pool() -> None:
    def reply(address: str) -> str:
        return words.reply_attributes(replace(ENTRY, remote_address=address))[0].name

    assert (reply("10.0.0.7"), reply("pool-a")) == ("Framed-IP-Address", "Framed-Pool")


@pytest.mark.parametrize(
    "profile",
    [
        ProfileSpec("benfex-home", RATE),
        ProfileSpec("benfex-home", None),
        ProfileSpec("benfex-suspended", RATE, "benfex-suspended"),
        ProfileSpec("benfex-fast", RATE, burst=Burst(Rate(30_000_000, 8_000_000), RATE, 10)),
    ],
)
def test_a_profile_is_read_as_it_was_written_for_each_method(profile: ProfileSpec) -> None:
    attributes = {row.name: row.value for row in words.profile_attributes(profile)}
    read = list(words.read_profiles(profile.name, attributes))
    assert read == [replace(profile, method=method) for method in words.METHODS]
    assert attributes.keys() <= set(words.OF_PROFILES)


@pytest.mark.parametrize("password", ["'x'", '"secret"', "`id`", None])
def test_a_password_that_would_be_read_as_another_is_refused(password: str | None) -> None:
    with pytest.raises(RouterRejected):
        words.check_attributes(replace(ENTRY, password=password))


@pytest.mark.parametrize("password", ["'", "o'neil", '"x', "x'"])
def test_a_quote_that_does_not_stand_around_it_all_is_kept(password: str) -> None:
    assert words.check_attributes(replace(ENTRY, password=password))[0].value == password
