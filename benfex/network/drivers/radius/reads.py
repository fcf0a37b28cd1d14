"""What FreeRADIUS's tables say: who may sign in, who is online, what was moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from benfex.core.errors import RouterRejected
from benfex.network.device import LogLine
from benfex.network.driver import (
    AccessEntry,
    AccessReading,
    ActiveSession,
    CounterReading,
    ForeignEntry,
    PollReading,
    ProfileSpec,
    Refusal,
    RouterHealth,
    RouterIdentity,
)
from benfex.network.drivers.radius import words
from benfex.network.drivers.radius.conversation import Conversation, Row
from benfex.network.rate_limit import parse_rate_limit
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.traffic import Rate

BOARD: Final = "FreeRADIUS"
_REFUSALS_MAX: Final = 5
# NASes that die say no Stop. Some send updates every five minutes whatever they are asked for.
_FRESH: Final = "COALESCE(acctupdatetime, acctstarttime) > now() - interval '15 minutes'"
# Where the Start was lost the row begins with the first update; the NAS knows better.
_AGE: Final = "GREATEST(EXTRACT(EPOCH FROM now() - acctstarttime), acctsessiontime, 0)::bigint AS age"


def has_marks(talk: Conversation) -> bool:
    """Tell whether anything of ours was ever written here."""
    return bool(talk.ask("SELECT to_regclass('benfex_access') IS NOT NULL")[0][0])


def identify(talk: Conversation) -> RouterIdentity:
    """Return which database answers; its serial is the cluster's and the database's."""
    ((name, version, cluster, oid, uptime),) = talk.ask(
        "SELECT current_database(), current_setting('server_version'),"
        " (SELECT system_identifier FROM pg_control_system()),"
        " (SELECT oid FROM pg_database WHERE datname = current_database()),"
        " EXTRACT(EPOCH FROM now() - pg_postmaster_start_time())::bigint"
    )
    return RouterIdentity(
        name=str(name),
        version=f"PostgreSQL {str(version).split()[0]}",
        board=BOARD,
        serial=f"{cluster}-{oid}",
        uptime_seconds=int(uptime),
        cpu_percent=0,
        free_memory_bytes=0,
        total_memory_bytes=0,
    )


def read_access(talk: Conversation) -> AccessReading:
    """Return our entries and profiles, and the names that others hold."""
    ours = _marked(talk)
    attributes, groups = _attributes(talk), _groups(talk)
    names = attributes.keys() | groups.keys()
    entries = [
        words.read_entry(connection_id, method, name, attributes.get(name, {}), groups.get(name, ""))
        for name, (connection_id, method) in ours.items()
    ]
    return AccessReading(
        tuple(sorted(entries, key=lambda entry: (entry.connection_id, entry.username))),
        frozenset((method, name) for name in names - ours.keys() for method in words.METHODS),
        tuple(read_profiles(talk)),
    )


def read_profiles(talk: Conversation) -> list[ProfileSpec]:
    """Return the profiles whose name begins as ours do, once for each method."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    rows = talk.ask(
        "SELECT groupname, attribute, value FROM radgroupreply WHERE starts_with(groupname, %s) ORDER BY id",
        (words.PROFILE_PREFIX,),
    )
    for group, attribute, value in rows:
        found[group][attribute] = value
    return [profile for name in sorted(found) for profile in words.read_profiles(name, found[name])]


def read_entry(talk: Conversation, username: str) -> AccessEntry | None:
    """Return the entry of a name, None where nobody has it. Raises RouterRejected (`foreign_entry`)."""
    ours = _marked(talk, username)
    attributes, groups = _attributes(talk, username), _groups(talk, username)
    if username in ours:
        connection_id, method = ours[username]
        return words.read_entry(
            connection_id, method, username, attributes.get(username, {}), groups.get(username, "")
        )
    if attributes or groups:
        raise foreign_entry(username)
    return None


def entries_of(talk: Conversation, connection_ids: Sequence[ConnectionId]) -> list[AccessEntry]:
    """Return the entries of some connections."""
    found: list[AccessEntry] = []
    if has_marks(talk):
        rows = talk.ask(
            "SELECT username FROM benfex_access WHERE connection_id = ANY(%s) ORDER BY username",
            (list(connection_ids),),
        )
        found = [entry for (name,) in rows if (entry := read_entry(talk, name)) is not None]
    return found


def read_foreign(talk: Conversation) -> tuple[ForeignEntry, ...]:
    """Return the entries that are not ours, by name; RADIUS does not say by which method they sign in."""
    ours, attributes, groups = _marked(talk), _attributes(talk), _groups(talk)
    rates = _rates(talk)
    found = []
    for name in sorted((attributes.keys() | groups.keys()) - ours.keys()):
        plain = words.read_entry(
            ConnectionId(0), AccessMethod.PPPOE, name, attributes.get(name, {}), groups.get(name, "")
        )
        found.append(
            ForeignEntry(
                method=AccessMethod.PPPOE,
                username=name,
                password=plain.password,
                profile=plain.profile,
                rate=rates.get(plain.profile),
                comment="",
                remote_address=plain.remote_address,
                caller_id=plain.caller_id,
                enabled=plain.enabled,
            )
        )
    return tuple(found)


def read_sessions(talk: Conversation, username: str | None = None) -> tuple[ActiveSession, ...]:
    """Return who is online by accounting, or only the sessions of a name."""
    rows = talk.ask(
        "SELECT username, acctuniqueid, host(nasipaddress), host(framedipaddress), callingstationid, "  # noqa: S608
        f"{_AGE} FROM radacct WHERE acctstoptime IS NULL AND {_FRESH}"
        " AND (%s::text IS NULL OR username = %s) ORDER BY username, acctuniqueid",
        (username, username),
    )
    return tuple(_session(row) for row in rows)


def read_poll(talk: Conversation, *, ended_within_seconds: int) -> PollReading:
    """Return who is online and what each session moved, in one question.

    Sessions that ended lately are counted too, since their Stop has the last bytes. A session's age goes on after
    its end: one that is seen for the first time began when it says.
    """
    rows = talk.ask(
        "SELECT username, acctuniqueid, host(nasipaddress), host(framedipaddress), callingstationid, "  # noqa: S608
        f"{_AGE}, COALESCE(acctoutputoctets, 0), COALESCE(acctinputoctets, 0),"
        f" acctstoptime IS NULL AND {_FRESH} FROM radacct"
        " WHERE acctstoptime IS NULL OR acctstoptime > now() - make_interval(secs => %s)"
        " ORDER BY acctuniqueid",
        (ended_within_seconds,),
    )
    ((version, uptime),) = talk.ask(
        # Counters outlive a restart of the database, so it has no boots: its age is that of the calendar.
        "SELECT current_setting('server_version'), EXTRACT(EPOCH FROM now() - timestamptz '2020-01-01')::bigint"
    )
    return PollReading(
        RouterHealth(f"PostgreSQL {str(version).split()[0]}", BOARD, int(uptime), 0, 0, 0),
        (),
        tuple(_session(row) for row in rows if row[8]),
        tuple(CounterReading(row[0] or "", row[1], int(row[6]), int(row[7]), int(row[5])) for row in rows),
    )


def read_refusals(talk: Conversation, username: str) -> tuple[Refusal, ...]:
    """Return the newest logins of a name that were refused, oldest first; none where they are not kept."""
    rows = talk.ask(
        "SELECT to_char(authdate, 'YYYY-MM-DD HH24:MI:SS'), reply FROM radpostauth"
        " WHERE username = %s AND reply = 'Access-Reject' ORDER BY id DESC LIMIT %s",
        (username, _REFUSALS_MAX),
    )
    return tuple(Refusal(str(at), f"{username}: {reply}") for at, reply in reversed(rows))


def read_log(talk: Conversation, *, lines_max: int) -> tuple[LogLine, ...]:
    """Return the newest logins, the newest first."""
    rows = talk.ask(
        "SELECT to_char(authdate, 'YYYY-MM-DD HH24:MI:SS'), username, reply FROM radpostauth"
        " ORDER BY id DESC LIMIT %s",
        (lines_max,),
    )
    return tuple(LogLine(str(at), "radius,auth", f"{name}: {reply}") for at, name, reply in rows)


def foreign_entry(username: str) -> RouterRejected:
    """Return what is said of a name that is somebody else's."""
    return RouterRejected(f"{username} is there already, without our mark.", code="foreign_entry")


def _session(row: Row) -> ActiveSession:
    return ActiveSession(
        username=row[0] or "",
        interface=f"radius:{row[2]}",
        session_key=row[1],
        uptime_seconds=int(row[5]),
        address=row[3],
        caller_id=row[4] or None,
    )


def _marked(talk: Conversation, username: str | None = None) -> dict[str, tuple[ConnectionId, AccessMethod]]:
    if not has_marks(talk):
        return {}
    rows = talk.ask(
        "SELECT username, connection_id, method FROM benfex_access WHERE %s::text IS NULL OR username = %s",
        (username, username),
    )
    return {name: (ConnectionId(number), AccessMethod(method)) for name, number, method in rows}


def _attributes(talk: Conversation, username: str | None = None) -> dict[str, dict[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    rows = talk.ask(
        "SELECT username, attribute, value FROM radcheck WHERE %s::text IS NULL OR username = %s"
        " UNION ALL SELECT username, attribute, value FROM radreply WHERE %s::text IS NULL OR username = %s",
        (username,) * 4,
    )
    for name, attribute, value in rows:
        found[name][attribute] = value
    return dict(found)


def _groups(talk: Conversation, username: str | None = None) -> dict[str, str]:
    rows = talk.ask(
        "SELECT username, groupname FROM radusergroup WHERE %s::text IS NULL OR username = %s"
        " ORDER BY priority DESC, id DESC",
        (username, username),
    )
    return {name: group for name, group in rows}  # noqa: C416 - rows are not pairs to mypy


def _rates(talk: Conversation) -> dict[str, Rate | None]:
    rates: dict[str, Rate | None] = {}
    for group, value in talk.ask(
        "SELECT groupname, value FROM radgroupreply WHERE attribute = %s", (words.RATE,)
    ):
        try:
            rates[group] = parse_rate_limit(value)
        except ValueError:  # somebody else's, with what we would not write
            rates[group] = None
    return rates
