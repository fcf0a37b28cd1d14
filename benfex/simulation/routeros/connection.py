"""One API connection: login, tags, cancelling, and the faults that strike on the wire (reference A)."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Protocol, cast

from benfex.simulation.routeros import traps
from benfex.simulation.routeros.commands import (
    MONITOR,
    REBOOT,
    Answer,
    Command,
    execute,
    monitor_rows,
    parse_command,
)
from benfex.simulation.routeros.device import Device
from benfex.simulation.routeros.faults import FaultKind
from benfex.simulation.routeros.options import version_of
from benfex.simulation.routeros.tools import TOOLS, tool_rows
from benfex.simulation.routeros.traffic import make_random
from benfex.simulation.routeros.traps import TrapError
from benfex.simulation.routeros.wire import Row, SentenceBuffer, WireError, encode_rows, encode_sentence

STREAM_SECONDS = 1.0
STREAMS_MAX = 32
EMPTY_SINCE = (7, 18)
DROP_BYTES, DROP_SECONDS = 16, 0.005


class Host(Protocol):
    """What a connection needs of the router it belongs to."""

    device: Device

    def joined(self, connection: "Connection") -> None:
        """Take note of a new connection."""

    def left(self, connection: "Connection") -> None:
        """Take note that a connection is gone."""

    def reboot(self) -> None:
        """Start the router again."""


class Connection(asyncio.Protocol):
    """The router's end of one client connection."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._device = host.device
        self._buffer = SentenceBuffer()
        self._is_in = False
        self._transport: asyncio.Transport | None = None
        self._streams: dict[str | None, asyncio.TimerHandle] = {}
        self._dripping = bytearray()
        self._drops: asyncio.TimerHandle | None = None
        self._says_empty = version_of(host.device.options.version) >= EMPTY_SINCE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a client, or turn it away at once while the router is unreachable."""
        self._transport = cast(asyncio.Transport, transport)
        self._host.joined(self)
        if self._device.faults.strikes(FaultKind.UNREACHABLE):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop what was streaming to this client."""
        self._transport = None
        for handle in self._streams.values():
            handle.cancel()
        self._streams.clear()
        self._host.left(self)

    def pause_writing(self) -> None:
        """Read no more commands while the client does not read its answers."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read commands again."""
        if self._transport is not None:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Answer every sentence that is now complete, in order."""
        try:
            sentences = self._buffer.feed(data)
        except WireError:
            self.abort()
            return
        for words in sentences:
            if self._transport is None or self._transport.is_closing():
                return
            self._answer(parse_command(words))

    def abort(self) -> None:
        """Tear the connection down, so that the client sees a reset."""
        if self._transport is None:
            return
        own_socket = self._transport.get_extra_info("socket")
        if own_socket is not None:
            own_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _answer(self, command: Command) -> None:
        self._device.commands[command.path] += 1
        faults = self._device.faults
        if faults.strikes(FaultKind.STALLED):
            return
        if faults.strikes(FaultKind.GARBAGE):
            self._write(make_random(f"{self._device.bytes_out}").randbytes(200))
            return
        if command.path == "/login":
            self._reply(command, lambda: self._log_in(command))
        elif not self._is_in:
            self._end("not logged in")
        elif faults.strikes(FaultKind.TRAP):
            self._write(_trap(traps.failure("not now"), command.tag) + _closing(command.tag))
        elif command.path == "/quit":
            self._end("session terminated on request")
        elif command.path == "/cancel":
            self._cancel(command)
        elif command.path == MONITOR and "once" not in command.attributes:
            self._start_stream(command)
        elif command.path in TOOLS:
            self._start_tool(command)
        elif command.path == REBOOT:
            self._host.reboot()
        else:
            self._execute(command)

    def _log_in(self, command: Command) -> Answer:
        options = self._device.options
        given = (command.attributes.get("name"), command.attributes.get("password"))
        if self._device.faults.strikes(FaultKind.WRONG_PASSWORD) or given != (
            options.username,
            options.password,
        ):
            raise traps.wrong_login()
        self._is_in = True
        return Answer()

    def _execute(self, command: Command) -> None:
        self._device.settle()
        faults = self._device.faults
        if command.is_write and faults.strikes(FaultKind.DROP_WRITE):
            self._reply(command, lambda: Answer(result="*7FFFFFFF" if command.verb == "add" else None))
            return
        closes = command.is_write and faults.strikes(FaultKind.CLOSE_AFTER_WRITE)
        if not closes:
            self._reply(command, lambda: execute(self._device, command))
            return
        with contextlib.suppress(TrapError):  # the client learns neither of success nor of a refusal
            execute(self._device, command)
        self.abort()

    def _reply(self, command: Command, act: Callable[[], Answer]) -> None:
        try:
            answer = act()
            # Rows are made while they are encoded, and go out in one write with the closing word.
            rows = answer.rows
            if answer.is_listing and self._device.faults.strikes(FaultKind.REPEATS):
                rows = (row for each in rows for row in (each, each))
            body = encode_rows(rows, names=answer.names, tag=command.tag)
        except TrapError as trap:
            self._write(_trap(trap, command.tag) + _closing(command.tag))
            return
        if answer.is_listing and not body and self._says_empty:
            body = encode_sentence(["!empty", *_tag(command.tag)])
        self._write(body + _closing(command.tag, answer.result))

    def _end(self, reason: str) -> None:
        self._write(encode_sentence(["!fatal", reason]))
        if self._transport is not None:
            self._transport.close()

    def _start_stream(self, command: Command) -> None:
        if len(self._streams) >= STREAMS_MAX:
            trap = traps.failure("too many commands")
            self._write(_trap(trap, command.tag) + _closing(command.tag))
            return
        self._stream(command)

    def _stream(self, command: Command) -> None:
        """Send the rates now and again every second, until it is cancelled or an interface is gone."""
        self._streams.pop(command.tag, None)
        try:
            self._device.settle()
            rows = monitor_rows(self._device, command)
        except TrapError as trap:
            self._write(_trap(trap, command.tag) + _closing(command.tag))
            return
        self._write(encode_rows(rows, names=None, tag=command.tag))
        loop = asyncio.get_running_loop()
        self._streams[command.tag] = loop.call_later(STREAM_SECONDS, self._stream, command)

    def _start_tool(self, command: Command) -> None:
        try:
            lists = tool_rows(command.path, command.attributes)
        except TrapError as trap:
            self._write(_trap(trap, command.tag) + _closing(command.tag))
            return
        self._use_tool(command, lists)

    def _use_tool(self, command: Command, lists: Iterator[list[Row]]) -> None:
        """Send what a tool prints next, and so on until it is done or cancelled."""
        self._streams.pop(command.tag, None)
        rows = next(lists, None)
        if rows is None:
            self._write(_closing(command.tag))
            return
        self._write(encode_rows(rows, names=None, tag=command.tag))
        wait_seconds = self._device.options.tool_seconds
        loop = asyncio.get_running_loop()
        self._streams[command.tag] = loop.call_later(wait_seconds, self._use_tool, command, lists)

    def _cancel(self, command: Command) -> None:
        """Stop the command with the given tag, or all of them; each says so, and so does the cancelling."""
        wanted = command.attributes.get("tag")
        tags = [tag for tag in self._streams if wanted is None or tag == wanted]
        for tag in tags:
            self._streams.pop(tag).cancel()
            self._write(_trap(traps.interrupted(), tag) + _closing(tag))
        if wanted is not None and not tags:
            self._write(_trap(TrapError("unknown tag", category=5), command.tag))
        self._write(_closing(command.tag))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if self._is_in and self._device.faults.strikes(FaultKind.CUT):
                self._transport.write(data[: max(1, len(data) // 2)])
                self._transport.close()
                return
            self._device.bytes_out += len(data)
            if (self._is_in and self._device.faults.strikes(FaultKind.TRICKLE)) or self._dripping:
                self._dripping += data
                self._drip()
                return
            self._transport.write(data)

    def _drip(self) -> None:
        """Let out a few bytes, and the others later; what is written meanwhile comes after them."""
        if self._drops is not None or self._transport is None or self._transport.is_closing():
            return
        self._transport.write(bytes(self._dripping[:DROP_BYTES]))
        del self._dripping[:DROP_BYTES]
        if self._dripping:
            self._drops = asyncio.get_running_loop().call_later(DROP_SECONDS, self._next_drop)

    def _next_drop(self) -> None:
        self._drops = None
        self._drip()


def _tag(tag: str | None) -> list[str]:
    return [] if tag is None else [f".tag={tag}"]


def _trap(trap: TrapError, tag: str | None) -> bytes:
    category = [] if trap.category is None else [f"=category={trap.category}"]
    return encode_sentence(["!trap", *_tag(tag), *category, f"=message={trap.message}"])


def _closing(tag: str | None, result: str | None = None) -> bytes:
    return encode_sentence(["!done", *_tag(tag), *([] if result is None else [f"=ret={result}"])])
