"""A simulated mail server (SMTP): it takes letters for anybody, keeps them, and refuses what real ones refuse.

What can go wrong is switched by `set_fault`; the page that shows the letters is inbox_page.py.
"""

import asyncio
import email
import ssl
import time
from collections import deque
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from enum import StrEnum
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

KEPT_LETTERS = 500
HEADERS_NEEDED = ("From", "To", "Date", "Message-ID", "Subject")
FAULT_FIELDS = {"kind", "count", "seconds"}


class MailFault(StrEnum):
    """One way of failing. DROP takes the letter and breaks off; STALL answers only after a while."""

    NONE = "none"
    GREYLIST = "greylist"
    REJECT = "reject"
    STALL = "stall"
    DROP = "drop"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class MailOptions:
    """Whom the server lets in: a name and password, or anybody when the name is empty."""

    username: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that was taken. `taken_at` is seconds since 1970."""

    recipient: str
    sender: str
    subject: str
    text: str
    html: str
    message_id: str
    attachments: tuple[str, ...]
    is_encrypted: bool
    taken_at: float

    def describe(self) -> dict[str, object]:
        """Return the letter as the control door shows it."""
        return {
            "recipient": self.recipient,
            "sender": self.sender,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "message_id": self.message_id,
            "attachments": list(self.attachments),
            "is_encrypted": self.is_encrypted,
            "taken_at": self.taken_at,
        }


class MailServer:
    """A mail server on loopback; start and stop belong to one loop."""

    def __init__(self, options: MailOptions | None = None, *, port: int = 0, host: str = "127.0.0.1") -> None:
        self.options = options or MailOptions()
        self.letters: deque[Letter] = deque(maxlen=KEPT_LETTERS)
        self.tries = 0
        self._host = host
        self._port = port
        self._fault = MailFault.NONE
        self._left: int | None = None
        self._seconds = 30.0
        self._server: asyncio.Server | None = None
        self._open: set[SMTP] = set()

    @property
    def port(self) -> int:
        """Return the port; known after `start`."""
        return self._port

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await asyncio.get_running_loop().create_server(
            self._make_session, host=self._host, port=self._port
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door and break off what is open."""
        if self._server is None:
            return
        self._server.close()
        for session in self._open:
            _break_off(session)
        self._open.clear()
        self._server = None

    def set_fault(self, wanted: dict[str, object]) -> None:
        """Switch by the words of the control door: kind, count, seconds. Raises ValueError."""
        unknown = set(wanted) - FAULT_FIELDS
        if unknown:
            raise ValueError(f"{min(unknown)} is unknown; known are {', '.join(sorted(FAULT_FIELDS))}")
        count, seconds = wanted.get("count"), wanted.get("seconds", 30.0)
        if not isinstance(seconds, int | float):
            raise ValueError("seconds must be a number")
        self._fault = MailFault(str(wanted.get("kind", "none")))
        self._left = count if isinstance(count, int) else None
        self._seconds = float(seconds)

    def _make_session(self) -> SMTP:
        needs_name = bool(self.options.username)
        session = SMTP(
            self,
            hostname="mail.simulated.example",
            ident="Simulated mail",
            auth_required=needs_name,
            auth_require_tls=False,
            authenticator=self._authenticate if needs_name else None,
            tls_context=self.options.tls,
            require_starttls=self.options.tls is not None,
            loop=asyncio.get_running_loop(),
        )
        self._open.add(session)
        return session

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        right = (self.options.username.encode(), self.options.password.encode())
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == right
        return AuthResult(success=is_right, handled=False)

    def _strike(self) -> MailFault:
        struck = self._fault
        if struck is not MailFault.NONE and self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._fault, self._left = MailFault.NONE, None
        return struck

    async def handle_RCPT(  # noqa: N802 (the library calls it by this name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Answer to a recipient: real servers know no address without a domain, nor the reserved ones."""
        self.tries += 1
        match self._fault:
            case MailFault.GREYLIST:
                self._strike()
                return "451 4.7.1 Greylisted, try again in five minutes"
            case MailFault.REJECT:
                self._strike()
                return "550 5.1.1 No such user here"
            case MailFault.FULL:
                self._strike()
                return "452 4.2.2 Mailbox full"
        if "@" not in address or address.rpartition("@")[2].endswith(".invalid"):
            return "550 5.1.2 Bad destination mailbox address"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (the library calls it by this name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a letter."""
        content = envelope.content
        assert isinstance(content, bytes)
        parsed = email.message_from_bytes(content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        missing = [name for name in HEADERS_NEEDED if not parsed[name]]
        if missing:
            return f"554 5.6.0 The letter lacks {', '.join(missing)}"
        if self._fault is MailFault.STALL:
            self._strike()
            await asyncio.sleep(self._seconds)
            return "451 4.3.0 Took too long"
        for recipient in envelope.rcpt_tos:
            self.letters.append(_letter(parsed, str(recipient), str(envelope.mail_from), session))
        if self._fault is MailFault.DROP:
            self._strike()
            _break_off(server)
        return "250 OK queued"


def _break_off(session: SMTP) -> None:
    if isinstance(session.transport, asyncio.Transport):
        session.transport.abort()


def _letter(parsed: EmailMessage, recipient: str, sender: str, session: Session) -> Letter:
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    return Letter(
        recipient=recipient,
        sender=sender,
        subject=str(parsed["Subject"]),
        text=str(text.get_content()).replace("\r\n", "\n").strip() if text is not None else "",
        html=str(html.get_content()) if html is not None else "",
        message_id=str(parsed["Message-ID"]),
        attachments=tuple(part.get_filename() or "" for part in parsed.iter_attachments()),
        is_encrypted=session.ssl is not None,
        taken_at=time.time(),
    )
