"""Commands of the API on a device: print, add, set and the rest (reference A.6, C). The wire is elsewhere."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from benfex.simulation.routeros import menus, traps, views
from benfex.simulation.routeros.device import SESSION_MENUS, Device
from benfex.simulation.routeros.export import EXPORT, FILE, READ
from benfex.simulation.routeros.options import version_of
from benfex.simulation.routeros.queries import compile_queries
from benfex.simulation.routeros.tables import Table
from benfex.simulation.routeros.wire import Row

WRITES = frozenset({"add", "set", "remove", "enable", "disable", "unset"})
PRINT_WORDS = frozenset(
    {
        ".id",
        ".proplist",
        "count-only",
        "detail",
        "stats",
        "terse",
        "brief",
        "without-paging",
        "as-value",
        "once",
    }
)
FILE_READ_SINCE = (7, 13)
MONITOR = "/interface/monitor-traffic"
REBOOT = "/system/reboot"


@dataclass(frozen=True, slots=True)
class Command:
    """One sentence from a client, sorted out; `tag` None when it carries none."""

    path: str
    attributes: Mapping[str, str]
    queries: tuple[str, ...]
    tag: str | None

    @property
    def menu(self) -> str:
        """Return the menu part: /ppp/secret of /ppp/secret/print."""
        return self.path.rpartition("/")[0]

    @property
    def verb(self) -> str:
        """Return the last part: print of /ppp/secret/print."""
        return self.path.rpartition("/")[2]

    @property
    def is_write(self) -> bool:
        """Return whether the command changes something."""
        return self.verb in WRITES


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command yields: rows to print, and `ret` of the closing word; None where there is none."""

    rows: Iterable[Row] = ()
    names: tuple[str, ...] | None = None
    result: str | None = None
    is_listing: bool = False


def parse_command(words: Sequence[str]) -> Command:
    """Return the command of a sentence; words of no known kind are ignored, as the router does."""
    attributes: dict[str, str] = {}
    queries: list[str] = []
    tag: str | None = None
    for word in words[1:]:
        if word.startswith("="):
            name, _, value = word[1:].partition("=")
            attributes[name] = value
        elif word.startswith("?"):
            queries.append(word)
        elif word.startswith(".tag="):
            tag = word.removeprefix(".tag=")
        elif word.startswith(".proplist="):
            attributes[".proplist"] = word.removeprefix(".proplist=")
    return Command(words[0], attributes, tuple(queries), tag)


def execute(device: Device, command: Command) -> Answer:
    """Do what the command says and return its answer. Raises TrapError when the router refuses."""
    if command.path == MONITOR:
        return Answer(rows=monitor_rows(device, command))
    if command.path == EXPORT:
        device.export(command.attributes)
        return Answer()
    if command.path == READ:
        return Answer(rows=_read_file(device, command))
    if not device.knows(command.menu):
        raise traps.no_such_prefix()
    handler = _HANDLERS.get(command.verb)
    if handler is None:
        raise traps.no_such_command()
    return handler(device, command)


def monitor_rows(device: Device, command: Command) -> list[Row]:
    """Return one row of rates per interface asked for. Raises TrapError when one is not there."""
    names = command.attributes.get("interface", "")
    if not names:
        raise traps.missing_argument("interface")
    now = device.now()
    known = {row["name"]: row["name"] for row in device.tables[menus.INTERFACE].rows.values()}
    known |= {row[".id"]: row["name"] for row in device.tables[menus.INTERFACE].rows.values()}
    rows: list[Row] = []
    for name in names.split(","):
        actual = name if name in device.homes.by_interface else known.get(name)
        if actual is None:
            raise traps.no_match("interface")
        rows.append(views.monitor_row(device.homes, actual, now))
    return rows


def _print(device: Device, command: Command) -> Answer:
    for name in command.attributes:
        if name not in PRINT_WORDS:
            raise traps.unknown_parameter(name)
    rows = device.rows(command.menu, now=device.now())
    if ".id" in command.attributes:
        wanted = command.attributes[".id"].split(",")
        rows = [row for row in rows if row.get(".id") in wanted or row.get("name") in wanted]
    if command.queries:
        matches = compile_queries(command.queries, booleans=menus.FLAGS)
        rows = [row for row in rows if matches(row)]
    if "count-only" in command.attributes:
        return Answer(result=str(sum(1 for _ in rows)))
    asked = command.attributes.get(".proplist", "")
    names = tuple(name.strip() for name in asked.split(",")) if asked else None
    return Answer(rows=rows, names=names, is_listing=True)


def _add(device: Device, command: Command) -> Answer:
    properties = dict(command.attributes)
    before = properties.pop("place-before", None)
    table = _table(device, command)
    if before is not None:
        table.find([before])
    row_id = table.add(properties)
    if before is not None:
        table.place(row_id, before=before)
    return Answer(result=row_id)


def _set(device: Device, command: Command) -> Answer:
    table = _table(device, command)
    properties = {name: value for name, value in command.attributes.items() if name not in (".id", "numbers")}
    if table.menu.single:
        table.set(table.rows, properties)
    else:
        table.set(_targets(device, command), properties)
    return Answer()


def _enable(device: Device, command: Command) -> Answer:
    return _switch(device, command, disabled="no")


def _disable(device: Device, command: Command) -> Answer:
    return _switch(device, command, disabled="yes")


def _switch(device: Device, command: Command, *, disabled: str) -> Answer:
    table = _table(device, command)
    if "disabled" not in table.menu.fields:
        raise traps.no_such_command()
    table.set(_targets(device, command), {"disabled": disabled})
    return Answer()


def _unset(device: Device, command: Command) -> Answer:
    table = _table(device, command)
    name = command.attributes.get("value-name")
    if not name:
        raise traps.missing_argument("value-name")
    table.unset(_targets(device, command), name)
    return Answer()


def _remove(device: Device, command: Command) -> Answer:
    if command.menu in SESSION_MENUS:
        device.remove_sessions(command.menu, _ids(command))
        return Answer()
    if command.menu == FILE:
        device.files.remove(_ids(command))
        return Answer()
    table = _table(device, command)
    if not table.menu.can_add:
        raise traps.no_such_command()
    table.remove(_targets(device, command))
    return Answer()


def _read_file(device: Device, command: Command) -> list[Row]:
    if version_of(device.options.version) < FILE_READ_SINCE:
        raise traps.no_such_command()
    return device.files.read(command.attributes)


def _table(device: Device, command: Command) -> Table:
    table = device.tables.get(command.menu)
    if table is None:
        raise traps.no_such_command()
    return table


def _ids(command: Command) -> list[str]:
    """Return the targets of a change: a comma list of ids, under either of its names."""
    text = command.attributes.get(".id", command.attributes.get("numbers", ""))
    if not text:
        raise traps.missing_id()
    return text.split(",")


def _targets(device: Device, command: Command) -> list[str]:
    """Return the configured targets of a change. Raises TrapError for rows that happened by themselves."""
    ids = _ids(command)
    whole = ",".join(ids)
    table = device.tables[command.menu]
    if len(ids) > 1 and table.named(whole) is not None:
        return [whole]
    if any(one not in table.rows and table.named(one) is None for one in ids):
        for row in device.rows(command.menu, now=device.now()):
            if row.get("dynamic") == "true" and (row[".id"] in ids or row.get("name") in ids):
                raise traps.failure("can not change dynamic item")
    return ids


_HANDLERS: Mapping[str, Callable[[Device, Command], Answer]] = {
    "print": _print,
    "getall": _print,
    "add": _add,
    "set": _set,
    "enable": _enable,
    "disable": _disable,
    "unset": _unset,
    "remove": _remove,
}
