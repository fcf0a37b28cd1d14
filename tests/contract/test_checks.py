"""The test of a gateway's settings: each thing that may be wrong is told in words, with what to do about it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from benfex.core.clock import MovedClock
from benfex.core.errors import GatewayRejected
from benfex.payments.gateway import Finding
from benfex.payments.gateways.flutterwave.gateway import FlutterwaveGateway
from benfex.payments.registry import GATEWAYS
from tests.contract.gateway_far_ends import FAR_ENDS, FLUTTERWAVE, INITIATOR, build, facing

NOW = datetime(2026, 11, 26, tzinfo=UTC)
OFFERED = sorted(GATEWAYS)


def bad(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(finding for finding in found if not finding.is_good)


async def checked(name: str, **settings: str) -> tuple[Finding, ...]:
    async with facing(name) as far_end:
        address = type(far_end).base_url(far_end.outside)
        ours = build(name, {**FAR_ENDS[name].settings, "base_url": address, **settings})
        found = await ours.check()
        await ours.aclose()
        return found


def certificate(*, ends_at: datetime) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "apicrypt.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends_at - timedelta(days=365))
        .not_valid_after(ends_at)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("name", OFFERED)
async def test_right_settings_have_nothing_wrong(name: str) -> None:
    assert bad(await checked(name)) == ()


@pytest.mark.parametrize(
    ("name", "wrong", "text", "advice"),
    [
        ("mpesa", {"consumer_key": "other"}, "refused our consumer key", "consumer key and secret again"),
        ("mpesa", {"consumer_secret": "other"}, "refused our consumer key", "sandbox do not work"),
        ("mpesa", {"passkey": "other"}, "refused the passkey", "Copy the passkey of this shortcode"),
        ("mpesa", {"shortcode": "600984"}, "does not know this shortcode", "its store number"),
        (
            "mpesa",
            {**INITIATOR, "certificate": ""},
            "Missing: Safaricom's certificate",
            "Fill in what is missing",
        ),
        (
            "mpesa",
            {"initiator_name": "demoapi"},
            "Missing: Initiator's password",
            "leave all of the initiator",
        ),
        ("mpesa", {**INITIATOR, "certificate": "-"}, "certificate cannot be read", "Copy the whole file"),
        ("paystack", {"secret_key": "sk_test_other"}, "does not know this secret key", "Copy it anew"),
        ("paystack", {"mode": "live"}, "test key, so no money would come", "key of the other mode"),
        (
            "flutterwave",
            {"secret_key": "FLWSECK_TEST-other"},
            "refused our secret key",
            "Copy the secret key",
        ),
        ("flutterwave", {"mode": "live"}, "test key, so no money would come", "key of the other mode"),
        ("pesapal", {"consumer_key": "other"}, "refused the consumer key", "sandbox and live"),
        ("pesapal", {"consumer_secret": "other"}, "refused the consumer key", "sandbox and live"),
    ],
)
async def test_a_wrong_setting_is_told_with_what_to_do(
    name: str, wrong: Mapping[str, str], text: str, advice: str
) -> None:
    (finding,) = bad(await checked(name, **wrong))
    assert text in finding.text
    assert advice in finding.advice


@pytest.mark.parametrize("name", OFFERED)
async def test_a_gateway_that_cannot_be_reached_is_not_blamed_on_the_keys(name: str) -> None:
    (finding,) = bad(await checked(name, base_url="http://127.0.0.1:9"))
    assert "cannot be reached" in finding.text
    assert "network" in finding.advice


@pytest.mark.parametrize("name", OFFERED)
async def test_a_gateway_out_of_order_is_not_blamed_on_the_keys(name: str) -> None:
    async with facing(name) as far_end:
        await far_end.fault("html")
        (finding,) = bad(await far_end.gateway.check())
    assert "again" not in finding.advice.replace("Try again in a minute.", "")


async def test_a_certificate_that_ran_out_is_said_and_no_fault() -> None:
    ended = certificate(ends_at=datetime(2018, 3, 24, tzinfo=UTC))
    found = await checked("mpesa", **{**INITIATOR, "certificate": ended})
    assert bad(found) == ()
    (told,) = [finding for finding in found if "certificate" in finding.text]
    assert "ran out on 24 March 2018" in told.text
    assert "copy the certificate anew" in told.advice
    young = certificate(ends_at=datetime(2126, 1, 1, tzinfo=UTC))
    found = await checked("mpesa", **{**INITIATOR, "certificate": young})
    assert not any("ran out" in finding.text for finding in found)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "test key"),
        ({"mode": "live", "base_url": "http://127.0.0.1:9"}, "test key"),
        ({"mode": "test", "secret_key": "FLWSECK-real"}, "real money"),
    ],
)
async def test_a_test_key_of_flutterwave_serves_nobody_unless_it_is_meant(
    settings: Mapping[str, str], said: str
) -> None:
    async with facing("flutterwave") as far_end:
        gateway = FlutterwaveGateway({**FLUTTERWAVE, **settings}, MovedClock(NOW))
        with pytest.raises(GatewayRejected, match=said):
            await gateway.start(far_end.request())
        with pytest.raises(GatewayRejected, match=said):
            await gateway.read_statement(since=NOW - timedelta(days=1), until=NOW)
        with pytest.raises(GatewayRejected, match=said):
            await gateway.query(reference="BFX1", gateway_reference=None)
        await gateway.aclose()
