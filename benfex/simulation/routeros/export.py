"""/export and /file: the configuration as text, written to a file and read back in pieces (reference C.10)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from benfex.simulation.routeros import traps
from benfex.simulation.routeros.formats import format_instant
from benfex.simulation.routeros.options import RouterOptions
from benfex.simulation.routeros.schema import Menu
from benfex.simulation.routeros.tables import Table
from benfex.simulation.routeros.traffic import make_random
from benfex.simulation.routeros.wire import Row, to_bytes

EXPORT = "/export"
FILE = "/file"
READ = "/file/read"
SECRETS = frozenset(("password", "secret"))
LINE_LENGTH = 79
INLINE_BYTES_MAX = {"6": 4096, "7": 60 * 1024}
CHUNK_BYTES_MAX = 32 * 1024
PLAIN = re.compile(r"[A-Za-z0-9_.:/*@-]+")


@dataclass(frozen=True, slots=True)
class File:
    """A file in the router's flash."""

    number: int
    name: str
    text: str
    at: float

    def row(self, version: str) -> Row:
        """Return it as /file shows it; what is large keeps its contents to itself."""
        size = len(self.text)
        row = {".id": f"*{self.number:X}", "name": self.name, "type": "script", "size": str(size)}
        if size <= INLINE_BYTES_MAX["6" if version.startswith("6.") else "7"]:
            row["contents"] = self.text
        return row | {"last-modified": format_instant(self.at)}


class Files:
    """The files of one router."""

    def __init__(self) -> None:
        self.by_name: dict[str, File] = {}
        self._next = 1

    def write(self, name: str, text: str, *, at: float) -> None:
        """Keep a text under a name."""
        self.by_name[name] = File(self._next, name, text, at)
        self._next += 1

    def rows(self, version: str) -> list[Row]:
        """Return /file."""
        return [file.row(version) for file in self.by_name.values()]

    def read(self, attributes: Mapping[str, str]) -> list[Row]:
        """Return a piece of a file. Raises TrapError."""
        file = self.by_name.get(attributes.get("file", ""))
        if file is None:
            raise traps.no_such_item()
        size = int(attributes.get("chunk-size", CHUNK_BYTES_MAX))
        if not 0 < size <= CHUNK_BYTES_MAX:
            raise traps.invalid_value("chunk-size")
        offset = int(attributes.get("offset", 0))
        return [{"data": file.text[offset : offset + size]}]

    def remove(self, ids: list[str]) -> None:
        """Remove files by id or name. Raises TrapError."""
        for wanted in ids:
            found = [file for file in self.by_name.values() if wanted in (file.name, f"*{file.number:X}")]
            if not found:
                raise traps.no_such_item()
            del self.by_name[found[0].name]


def export_text(
    options: RouterOptions, tables: Mapping[str, Table], *, at: float, shows_secrets: bool
) -> str:
    """Return what differs from the defaults, as /export writes it: wrapped lines, ASCII with escapes."""
    serial = make_random(f"serial:{options.seed}:{options.name}")
    number = "HE" + "".join(serial.choice("0123456789ABCDEF") for _ in range(9))
    lines = [
        f"# {format_instant(at)} by RouterOS {options.version.split()[0]}",
        f"# software id = {number[2:6]}-{number[6:10]}",
        "#",
        f"# model = {options.board}",
        f"# serial number = {number}",
    ]
    for path, table in tables.items():
        said = [_line(table.menu, row, shows_secrets=shows_secrets) for row in table.rows.values()]
        written = [line for line in said if line]
        if written:
            lines.append(path.replace("/", " ").replace(" ", "/", 1))
            lines += [wrapped for line in written for wrapped in _wrapped(line)]
    return "\r\n".join(lines) + "\r\n"


def _line(menu: Menu, row: Row, *, shows_secrets: bool) -> str:
    named = {
        name: row[name]
        for name, field in menu.fields.items()
        if name in row and row[name] != (field.default or "") and (shows_secrets or name not in SECRETS)
    }
    is_fixed = not menu.can_add or row.get("default") == "true"
    if is_fixed and not menu.single:
        named.pop("name", None)
    if not named:
        return ""
    words = " ".join(f"{name}={_quoted(_said(value))}" for name, value in named.items())
    if menu.single:
        return f"set {words}"
    if not is_fixed:
        return f"add {words}"
    key = "default-name" if "default-name" in row else "name"
    return f"set [ find {key}={_quoted(row.get(key, ''))} ] {words}"


def _said(value: str) -> str:
    return {"true": "yes", "false": "no"}.get(value, value)


def _quoted(value: str) -> str:
    if PLAIN.fullmatch(value):
        return value
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\$' else _escape(byte)
        for byte in to_bytes(value)
    )
    return f'"{escaped}"'


def _escape(byte: int) -> str:
    return f"\\{chr(byte)}" if chr(byte) in '"\\$' else f"\\{byte:02X}"


def _wrapped(line: str) -> list[str]:
    """Break a long line at spaces, as RouterOS does; what goes on is indented."""
    parts: list[str] = []
    rest = line
    while len(rest) > LINE_LENGTH:
        cut = rest.rfind(" ", 5, LINE_LENGTH - 1)
        if cut < 0:
            break
        parts.append(rest[: cut + 1] + "\\")
        rest = "    " + rest[cut + 1 :]
    return [*parts, rest]
