"""Settings come from the environment; what is missing is named."""

import stat
from pathlib import Path

import pytest

from benfex.bootstrap import build
from benfex.core.errors import ConfigurationError
from benfex.core.settings import Settings

FIELDS = {
    "mpesa": {"consumer_key": True, "consumer_secret": True, "shortcode": True, "passkey": True},
    "village": {"secret": True, "branch": False},
}


def test_the_demo_keeps_to_a_folder_of_its_own(tmp_path: Path) -> None:
    assert Settings(home=tmp_path, demo=True).place == tmp_path / "demo"


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = Settings(home=tmp_path).master_key
    assert Settings(home=tmp_path).master_key == key
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_a_short_secret_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENFEX_SECRET_KEY", "short")
    with pytest.raises(ConfigurationError, match="BENFEX_SECRET_KEY"):
        _ = Settings(home=tmp_path).master_key


def test_half_a_gateway_names_the_missing_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENFEX_MPESA_CONSUMER_KEY", "key")
    with pytest.raises(ConfigurationError, match="BENFEX_MPESA_CONSUMER_SECRET"):
        Settings().gateways(FIELDS)


def test_any_gateway_is_set_up_by_variables_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().gateways(FIELDS) == {}
    monkeypatch.setenv("BENFEX_VILLAGE_BRANCH", "market")
    assert Settings().gateways(FIELDS) == {}
    monkeypatch.setenv("BENFEX_VILLAGE_SECRET", "canary")
    assert Settings().gateways(FIELDS) == {"village": {"secret": "canary", "branch": "market"}}
    assert "canary" not in repr(Settings())


def test_how_fast_a_gateway_is_called_may_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "SHORTCODE", "PASSKEY"):
        monkeypatch.setenv(f"BENFEX_MPESA_{name}", name.lower())
    monkeypatch.setenv("BENFEX_MPESA_CALLS_PER_SECOND", "20")
    assert Settings().gateways(FIELDS)["mpesa"]["calls_per_second"] == "20"
    monkeypatch.setenv("BENFEX_MPESA_CALLS_PER_SECOND", "often")
    with pytest.raises(ConfigurationError, match="BENFEX_MPESA_CALLS_PER_SECOND"):
        Settings().gateways(FIELDS)


def test_half_a_channel_names_the_missing_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().channels() == {}
    monkeypatch.setenv("BENFEX_SMTP_HOST", "smtp.example.com")
    with pytest.raises(ConfigurationError, match="BENFEX_SMTP_FROM_ADDRESS"):
        Settings().channels()


def test_channels_are_set_up_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("SMTP_HOST", "smtp.example.com"),
        ("SMTP_PORT", "465"),
        ("SMTP_FROM_ADDRESS", "bills@example.com"),
        ("SMS_USERNAME", "benfex"),
        ("SMS_API_KEY", "key"),
    ):
        monkeypatch.setenv(f"BENFEX_{name}", value)
    assert Settings().channels() == {
        "email": {"host": "smtp.example.com", "from_address": "bills@example.com", "port": "465"},
        "sms": {"username": "benfex", "api_key": "key"},
    }


def test_the_map_has_no_tiles_unless_they_are_set() -> None:
    assert Settings().tiles is None


@pytest.mark.parametrize(
    ("tiles", "origin"),
    [
        ("https://tiles.example/{z}/{x}/{y}.png", "https://tiles.example"),
        ("http://10.0.0.4:8080/osm/{z}/{y}/{x}", "http://10.0.0.4:8080"),
        ("https://Maps.Example/t/{z}/{x}/{y}.png?key=a%20b", "https://maps.example"),
    ],
)
def test_tiles_come_from_one_server(tiles: str, origin: str) -> None:
    found = Settings(map_tiles=tiles, map_attribution=" © makers ").tiles
    assert found is not None
    assert (found.url, found.origin, found.attribution) == (tiles, origin, "© makers")


@pytest.mark.parametrize(
    "tiles",
    [
        "tiles.example/{z}/{x}/{y}.png",
        "https://{s}.tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{s}/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}.png",
        "https://tiles.example; script-src *//{z}/{x}/{y}.png",
        "https://name:pw@tiles.example/{z}/{x}/{y}.png",
        "javascript:{z}{x}{y}",
    ],
)
def test_tiles_that_are_no_address_of_one_server_are_refused(tiles: str) -> None:
    with pytest.raises(ConfigurationError, match="BENFEX_MAP_TILES"):
        _ = Settings(map_tiles=tiles, map_attribution="©").tiles


def test_tiles_need_to_say_whose_they_are() -> None:
    with pytest.raises(ConfigurationError, match="BENFEX_MAP_ATTRIBUTION"):
        _ = Settings(map_tiles="https://tiles.example/{z}/{x}/{y}.png").tiles


def test_a_slip_in_the_tiles_is_told_at_the_start(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, map_tiles="https://tiles.example", map_attribution="©")
    with pytest.raises(ConfigurationError, match="BENFEX_MAP_TILES"):
        build(settings)
