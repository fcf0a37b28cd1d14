"""A router over TLS: its certificate is verified or pinned, and nothing is said to a stranger."""

import asyncio
import hashlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benfex.core.clock import SystemClock
from benfex.core.errors import RouterAuthFailed, RouterProtocolError
from benfex.network.driver import RouterAddress, RouterDriver
from benfex.simulation.routeros.server import SimulatedRouter
from tests.contract.router_clients import running


@dataclass(frozen=True, slots=True)
class Certificate:
    path: Path
    pem: str
    fingerprint: str


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nakuru-core")])
    now = SystemClock().now()
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("tls") / "router.pem"
    path.write_bytes(pem + secret)
    der = signed.public_bytes(serialization.Encoding.DER)
    return Certificate(path, pem.decode(), hashlib.sha256(der).hexdigest())


@pytest.fixture
async def address(certificate: Certificate) -> AsyncIterator[RouterAddress]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path)
    async with running() as router, encrypting(router, context) as opened:
        yield opened


async def test_a_certificate_of_our_own_authority_is_enough(
    driver: RouterDriver, address: RouterAddress, certificate: Certificate
) -> None:
    async with driver.open(replace(address, tls_authority=certificate.pem)) as link:
        assert (await link.identify()).name == "nakuru-core"


@pytest.mark.parametrize("separator", ["", ":"])
async def test_a_pinned_certificate_is_enough(
    driver: RouterDriver, address: RouterAddress, certificate: Certificate, separator: str
) -> None:
    pairs = [certificate.fingerprint[at : at + 2].upper() for at in range(0, 64, 2)]

    async with driver.open(replace(address, tls_fingerprint=separator.join(pairs))) as link:
        assert (await link.identify()).name == "nakuru-core"


async def test_another_certificate_than_the_pinned_one_hears_no_password(
    driver: RouterDriver, address: RouterAddress
) -> None:
    with pytest.raises(RouterAuthFailed) as raised:
        await driver.connect(replace(address, tls_fingerprint="00" * 32))

    assert raised.value.code == "router_certificate"


async def test_a_certificate_nobody_vouches_for_is_refused(
    driver: RouterDriver, address: RouterAddress
) -> None:
    with pytest.raises(RouterAuthFailed) as raised:
        await driver.connect(address)

    assert raised.value.code == "router_certificate"


async def test_a_service_without_a_certificate_is_refused(driver: RouterDriver) -> None:
    anonymous = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    anonymous.maximum_version = ssl.TLSVersion.TLSv1_2
    anonymous.set_ciphers("ADH:@SECLEVEL=0")

    async with running() as router, encrypting(router, anonymous) as address:
        with pytest.raises(RouterProtocolError):
            await driver.connect(address)


@asynccontextmanager
async def encrypting(router: SimulatedRouter, context: ssl.SSLContext) -> AsyncIterator[RouterAddress]:
    """Yield an address in front of `router` that speaks TLS."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        plain_reader, plain_writer = await asyncio.open_connection(router.host, router.port)
        await asyncio.gather(pump(reader, plain_writer), pump(plain_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    host, port = server.sockets[0].getsockname()
    async with server:
        yield RouterAddress(
            host, port, "benfex", "demo-router-1", use_tls=True, timeout_seconds=2, deadline_seconds=4
        )


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()
