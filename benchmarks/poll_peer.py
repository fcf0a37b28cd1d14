"""The peer of `poll`: plain librouteros, which prints the same menus whole; and ours beside it, in one thread each."""

import statistics
import time
from collections.abc import Sequence

import librouteros

from benchmarks.processes import BenchmarkError
from benfex.demo.history import RouterPlace
from benfex.network.driver import PollReading, RouterAddress
from benfex.network.drivers.routeros import reads
from benfex.network.drivers.routeros.conversation import converse
from benfex.network.drivers.routeros.replies import Row

_PROPLIST = "=.proplist="


def cpu_a_row(places: Sequence[RouterPlace]) -> tuple[float, float]:
    """Return the processor seconds a row of ours and of plain librouteros, medians. Raises BenchmarkError.

    A row is one that the router told. Ours ends in the reading that the product works with, the peer's in rows.
    """
    ours: list[float] = []
    peers: list[float] = []
    for place in places:
        seconds, rows, asked, reading = _ours(place)
        peer_seconds, told = _peer(place, asked)
        names = {str(row.get("user")) for row in told if "user" in row}
        online = {session.username for session in reading.sessions}
        if abs(len(told) - rows) > 2 or len(names ^ online) > 2:  # a home dials in or hangs up now and then
            raise BenchmarkError(f"Ours read {rows} rows of a router, plain librouteros {len(told)}.")
        ours.append(seconds / rows)
        peers.append(peer_seconds / len(told))
    return statistics.median(ours), statistics.median(peers)


def _ours(place: RouterPlace) -> tuple[float, int, list[tuple[str, ...]], PollReading]:
    address = RouterAddress(
        host=place["host"], port=place["port"], username=place["username"], password=place["password"]
    )
    conversation = converse(address)
    asked: list[tuple[str, ...]] = []
    rows = 0

    def ask(command: str, *words: str) -> list[Row]:
        nonlocal rows
        answer = conversation.ask(command, *words)
        asked.append((command, *words))
        rows += len(answer)
        return answer

    try:
        reads.read_poll(ask)  # the first opens what is made once
        asked.clear()
        rows = 0
        began = time.thread_time()
        reading = reads.read_poll(ask)
        return time.thread_time() - began, rows, asked, reading
    finally:
        conversation.close()


def _peer(place: RouterPlace, asked: Sequence[tuple[str, ...]]) -> tuple[float, list[dict[str, object]]]:
    api = librouteros.connect(
        place["host"], place["username"], place["password"], port=place["port"], encoding="utf-8"
    )
    told: list[dict[str, object]] = []
    try:
        began = time.thread_time()
        for command, *words in asked:
            told += api.rawCmd(command, *(word for word in words if not word.startswith(_PROPLIST)))
        return time.thread_time() - began, told
    finally:
        api.close()
