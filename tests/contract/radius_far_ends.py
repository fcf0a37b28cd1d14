"""FreeRADIUS as Debian ships it, on a database of its own, and a NAS that asks it and hears requests."""

import hashlib
import io
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from pyrad import packet
from pyrad.client import Client
from pyrad.dictionary import Dictionary

from benchmarks.processes import free_port
from tests.databases import Databases

ETC = Path("/etc/freeradius/3.0")
SCHEMA = ETC / "mods-config/sql/main/postgresql/schema.sql"
SECRET = "nas-secret"
START_SECONDS_MAX = 15.0
DICTIONARY = Dictionary(
    io.StringIO(
        """
ATTRIBUTE User-Name 1 string
ATTRIBUTE User-Password 2 octets
ATTRIBUTE CHAP-Password 3 octets
ATTRIBUTE NAS-IP-Address 4 ipaddr
ATTRIBUTE Framed-IP-Address 8 ipaddr
ATTRIBUTE Calling-Station-Id 31 string
ATTRIBUTE Acct-Status-Type 40 integer
ATTRIBUTE Acct-Input-Octets 42 integer
ATTRIBUTE Acct-Output-Octets 43 integer
ATTRIBUTE Acct-Session-Id 44 string
ATTRIBUTE Acct-Session-Time 46 integer
ATTRIBUTE Acct-Terminate-Cause 49 integer
ATTRIBUTE Acct-Input-Gigawords 52 integer
ATTRIBUTE Acct-Output-Gigawords 53 integer
ATTRIBUTE CHAP-Challenge 60 octets
ATTRIBUTE Message-Authenticator 80 octets
ATTRIBUTE Acct-Interim-Interval 85 integer
ATTRIBUTE Framed-Pool 88 string
ATTRIBUTE Error-Cause 101 integer
VENDOR Mikrotik 14988
BEGIN-VENDOR Mikrotik
ATTRIBUTE Mikrotik-Rate-Limit 8 string
ATTRIBUTE Mikrotik-Address-List 19 string
END-VENDOR Mikrotik
VENDOR WISPr 14122
BEGIN-VENDOR WISPr
ATTRIBUTE WISPr-Bandwidth-Max-Up 7 integer
ATTRIBUTE WISPr-Bandwidth-Max-Down 8 integer
END-VENDOR WISPr
"""
    )
)
_STARTED, _STOPPED, _INTERIM = 1, 2, 3
_CONFIGURATION = """
prefix = /usr
name = freeradius
confdir = {folder}
modconfdir = {etc}/mods-config
libdir = /usr/lib/freeradius
run_dir = {folder}
db_dir = {folder}
pidfile = {folder}/radius.pid
security {{
    reject_delay = 0
    status_server = no
}}
thread pool {{
    start_servers = 2
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 2
}}
modules {{
    expr {{
    }}
    pap {{
    }}
    chap {{
    }}
    sql {{
        dialect = "postgresql"
        driver = "rlm_sql_postgresql"
        server = "{host}"
        login = "postgres"
        radius_db = "{database}"
        acct_table1 = "radacct"
        acct_table2 = "radacct"
        postauth_table = "radpostauth"
        authcheck_table = "radcheck"
        groupcheck_table = "radgroupcheck"
        authreply_table = "radreply"
        groupreply_table = "radgroupreply"
        usergroup_table = "radusergroup"
        client_table = "nas"
        group_attribute = "SQL-Group"
        read_groups = yes
        read_clients = yes
        auto_escape = yes
        pool {{
            start = 1
            min = 1
            max = 4
        }}
        $INCLUDE {etc}/mods-config/sql/main/postgresql/queries.conf
    }}
}}
policy {{
    $INCLUDE {etc}/policy.d/accounting
}}
server default {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {auth_port}
    }}
    listen {{
        type = acct
        ipaddr = 127.0.0.1
        port = {acct_port}
    }}
    authorize {{
        chap
        sql
        pap
    }}
    authenticate {{
        Auth-Type PAP {{
            pap
        }}
        Auth-Type CHAP {{
            chap
        }}
    }}
    preacct {{
        acct_unique
    }}
    accounting {{
        sql
    }}
    post-auth {{
        sql
        Post-Auth-Type REJECT {{
            sql
        }}
    }}
}}
"""


def why_not() -> str | None:
    """Return why FreeRADIUS cannot be run here, None where it can."""
    if shutil.which("freeradius") is None:
        return "freeradius is not installed (apt install freeradius freeradius-postgresql)"
    if not os.access(SCHEMA, os.R_OK):
        return "the configuration of freeradius cannot be read, or freeradius-postgresql is not installed"
    return None


@dataclass(frozen=True, slots=True)
class RadiusServer:
    """A running FreeRADIUS: its doors, and its database."""

    auth_port: int
    acct_port: int
    host: str
    database: str
    log: Path

    def empty(self) -> None:
        """Forget all users, sessions and what of ours is there."""
        for table in ("radcheck", "radreply", "radusergroup", "radgroupreply", "radacct", "radpostauth"):
            self.execute(f"DELETE FROM {table}")
        self.execute("DROP TABLE IF EXISTS benfex_access")

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a statement in its database."""
        with psycopg.connect(host=self.host, user="postgres", dbname=self.database, autocommit=True) as talk:
            cursor = talk.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []


def make_tables(host: str, database: str) -> None:
    """Make FreeRADIUS's tables, as its package has them, and the NAS of the tests: it is read at the start alone."""
    with psycopg.connect(host=host, user="postgres", dbname=database, autocommit=True) as talk:
        talk.execute(SCHEMA.read_bytes())
        talk.execute(
            "INSERT INTO nas (nasname, shortname, secret) VALUES ('127.0.0.1', 'nas', %s)", (SECRET,)
        )


@contextmanager
def radius_of(databases: Databases, folder: Path) -> Iterator[RadiusServer]:
    """Run FreeRADIUS on a database of its own while the block lasts. Raises PostgresqlMissingError."""
    with databases.blank("postgresql") as url:
        parts = urlsplit(url)
        host, database = parse_qs(parts.query)["host"][0], parts.path.lstrip("/")
        make_tables(host, database)
        with running_radius(folder, host=host, database=database) as server:
            yield server


@contextmanager
def running_radius(folder: Path, *, host: str, database: str) -> Iterator[RadiusServer]:
    """Run FreeRADIUS over a database that has its tables while the block lasts."""
    server = RadiusServer(free_port(), free_port(), host, database, folder / "radius.log")
    (folder / "radiusd.conf").write_text(
        _CONFIGURATION.format(
            folder=folder,
            etc=ETC,
            host=host,
            database=database,
            auth_port=server.auth_port,
            acct_port=server.acct_port,
        )
    )
    (folder / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            ["freeradius", "-fx", "-l", "stdout", "-d", str(folder), "-n", "radiusd"],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(process, server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", server: RadiusServer) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while "Ready to process requests" not in server.log.read_text(errors="replace"):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
        if process.returncode is not None or time.monotonic() > deadline:
            raise AssertionError(f"FreeRADIUS did not start:\n{server.log.read_text()[-3_000:]}")


@dataclass(slots=True)
class NasSession:
    """A session at the NAS, as it counts it."""

    username: str
    session_id: str
    download_bytes: int = 0
    upload_bytes: int = 0
    seconds: int = 0
    rate_limit: str = ""


@dataclass(slots=True)
class Nas:
    """A NAS at 127.0.0.1: signs users in, accounts for them, and does what it is asked over UDP.

    `behaves` says how it answers requests: "obeys", "refuses", "is silent".
    """

    radius: RadiusServer
    behaves: str = "obeys"
    sessions: dict[str, NasSession] = field(default_factory=dict)
    heard: list[int] = field(default_factory=list)
    port: int = 0
    _door: socket.socket | None = None
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to hear requests, on the port that its row says."""
        self._door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._door.bind(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self.radius.execute("UPDATE nas SET ports = %s", (self.port,))
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hear no more."""
        assert self._door is not None
        assert self._thread is not None
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._door.close()

    def sign_in(self, username: str, password: str, *, chap: bool = False, caller_id: str = "") -> Any | None:
        """Ask for a user; return the reply that accepts them, None for a refusal."""
        client = self._client()
        request = client.CreateAuthPacket(code=packet.AccessRequest)
        request["User-Name"] = username
        request["NAS-IP-Address"] = "127.0.0.1"
        if caller_id:
            request["Calling-Station-Id"] = caller_id
        if chap:
            challenge, number = secrets.token_bytes(16), b"\x07"
            digest = hashlib.md5(number + password.encode() + challenge, usedforsecurity=False).digest()
            request["CHAP-Challenge"], request["CHAP-Password"] = challenge, number + digest
        else:
            request["User-Password"] = request.PwCrypt(password)
        request.add_message_authenticator()
        reply = client.SendPacket(request)
        return reply if reply.code == packet.AccessAccept else None

    def dial(self, username: str, session_id: str) -> NasSession:
        """Begin a session, and say so."""
        session = self.sessions[session_id] = NasSession(username, session_id)
        self._account(session, _STARTED)
        return session

    def update(self, session: NasSession) -> None:
        """Tell what a session has moved."""
        self._account(session, _INTERIM)

    def hang_up(self, session: NasSession) -> None:
        """End a session, and tell what it moved in all."""
        self.sessions.pop(session.session_id, None)
        self._account(session, _STOPPED)

    def _client(self) -> Client:
        client = Client(
            server="127.0.0.1",
            authport=self.radius.auth_port,
            acctport=self.radius.acct_port,
            secret=SECRET.encode(),
            dict=DICTIONARY,
        )
        client.timeout = 5
        return client

    def _account(self, session: NasSession, status: int) -> None:
        client = self._client()
        request = client.CreateAcctPacket()
        request["User-Name"] = session.username
        request["NAS-IP-Address"] = "127.0.0.1"
        request["Acct-Session-Id"] = session.session_id
        request["Acct-Status-Type"] = status
        request["Acct-Session-Time"] = session.seconds
        request["Framed-IP-Address"] = "10.0.0.7"
        for name, count in (("Input", session.upload_bytes), ("Output", session.download_bytes)):
            request[f"Acct-{name}-Gigawords"], request[f"Acct-{name}-Octets"] = divmod(count, 2**32)
        if status == _STOPPED:
            request["Acct-Terminate-Cause"] = 6
        client.SendPacket(request)

    def _hear(self) -> None:
        assert self._door is not None
        while True:
            data, sender = self._door.recvfrom(4_096)
            if not data:
                return
            request = packet.CoAPacket(packet=data, dict=DICTIONARY, secret=SECRET.encode())
            if self.behaves == "is silent" or not request.VerifyCoARequest():
                continue
            self.heard.append(request.code)
            self._door.sendto(self._answer(request), sender)

    def _answer(self, request: Any) -> bytes:
        session = self.sessions.get(request["Acct-Session-Id"][0])
        is_disconnect = request.code == packet.DisconnectRequest
        reply = request.CreateReply()
        if session is None or self.behaves == "refuses":
            reply.code = packet.DisconnectNAK if is_disconnect else packet.CoANAK
            reply["Error-Cause"] = 503 if session is None else 501
        elif is_disconnect:
            reply.code = packet.DisconnectACK
            self.hang_up(session)
        else:
            reply.code = packet.CoAACK
            session.rate_limit = request["Mikrotik-Rate-Limit"][0]
        answer: bytes = reply.ReplyPacket()
        return answer


def number_of(reply: Any, name: str) -> int:
    """Return an attribute of a reply as a number."""
    (value,) = reply[name]
    return value if isinstance(value, int) else struct.unpack("!L", value)[0]
