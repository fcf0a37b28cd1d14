"""Configured rows of one menu: ids, defaults, uniqueness, references. Rows that happen are in views.py."""

from collections.abc import Callable, Iterable, Mapping

from benfex.simulation.routeros import traps
from benfex.simulation.routeros.schema import Field, Kind, Menu, NameExists, accept
from benfex.simulation.routeros.wire import Row

Changed = Callable[[str, Row], None]  # (what happened, the row as it is now)


class Table:
    """The configured rows of one menu, in the order they were added."""

    def __init__(self, menu: Menu, *, exists: NameExists, changed: Changed) -> None:
        self.menu = menu
        self.rows: dict[str, Row] = {}
        self.next_number = 1
        self._exists = exists
        self._changed = changed
        self._keys: dict[tuple[str, ...], str] = {}
        self._ids_by_name: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def named(self, name: str) -> Row | None:
        """Return the first row called `name`, None when there is none."""
        ids = self._ids_by_name.get(name)
        return self.rows[ids[0]] if ids else None

    def add(self, properties: Mapping[str, str]) -> str:
        """Add a row and return its `.id`. Raises TrapError when it is refused."""
        if not self.menu.can_add:
            raise traps.no_such_command()
        row = self.defaults()
        row |= self._accepted(properties)
        for field in self.menu.fields.values():
            if field.required and not row.get(field.name):
                raise traps.missing_argument(field.name)
        self._refuse_duplicate(row, own_id=None)
        row_id = self.reserve_id()
        return self._insert(row_id, row)

    def place(self, row_id: str, *, before: str) -> None:
        """Move a row before another one: in a firewall the first that matches decides."""
        (next_row,) = self.find([before])
        moved = self.rows.pop(row_id)
        order = list(self.rows.items())
        at = next(place for place, (key, _) in enumerate(order) if key == next_row[".id"])
        self.rows.clear()
        self.rows.update((*order[:at], (row_id, moved), *order[at:]))

    def defaults(self) -> Row:
        """Return a row as it is before anything was said about it, without an id."""
        row = {name: field.default for name, field in self.menu.fields.items() if field.default is not None}
        return row | dict(self.menu.read_only or {})

    def reserve_id(self) -> str:
        """Return an `.id` that no row of this menu ever had."""
        number = self.next_number
        self.next_number += 1
        return f"*{number:X}"

    def restore(self, row: Row) -> None:
        """Take a row as it was kept on disk or as the factory sets it, id included, without checks."""
        row_id = row[".id"]
        self._insert(row_id, self.defaults() | row)

    def set(self, ids: Iterable[str], properties: Mapping[str, str]) -> None:
        """Change the rows named by id or name; nothing is changed when one of them is not there."""
        rows = self.find(ids)
        accepted = self._accepted(properties)
        for row in rows:
            changed = {**row, **accepted}
            self._refuse_duplicate(changed, own_id=row[".id"])
            self._replace(row, changed)

    def unset(self, ids: Iterable[str], name: str) -> None:
        """Take a property back to its default, or away where it has none."""
        field = self.menu.fields.get(name)
        if field is None:
            raise traps.no_match("value-name")
        for row in self.find(ids):
            changed = {key: value for key, value in row.items() if key != name}
            if field.default is not None:
                changed[name] = field.default
            self._replace(row, changed)

    def remove(self, ids: Iterable[str]) -> None:
        """Remove the rows; nothing is removed when one is not there or may not go."""
        rows = self.find(ids)
        if any(row.get("name") in self.menu.fixed for row in rows if self.menu.fixed):
            raise traps.failure("can not remove default item")
        for row in rows:
            self._forget_index(row)
            self.rows.pop(row[".id"], None)
            self._changed("removed", row)

    def find(self, ids: Iterable[str]) -> list[Row]:
        """Return the rows with these ids or names, each once. Raises TrapError when one is not there."""
        found: dict[str, Row] = {}
        for wanted in ids:
            row = self.rows.get(wanted) or self.named(wanted)
            if row is None:
                raise traps.no_such_item()
            found[row[".id"]] = row
        return list(found.values())

    def repoint(self, menu: str, old: str, new: str) -> None:
        """Let references to `old` of `menu` read `new`: its new name, or its raw id once it is deleted."""
        names = [field.name for field in self.menu.fields.values() if _refers_to(field, menu)]
        for row in self.rows.values():
            for name in names:
                if row.get(name) == old:
                    row[name] = new

    def _accepted(self, properties: Mapping[str, str]) -> Row:
        accepted: Row = {}
        for name, value in properties.items():
            field = self.menu.fields.get(name)
            if field is None:
                raise traps.unknown_parameter(name)
            accepted[name] = accept(field, value, self._exists)
            if field.required and not accepted[name]:
                raise traps.invalid_value(name)
        return accepted

    def _insert(self, row_id: str, row: Row) -> str:
        first = {"name": row["name"]} if "name" in row else {}
        whole = {".id": row_id, **first, **{name: value for name, value in row.items() if name != ".id"}}
        self.rows[row_id] = whole
        self._index(whole)
        self._changed("added", whole)
        return row_id

    def _replace(self, row: Row, changed: Row) -> None:
        old_name, new_name = row.get("name"), changed.get("name")
        self._forget_index(row)
        row.clear()
        row.update(changed)
        self._index(row)
        self._changed("set" if old_name == new_name else f"renamed {old_name}", row)

    def _key(self, row: Row) -> tuple[str, ...]:
        return tuple(row.get(name, "") for name in self.menu.key)

    def _index(self, row: Row) -> None:
        if self.menu.key:
            self._keys[self._key(row)] = row[".id"]
        if "name" in row:
            self._ids_by_name.setdefault(row["name"], []).append(row[".id"])

    def _forget_index(self, row: Row) -> None:
        if self.menu.key:
            self._keys.pop(self._key(row), None)
        ids = self._ids_by_name.get(row.get("name", ""), [])
        if row[".id"] in ids:
            ids.remove(row[".id"])
        if not ids:
            self._ids_by_name.pop(row.get("name", ""), None)

    def _refuse_duplicate(self, row: Row, *, own_id: str | None) -> None:
        if not self.menu.key:
            return
        holder = self._keys.get(self._key(row))
        if holder is not None and holder != own_id:
            raise traps.failure(self.menu.duplicate)


def _refers_to(field: Field, menu: str) -> bool:
    return field.menu == menu or (field.kind is Kind.ADDRESS_OR_POOL and menu == "/ip/pool")
