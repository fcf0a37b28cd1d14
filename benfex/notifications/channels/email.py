"""E-mail over SMTP (RFC 5321), in a thread pool of its own since `smtplib` waits.

There is no idempotency in SMTP: a connection lost after DATA leaves the outcome unknown, so the message is sent
again under the same Message-ID, by which mail servers and readers fold duplicates.
"""

import asyncio
import hashlib
import re
import smtplib
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime

from benfex.core.clock import Clock
from benfex.core.errors import ChannelError, ChannelRejected, ChannelUnavailable
from benfex.notifications.channel import Delivered, Message
from data.values.kinds import MessageChannel

SECURITIES = ("starttls", "tls", "none")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_WORKERS = 4
_TIMEOUT_SECONDS = 20.0
# What RFC 5321 calls a Mailbox, without quoted names: the library's parser breaks on some others (Python 3.11).
_MAILBOX = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@[\w-]+(\.[\w-]+)*", re.ASCII)


class EmailChannel:
    """Speaks to one SMTP server. `security` is starttls, tls or none; without a username nobody signs in."""

    kind = MessageChannel.EMAIL

    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._host = settings["host"]
        self._security = settings.get("security") or "starttls"
        self._port = int(settings.get("port") or _PORTS[self._security])
        self._username = settings.get("username") or ""
        self._password = settings.get("password") or ""
        self._from = Address(settings.get("from_name") or "", addr_spec=settings["from_address"])
        self._timeout_seconds = float(settings.get("timeout_seconds") or _TIMEOUT_SECONDS)
        self._is_closed = False
        self._pool = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="smtp")

    async def send(self, message: Message) -> Delivered:
        """Hand one message over and return its Message-ID."""
        letter = self._letter(message)
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._pool, self._hand_over, letter, message.recipient)
        except (RuntimeError, asyncio.CancelledError) as cause:
            # What still waited for a thread was not sent when the account is set up anew.
            if not self._is_closed:
                raise
            raise ChannelUnavailable("E-mail is being set up anew.") from cause
        return Delivered(letter["Message-ID"])

    async def aclose(self) -> None:
        """Let the threads go; letters under way are finished."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _letter(self, message: Message) -> EmailMessage:
        if len(message.recipient) > 254 or not _MAILBOX.fullmatch(message.recipient):
            raise ChannelRejected("This cannot be the address of an e-mail.")
        letter = EmailMessage()
        try:
            letter["Subject"] = " ".join(message.subject.split())
            letter["From"] = self._from
            letter["To"] = message.recipient
            letter["Date"] = format_datetime(self._clock.now())
            name = hashlib.sha256(message.dedupe_key.encode()).hexdigest()[:40]
            letter["Message-ID"] = f"<{name}@{self._from.domain}>"
            letter["Auto-Submitted"] = "auto-generated"
        except ValueError as cause:
            raise ChannelRejected("This cannot be the address of an e-mail.") from cause
        letter.set_content(message.body)
        if message.html:
            letter.add_alternative(message.html, subtype="html")
        for file in message.attachments:
            main, _, sub = file.content_type.partition("/")
            letter.add_attachment(file.content, maintype=main, subtype=sub, filename=file.filename)
        return letter

    def _hand_over(self, letter: EmailMessage, recipient: str) -> None:
        try:
            with self._connect() as server:
                if self._security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self._username:
                    server.login(self._username, self._password)
                server.sendmail(self._from.addr_spec, [recipient], letter.as_bytes(policy=WIRE))
        except smtplib.SMTPException as cause:
            raise _translated(cause) from cause
        except (OSError, ValueError) as cause:
            raise ChannelUnavailable("The mail server does not answer.") from cause

    def _connect(self) -> smtplib.SMTP:
        if self._security == "tls":
            return smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout_seconds, context=ssl.create_default_context()
            )
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout_seconds)


def _translated(error: smtplib.SMTPException) -> ChannelError:
    """Return what an answer means: 5xx to an address or a letter is final, all else may pass later."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return ChannelUnavailable("The mail server refused our name or password.")
        case smtplib.SMTPNotSupportedError():
            return ChannelUnavailable("The mail server does not offer the security that is set.")
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            code, said = next(iter(refused.values()))
            return _answered(code, said)
        case smtplib.SMTPSenderRefused(smtp_code=code):
            # Our own address, not the customer's: the settings are wrong, not the message.
            return ChannelUnavailable(f"The mail server refused our address ({code}).")
        case smtplib.SMTPDataError(smtp_code=code, smtp_error=said):
            return _answered(code, said)
    return ChannelUnavailable("The mail server broke off.")


def _answered(code: int, said: bytes | str) -> ChannelError:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    text = f"The mail server said {code} {' '.join(text.split())}"[:240]
    return ChannelRejected(text) if 500 <= code < 600 else ChannelUnavailable(text)
