"""The state of one router: its tables, its homes, its boot. Commands on it are in commands.py."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from benfex.simulation.routeros import menus, tools, traps, views
from benfex.simulation.routeros.export import FILE, Files, export_text
from benfex.simulation.routeros.faults import FaultSwitch
from benfex.simulation.routeros.fixed import FixedLines
from benfex.simulation.routeros.homes import Homes, Session
from benfex.simulation.routeros.options import RouterOptions
from benfex.simulation.routeros.tables import Table
from benfex.simulation.routeros.traffic import make_random
from benfex.simulation.routeros.wire import Row

SESSION_MENUS = {menus.PPP_ACTIVE: menus.SECRET, menus.HOTSPOT_ACTIVE: menus.HOTSPOT_USER}
PORTS = 5
SERVICES = (
    ("telnet", 23),
    ("ftp", 21),
    ("www", 80),
    ("ssh", 22),
    ("api", 8728),
    ("winbox", 8291),
    ("api-ssl", 8729),
)


class Device:
    """One router without its network: what it is told, what it knows and what lives behind it."""

    def __init__(self, options: RouterOptions, *, dirty: Callable[[], None]) -> None:
        self.options = options
        self.faults = FaultSwitch()
        self.commands: Counter[str] = Counter()
        self.bytes_out = 0
        self.connections = 0
        self.boots = 1
        self._dirty = dirty
        self._wall_offset = time.time() - time.monotonic()
        self.booted_at = self.now()
        self.tables = {
            path: Table(menu, exists=self._exists, changed=partial(self._changed, path))
            for path, menu in menus.configured(options.version).items()
        }
        self.files = Files()
        self.homes = Homes(self.tables, options)
        self.fixed = FixedLines(self.tables, options)

    def now(self) -> float:
        """Return the epoch second; it never runs backwards while the router is on."""
        return self._wall_offset + time.monotonic()

    def set_up_factory(self) -> None:
        """Fill the tables as a freshly installed router of an ISP has them."""
        block = make_random(f"block:{self.options.seed}:{self.options.name}").randrange(16, 200)
        self.tables[menus.IDENTITY].restore({".id": "*0", "name": self.options.name})
        interfaces = self.tables[menus.INTERFACE]
        for number in range(1, PORTS + 1):
            interfaces.restore(_port(interfaces.reserve_id(), number))
        pools = self.tables[menus.POOL]
        pools.add({"name": "pppoe-pool", "ranges": f"10.{block}.0.10-10.{block}.31.254"})
        pools.add({"name": "hotspot-pool", "ranges": f"10.{block}.64.10-10.{block}.67.254"})
        self.tables[menus.ADDRESS].add(
            {"address": f"10.{block}.0.1/19", "network": f"10.{block}.0.0", "interface": views.ACCESS}
        )
        local = {"local-address": f"10.{block}.0.1", "remote-address": "pppoe-pool", "default": "true"}
        profiles = self.tables[menus.PROFILE]
        profiles.restore({".id": "*0", "name": "default", **local})
        profiles.restore({".id": "*FFFFFFFE", "name": "default-encryption", "use-encryption": "yes", **local})
        self.tables[menus.HOTSPOT_PROFILE].restore({".id": "*0", "name": "default", "default": "true"})

    def set_up_services(self) -> None:
        """Fill the menus that every router has rows in, where a state kept on disk is older than they are."""
        for path in (menus.NTP, menus.DNS, menus.NOTE, menus.RADIUS_INCOMING):
            if not self.tables[path].rows:
                self.tables[path].restore({".id": "*0"})
        services = self.tables[menus.SERVICE]
        if not services.rows:
            for name, port in SERVICES:
                services.restore({".id": services.reserve_id(), "name": name, "port": str(port)})

    def settle(self) -> float:
        """Let everything that was due happen; return the time up to which it did."""
        now = self.now()
        self.homes.settle(now)
        downloaded, uploaded = self.fixed.count(now)
        self.homes.total_download_bytes += downloaded
        self.homes.total_upload_bytes += uploaded
        return now

    def knows(self, path: str) -> bool:
        """Return whether there is a menu at `path`."""
        return path in self.tables or path in menus.OBSERVED or path == FILE

    def rows(self, path: str, *, now: float) -> Iterable[Row]:
        """Return what print shows of a menu, in its order; the rows are for reading at once."""
        homes, options = self.homes, self.options
        observed: Mapping[str, Callable[[], Iterable[Row]]] = {
            menus.RESOURCE: lambda: [views.resource_row(options, homes, now, booted_at=self.booted_at)],
            menus.ROUTERBOARD: lambda: [views.routerboard_row(options)],
            menus.HEALTH: lambda: tools.health_rows(options, now),
            menus.NEIGHBOUR: lambda: tools.neighbour_rows(options),
            FILE: lambda: self.files.rows(options.version),
            menus.LOG: lambda: homes.log.rows,
            menus.PPPOE_SERVER: lambda: views.pppoe_server_rows(homes, now),
            menus.PPP_ACTIVE: lambda: views.ppp_active_rows(homes, now, boots=self.boots),
            menus.HOTSPOT_ACTIVE: lambda: views.hotspot_active_rows(homes, now),
        }
        if path in observed:
            return observed[path]()
        return self._rows_with_dynamic(path, now=now)

    def remove_sessions(self, path: str, ids: Iterable[str]) -> None:
        """End the sessions with these ids or names; none ends when one is not there."""
        now = self.now()
        menu = SESSION_MENUS[path]
        ours = [session for session in self.homes.sessions.values() if session.menu == menu]
        ended: dict[int, Session] = {}
        for wanted in ids:
            found = next((one for one in ours if wanted in (views.active_id(one), one.user)), None)
            if found is None:
                raise traps.no_such_item()
            ended[found.number] = found
        for session in ended.values():
            self.homes.kick(session, now)

    def export(self, attributes: Mapping[str, str]) -> None:
        """Write the configuration to a file. Raises TrapError."""
        name = attributes.get("file", "")
        if not name:
            return  # it would be printed to a terminal, and the API shows nothing
        old = self.options.version.startswith("6.")
        shows = "hide-sensitive" not in attributes if old else "show-sensitive" in attributes
        now = self.now()
        text = export_text(self.options, self.tables, at=now, shows_secrets=shows)
        self.files.write(f"{name}.rsc", text, at=now)

    def reboot(self) -> None:
        """Start again: sessions and numbering are lost, the configuration stays."""
        now = self.settle()
        self.boots += 1
        self.booted_at = now
        self.homes.lose_all(now)
        self.fixed.reset()
        self.homes.log.note("system,info", "router rebooted", at=now)

    def _rows_with_dynamic(self, path: str, *, now: float) -> Iterable[Row]:
        configured = self.tables[path].rows.values()
        match path:
            case menus.INTERFACE:
                return views.interface_rows(self.homes, configured, now)
            case menus.QUEUE:
                return [*self.fixed.rows(configured, now), *views.queue_rows(self.homes, now)]
            case menus.LEASE:
                return [*configured, *tools.lease_rows(self.options, now, booted_at=self.booted_at)]
            case menus.ADDRESS_LIST:
                return [*configured, *views.address_list_rows(self.homes)]
            case menus.IDENTITY:
                return [{"name": row["name"]} for row in configured]
        return configured

    def _exists(self, menu: str, name: str) -> bool:
        if menu == menus.INTERFACE and name in self.homes.by_interface:
            return True
        return menu in self.tables and self.tables[menu].named(name) is not None

    def _changed(self, path: str, what: str, row: Row) -> None:
        self._dirty()
        if path in SESSION_MENUS.values():
            self.homes.heed(path, what, row, self.now())
        if what == "removed":
            self._repoint(path, row.get("name", ""), row[".id"])
        elif what.startswith("renamed "):
            self._repoint(path, what.removeprefix("renamed "), row["name"])

    def _repoint(self, path: str, old: str, new: str) -> None:
        if old:
            for table in self.tables.values():
                table.repoint(path, old, new)


def _port(row_id: str, number: int) -> Row:
    name = f"ether{number}"
    return {
        ".id": row_id,
        "name": name,
        "default-name": name,
        "type": "ether",
        "actual-mtu": "1500",
        "l2mtu": "1584",
        "max-l2mtu": "9570",
        "mac-address": f"48:A9:8A:00:00:{number:02X}",
        "link-downs": "0",
        "rx-byte": "0",
        "tx-byte": "0",
        "rx-packet": "0",
        "tx-packet": "0",
        "rx-drop": "0",
        "tx-drop": "0",
        "tx-queue-drop": "0",
        "rx-error": "0",
        "tx-error": "0",
        "fp-rx-byte": "0",
        "fp-tx-byte": "0",
        "running": "true" if number <= 2 else "false",
    }
