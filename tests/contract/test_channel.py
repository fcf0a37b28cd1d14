"""What every channel for messages keeps to, over the true wire to its simulated far end."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benfex.core.clock import SystemClock
from benfex.core.errors import ChannelRejected, ChannelUnavailable, ConfigurationError
from benfex.notifications.channel import Attachment, Channel, Message
from benfex.notifications.registry import CHANNELS, build_channels
from benfex.simulation.door import Door, is_free
from benfex.simulation.mail import MailOptions, MailServer
from benfex.simulation.texting import Texting, TextingOptions
from data.values.kinds import MessageChannel

EMAIL, SMS = MessageChannel.EMAIL, MessageChannel.SMS
UNICODE = "Habari Mwañgi, KES 2,500 — asante! ✓"


@dataclass
class FarEnd:
    """A channel and what stands at its other end; `fail` makes the far end fail in a way both know."""

    channel: Channel
    recipient: str
    bad_recipient: str
    fail: Callable[[str], None]
    bodies: Callable[[], list[str]]
    tries: Callable[[], int]

    def message(self, body: str = "Hello", *, recipient: str = "", key: str = "invoice:1:issued") -> Message:
        return Message(recipient or self.recipient, body, key, subject="A bill", html=f"<p>{body}</p>")


@asynccontextmanager
async def mail_end(
    options: MailOptions | None = None, **settings: str
) -> AsyncIterator[tuple[FarEnd, MailServer]]:
    server = MailServer(options)
    await server.start()
    values = {"host": "127.0.0.1", "port": str(server.port), "security": "none"}
    values |= {"from_address": "bills@rift.example", "from_name": "Rift Valley Net", "timeout_seconds": "1"}
    channel = build_channels({EMAIL: values | settings}, SystemClock())[EMAIL]
    words: dict[str, dict[str, object]] = {
        "not now": {"kind": "greylist", "count": 1},
        "never": {"kind": "reject", "count": 1},
        "silence": {"kind": "stall", "seconds": 3},
        "taken then broken": {"kind": "drop", "count": 1},
    }
    try:
        yield (
            FarEnd(
                channel,
                "amina@example.com",
                "amina@nowhere.invalid",
                lambda word: server.set_fault(dict(words[word])),
                lambda: [letter.text for letter in server.letters],
                lambda: server.tries,
            ),
            server,
        )
    finally:
        await channel.aclose()
        await server.stop()


@asynccontextmanager
async def text_end(
    options: TextingOptions | None = None, **settings: str
) -> AsyncIterator[tuple[FarEnd, Texting]]:
    provider = Texting(options)
    door = Door(provider.app)
    await door.start()
    values = {"username": "benfex-demo", "api_key": "atsk_benfex_demo", "sender": "BENFEX"}
    values |= {"base_url": door.url, "timeout_seconds": "1"}
    channel = build_channels({SMS: values | settings}, SystemClock())[SMS]
    words: dict[str, dict[str, object]] = {
        "not now": {"kind": "down", "count": 1},
        "never": {"kind": "none"},
        "silence": {"kind": "slow", "seconds": 3},
        "taken then broken": {"kind": "drop_after_accept", "count": 1},
    }
    try:
        yield (
            FarEnd(
                channel,
                "+254708374149",
                "0708",
                lambda word: provider.faults.set(dict(words[word])),
                lambda: [text.message for text in provider.texts],
                lambda: provider.tries,
            ),
            provider,
        )
    finally:
        await channel.aclose()
        await door.stop()


ENDS: dict[MessageChannel, Callable[[], Any]] = {EMAIL: mail_end, SMS: text_end}


@pytest.fixture(params=list(CHANNELS))
async def end(request: pytest.FixtureRequest) -> AsyncIterator[FarEnd]:
    async with ENDS[request.param]() as (far, _):
        yield far


async def test_what_is_sent_arrives_word_for_word(end: FarEnd) -> None:
    delivered = await end.channel.send(end.message(UNICODE))
    assert end.bodies() == [UNICODE]
    assert delivered.reference


@pytest.mark.parametrize("recipient", ["nobody@", "(@).<a.c", ".@[<:.c", "a,b@c.example", "é@c.example"])
async def test_what_is_no_address_is_refused_before_the_server_is_asked(recipient: str) -> None:
    settings = {"host": "127.0.0.1", "port": "9", "security": "none", "from_address": "a@b.example"}
    channels = build_channels({EMAIL: settings}, SystemClock())
    with pytest.raises(ChannelRejected, match="cannot be the address"):
        await channels[EMAIL].send(Message(recipient, "Hello", "key"))
    await channels[EMAIL].aclose()


async def test_an_address_nobody_has_is_refused_for_good(end: FarEnd) -> None:
    with pytest.raises(ChannelRejected):
        await end.channel.send(end.message(recipient=end.bad_recipient))
    assert end.bodies() == []


@pytest.mark.parametrize("word", ["not now", "silence"])
async def test_no_clear_answer_means_later(end: FarEnd, word: str) -> None:
    end.fail(word)
    with pytest.raises(ChannelUnavailable):
        await end.channel.send(end.message())


async def test_a_far_end_that_breaks_off_after_taking_it_leaves_the_outcome_open(end: FarEnd) -> None:
    end.fail("taken then broken")
    with pytest.raises(ChannelUnavailable):
        await end.channel.send(end.message("Once"))
    await end.channel.send(end.message("Once"))
    assert end.bodies() == ["Once", "Once"]


async def test_a_closed_door_means_later() -> None:
    assert is_free(9)
    mail = build_channels(
        {EMAIL: {"host": "127.0.0.1", "port": "9", "security": "none", "from_address": "a@b.example"}},
        SystemClock(),
    )[EMAIL]
    text = build_channels(
        {SMS: {"username": "a", "api_key": "b", "base_url": "http://127.0.0.1:9"}}, SystemClock()
    )[SMS]
    for channel, recipient in ((mail, "amina@example.com"), (text, "+254708374149")):
        with pytest.raises(ChannelUnavailable):
            await channel.send(Message(recipient, "Hello", "key", subject="A bill"))
        await channel.aclose()


async def test_a_channel_that_is_set_up_anew_meanwhile_means_later(end: FarEnd) -> None:
    await end.channel.aclose()
    with pytest.raises(ChannelUnavailable):
        await end.channel.send(end.message())


async def test_letters_that_wait_for_a_thread_are_held_back_when_the_account_is_set_up_anew() -> None:
    async with mail_end(timeout_seconds="2") as (end, _):
        end.fail("silence")
        sending = [asyncio.ensure_future(end.channel.send(end.message(key=f"k{n}"))) for n in range(8)]
        await asyncio.sleep(0)
        await end.channel.aclose()
        outcomes = await asyncio.gather(*sending, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ChannelUnavailable}


async def test_a_letter_tried_again_carries_the_same_message_id() -> None:
    async with mail_end() as (end, server):
        for body in ("First try", "Second try"):
            await end.channel.send(end.message(body))
        await end.channel.send(end.message("Another", key="invoice:2:issued"))
    first, second, other = (letter.message_id for letter in server.letters)
    assert first == second != other
    assert first.endswith("@rift.example>")


async def test_a_letter_has_both_forms_and_its_files() -> None:
    async with mail_end() as (end, server):
        message = Message(
            end.recipient,
            "Your bill",
            "key",
            subject="Bill\r\nBcc: everybody@example.com",
            html="<p>Your bill</p>",
            attachments=(Attachment("INV-1.pdf", "application/pdf", b"%PDF-1.7"),),
        )
        await end.channel.send(message)
    letter = server.letters[0]
    assert (letter.text, letter.html.strip(), letter.attachments) == (
        "Your bill",
        "<p>Your bill</p>",
        ("INV-1.pdf",),
    )
    assert letter.subject == "Bill Bcc: everybody@example.com"  # a subject cannot smuggle a header in


async def test_a_refused_mailbox_is_final_and_a_full_one_is_not() -> None:
    async with mail_end() as (end, server):
        end.fail("never")
        with pytest.raises(ChannelRejected, match="550"):
            await end.channel.send(end.message())
        server.set_fault({"kind": "full", "count": 1})
        with pytest.raises(ChannelUnavailable, match="452"):
            await end.channel.send(end.message())


@pytest.mark.parametrize(("password", "taken"), [("right", 1), ("wrong", 0)])
async def test_a_wrong_password_holds_letters_back_instead_of_failing_them(password: str, taken: int) -> None:
    options = MailOptions(username="bills", password="right")
    async with mail_end(options, username="bills", password=password) as (end, server):
        if taken:
            await end.channel.send(end.message())
        else:
            with pytest.raises(ChannelUnavailable, match="name or password"):
                await end.channel.send(end.message())
    assert len(server.letters) == taken


async def test_starttls_encrypts_and_a_stranger_s_certificate_gets_no_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    async with mail_end(MailOptions(tls=context), security="starttls", timeout_seconds="5") as (end, server):
        with pytest.raises(ChannelUnavailable):
            await end.channel.send(end.message())
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        await end.channel.send(end.message())
    assert [letter.is_encrypted for letter in server.letters] == [True]


async def test_a_server_without_the_security_that_is_set_gets_no_letter() -> None:
    async with mail_end(security="starttls") as (end, server):
        with pytest.raises(ChannelUnavailable):
            await end.channel.send(end.message())
    assert not server.letters


@pytest.mark.parametrize(
    ("options", "settings", "number", "error"),
    [
        (TextingOptions(), {"api_key": "wrong"}, "+254708374149", ChannelUnavailable),
        (TextingOptions(), {"username": "stranger"}, "+254708374149", ChannelUnavailable),
        (TextingOptions(), {"sender": "NOBODY"}, "+254708374149", ChannelUnavailable),
        (TextingOptions(balance_cents=10), {}, "+254708374149", ChannelUnavailable),
        (TextingOptions(blacklist=frozenset(["+254708374149"])), {}, "+254708374149", ChannelRejected),
        (TextingOptions(), {}, "+0", ChannelRejected),
    ],
)
async def test_each_no_of_the_sms_provider_means_later_or_never(
    options: TextingOptions, settings: dict[str, str], number: str, error: type[Exception]
) -> None:
    async with text_end(options, **settings) as (end, provider):
        with pytest.raises(error):
            await end.channel.send(end.message(recipient=number))
    assert not provider.texts


async def test_an_answer_nobody_understands_means_later() -> None:
    async with text_end() as (end, provider):
        provider.faults.set({"kind": "html", "count": 1})
        with pytest.raises(ChannelUnavailable, match="cannot be read"):
            await end.channel.send(end.message())


def test_a_channel_that_lacks_a_setting_says_which() -> None:
    with pytest.raises(ConfigurationError, match="host"):
        build_channels({EMAIL: {"from_address": "a@b.example"}}, SystemClock())


def certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = SystemClock().now()
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "mail.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + secret)
    return path
