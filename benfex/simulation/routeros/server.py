"""`SimulatedRouter`: one simulated router on one port, and the switches that programs outside use."""

import asyncio
import socket

from benfex.simulation.routeros import menus
from benfex.simulation.routeros.connection import Connection
from benfex.simulation.routeros.device import Device
from benfex.simulation.routeros.faults import FaultKind
from benfex.simulation.routeros.options import RouterOptions
from benfex.simulation.routeros.storage import StateError, load_state, save_state
from benfex.simulation.routeros.traps import TrapError
from benfex.simulation.routeros.wire import readable

__all__ = ["FaultKind", "RouterOptions", "SimulatedRouter", "StateError", "TrapError"]

SAVE_AFTER_SECONDS = 0.2
BACKLOG = 256


class SimulatedRouter:
    """A router that speaks the API on loopback; every method belongs to the thread of its loop."""

    def __init__(self, options: RouterOptions) -> None:
        self.options = options
        self.device = Device(options, dirty=self._plan_save)
        self._port = options.port
        self._server: asyncio.Server | None = None
        self._listener: socket.socket | None = None
        self._shut: socket.socket | None = (
            None  # bound behind a closed door: nobody else gets the port meanwhile
        )
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._save_handle: asyncio.TimerHandle | None = None
        self._is_running = False

    @property
    def host(self) -> str:
        """Return the address the router listens on."""
        return self.options.host

    @property
    def port(self) -> int:
        """Return the port the router listens on; known after `start`, and kept from then on."""
        return self._port

    async def start(self) -> None:
        """Load the configuration and open the door. Raises StateError, and OSError when the port is taken."""
        path = self.options.state_path
        if path is None or not load_state(self.device, path):
            self.device.set_up_factory()
        self.device.set_up_services()
        listener = self._listen()
        self._is_running = True
        await self._serve(listener)

    async def stop(self) -> None:
        """Close the door and every connection, and keep the configuration; nothing to do before `start`."""
        if not self._is_running:
            return
        self._is_running = False
        self._close_door()
        if self._shut is not None:
            self._shut.close()
            self._shut = None
        for task in tuple(self._tasks):
            await task
        if self._save_handle is not None:
            self._save_handle.cancel()
        self._save()

    def set_fault(self, kind: FaultKind | str, count: int | None = None) -> None:
        """Switch to one fault, for `count` strikes or until another is set; "none" repairs the router.

        `counters_reset` happens at once and leaves the switch as it was. `unreachable` without a count closes
        the door; with a count the next `count` clients are turned away. Raises ValueError for unknown kinds.
        """
        wanted = FaultKind(kind)
        now = self.device.settle()
        if wanted is FaultKind.COUNTERS_RESET:
            self.device.homes.reset_counters(now)
            self.device.fixed.reset()
            return
        self.device.faults.set(wanted, count=count)
        if wanted is FaultKind.UNREACHABLE:
            self._abort_all()
        if wanted is FaultKind.UNREACHABLE and count is None:
            self._close_door()
            self._shut = self._shut or self._bind()
        elif self._listener is None and self._is_running:
            # The socket listens from here on; the loop starts accepting a moment later.
            listener = self._listen()
            task = asyncio.get_running_loop().create_task(self._serve(listener))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def drop(self, user: str) -> int:
        """End every session of `user` as an administrator would; return how many there were."""
        now = self.device.settle()
        sessions = self.device.homes.of_user(user)
        for session in sessions:
            self.device.homes.kick(session, now)
        return len(sessions)

    def dial_again(self, user: str, *, caller_id: str = "") -> str:
        """Let a second device dial with this name; return its interface, "" when it cannot."""
        return self.device.homes.dial_again(user, self.device.settle(), caller_id=caller_id)

    def type_password(self, user: str, password: str) -> None:
        """Type a password into a subscriber's equipment, which dials anew with it. Raises KeyError."""
        self.device.homes.type_password(user, password, self.device.settle())

    def reboot(self) -> None:
        """Restart the router: connections and sessions are lost, uptime and dynamic ids start again."""
        self._abort_all()
        self.device.reboot()

    def populate(self, prefix: str, count: int, profile: str) -> list[str]:
        """Add `count` PPPoE secrets named prefix0001 and so on, online at once; return the names added.

        Names that are there already are left alone. Raises TrapError when there is no such profile.
        """
        now = self.device.settle()
        secrets = self.device.tables[menus.SECRET]
        added: list[str] = []
        for number in range(1, count + 1):
            name = f"{prefix}{number:04d}"
            if secrets.named(name) is not None:
                continue
            row_id = secrets.add({"name": name, "password": name, "service": "pppoe", "profile": profile})
            self.device.homes.dial_at_once(menus.SECRET, row_id, now)
            added.append(name)
        return added

    def add_by_hand(self, name: str, *, profile: str, rate_limit: str, comment: str) -> None:
        """Add a PPPoE secret as an administrator would before there was Benfex, and its profile; online at once."""
        now = self.device.settle()
        profiles, secrets = self.device.tables[menus.PROFILE], self.device.tables[menus.SECRET]
        if profiles.named(profile) is None:
            profiles.add({"name": profile, "rate-limit": rate_limit})
        if secrets.named(name) is None:
            row = {"name": name, "password": f"pw-{name}", "service": "pppoe", "profile": profile}
            self.device.homes.dial_at_once(menus.SECRET, secrets.add(row | {"comment": comment}), now)

    def sessions(self) -> list[dict[str, object]]:
        """Return who is online: user, profile, address, uptime, rates, bytes and portal_only."""
        now = self.device.settle()
        return self.device.homes.describe(now)

    def table(self, menu: str) -> list[dict[str, str]]:
        """Return the rows of a menu as print shows them. Raises KeyError when there is no such menu."""
        path = "/" + menu.strip("/.").replace(".", "/")
        if not self.device.knows(path):
            raise KeyError(menu)
        now = self.device.settle()
        return [
            {name: readable(value) for name, value in row.items()} for row in self.device.rows(path, now=now)
        ]

    def requests(self) -> dict[str, object]:
        """Return how often each command arrived, and how many bytes and connections there were."""
        return {
            "commands": {readable(path): count for path, count in self.device.commands.items()},
            "bytes_out": self.device.bytes_out,
            "connections": self.device.connections,
        }

    def joined(self, connection: Connection) -> None:
        """Take note of a new connection."""
        self.device.connections += 1
        self._connections.add(connection)

    def left(self, connection: Connection) -> None:
        """Take note that a connection is gone."""
        self._connections.discard(connection)

    def _listen(self) -> socket.socket:
        listener, self._shut = self._shut or self._bind(), None
        listener.listen(BACKLOG)
        self._port = listener.getsockname()[1]
        self._listener = listener
        return listener

    def _bind(self) -> socket.socket:
        # With the protocol named, asyncio turns off Nagle on what is accepted.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self._port))
        except OSError:
            listener.close()
            raise
        listener.setblocking(False)
        return listener

    async def _serve(self, listener: socket.socket) -> None:
        if self._listener is not listener:  # closed again before it was open
            return
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), sock=listener, backlog=BACKLOG, start_serving=False
        )
        await self._server.start_serving()

    def _close_door(self) -> None:
        listener, self._listener = self._listener, None
        if self._server is not None:
            self._server.close()
            self._server = None
        elif listener is not None:
            listener.close()
        self._abort_all()

    def _abort_all(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()

    def _plan_save(self) -> None:
        if not self._is_running or self.options.state_path is None or self._save_handle is not None:
            return
        self._save_handle = asyncio.get_running_loop().call_later(SAVE_AFTER_SECONDS, self._save)

    def _save(self) -> None:
        self._save_handle = None
        if self.options.state_path is not None:
            save_state(self.device, self.options.state_path)
