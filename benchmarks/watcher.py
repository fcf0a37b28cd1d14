"""Watching clients without a browser: each opens the overview as a browser does and counts what is pushed.

A process of its own: `python -m benchmarks.watcher URL SESSION CLIENTS SECONDS ZONE` prints one line of JSON for
each of two moments, when all charts follow and when the time is over. The words on the wire are those of
Engine.IO 4 and Socket.IO 5 (their protocol documents) and of NiceGUI 3 (static/nicegui.js).
"""

import asyncio
import html
import json
import re
import sys
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx
from websockets.asyncio.client import ClientConnection, connect

_ELEMENTS = re.compile(r"parseElements\(String\.raw`(.*?)`\)", re.DOTALL)
_CLIENT = re.compile(r"""query: \{.*?["']client_id["']: ["']([0-9a-f-]+)["']""")
_NEXT_MESSAGE = re.compile(r"""query: \{.*?["']next_message_id["']: (\d+)""")
_READY = "plotly_afterplot"
_APPENDED = "extendTraces"
_ASKED = re.compile(r'"request_id":"([0-9a-f-]+)"')
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
_READY_SECONDS = 60.0
_PAGES_AT_ONCE = 4


@dataclass(slots=True)
class Seen:
    """What arrived at all clients: ages of points in ms, sizes of appended points and of everything."""

    ages_ms: list[float] = field(default_factory=list)
    append_bytes: list[int] = field(default_factory=list)
    messages: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page as the server sent it: how its socket introduces itself, and its live chart."""

    client_id: str
    next_message: int
    chart_id: int
    listener_id: str
    figure: dict[str, Any]


class Watcher:
    """One open overview."""

    def __init__(self, url: str, session: str, zone: ZoneInfo, seen: Seen) -> None:
        self._url, self._zone, self._seen = url, zone, seen
        self._cookie = f"benfex_session={session}"
        self._next_message = 0
        self.is_following = asyncio.Event()

    async def watch(self, http: httpx.AsyncClient, slots: asyncio.Semaphore) -> None:
        """Open the page, say that its chart was drawn, and take what comes until cancelled."""
        async with slots:
            page = await open_page(http, self._url)
            self._next_message = page.next_message
            socket = await connect(
                self._address(page),
                additional_headers={"Cookie": self._cookie},
                compression=None,
                max_size=None,
                ping_interval=None,
                proxy=None,
            )
            await self._introduce(socket, page)
        async with socket:
            acknowledging = asyncio.get_running_loop().create_task(self._acknowledge(socket, page))
            try:
                async for message in socket:
                    await self._take(socket, page, str(message))
            finally:
                acknowledging.cancel()

    def _address(self, page: Page) -> str:
        query = {
            "client_id": page.client_id,
            "next_message_id": str(page.next_message),
            "implicit_handshake": "true",
            "document_id": str(uuid.uuid4()),
            "tab_id": str(uuid.uuid4()),
            "EIO": "4",
            "transport": "websocket",
        }
        return f"{self._url.replace('http', 'ws', 1)}/_nicegui_ws/socket.io/?{urlencode(query)}"

    async def _introduce(self, socket: ClientConnection, page: Page) -> None:
        opened = str(await socket.recv())
        assert opened.startswith("0"), opened
        await socket.send("40")
        while not (answer := str(await socket.recv())).startswith("40"):
            assert not answer.startswith("44"), answer
        drawn = {
            "id": page.chart_id,
            "client_id": page.client_id,
            "listener_id": page.listener_id,
            "args": [],
        }
        await socket.send("42" + json.dumps(["event", drawn]))

    async def _acknowledge(self, socket: ClientConnection, page: Page) -> None:
        """Tell every 3 s what arrived, as the page's own script does."""
        while True:
            await asyncio.sleep(3)
            told = {"client_id": page.client_id, "next_message_id": self._next_message}
            await socket.send("42" + json.dumps(["ack", told]))

    async def _take(self, socket: ClientConnection, page: Page, message: str) -> None:
        arrived = time.time()
        if message == "2":
            await socket.send("3")
            return
        seen = self._seen
        seen.messages += 1
        seen.bytes += len(message.encode())
        self._next_message += 1
        asked = _ASKED.search(message)
        if asked is not None:  # who does not answer is an error
            answer = {"request_id": asked[1], "client_id": page.client_id, "result": False}
            await socket.send("42" + json.dumps(["javascript_response", answer]))
        if _APPENDED not in message:
            return
        self.is_following.set()
        times = _TIME.findall(message)
        # The four traces share their times; a first message holds all that was missed.
        if len(set(times)) == 1:
            seen.append_bytes.append(len(message.encode()))
            at = datetime.fromisoformat(times[0]).replace(tzinfo=self._zone)
            seen.ages_ms.append((arrived - at.timestamp()) * 1000)


async def open_page(http: httpx.AsyncClient, url: str) -> Page:
    """Return the overview as the server builds it for one visitor."""
    response = await http.get(f"{url}/admin")
    response.raise_for_status()
    found = _ELEMENTS.search(response.text)
    client, number = _CLIENT.search(response.text), _NEXT_MESSAGE.search(response.text)
    if found is None or client is None or number is None:
        raise RuntimeError("The page has another shape.")
    elements = json.loads(html.unescape(found[1]))
    for element_id, element in elements.items():
        for event in element.get("events", ()):
            if event["type"] == _READY:
                figure = element["props"]["options"]
                return Page(client[1], int(number[1]), int(element_id), event["listener_id"], figure)
    raise RuntimeError("The page has no live chart.")


async def _main(url: str, session: str, clients: int, seconds: float, zone: ZoneInfo) -> None:
    seen = Seen()
    slots = asyncio.Semaphore(_PAGES_AT_ONCE)
    watchers = [Watcher(url, session, zone, seen) for _ in range(clients)]
    async with httpx.AsyncClient(trust_env=False, cookies={"benfex_session": session}, timeout=30) as http:
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(watcher.watch(http, slots)) for watcher in watchers]
        try:
            await _until_all_follow(watchers, tasks)
            _say({"following": clients})
            seen.ages_ms.clear()
            seen.append_bytes.clear()
            seen.messages = seen.bytes = 0
            await asyncio.wait(tasks, timeout=seconds)
            lost = sum(task.done() for task in tasks)
            page = await open_page(http, url)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    _say(
        {
            "ages_ms": [round(age, 2) for age in seen.ages_ms],
            "append_bytes": seen.append_bytes,
            "messages": seen.messages,
            "bytes": seen.bytes,
            "lost": lost,
            "figure": page.figure,
        }
    )


async def _all_follow(watchers: list[Watcher]) -> None:
    for watcher in watchers:
        await watcher.is_following.wait()


async def _until_all_follow(watchers: list[Watcher], tasks: list[asyncio.Task[None]]) -> None:
    """Wait until every chart got a point. Raises TimeoutError, and what ended a client meanwhile."""
    following = asyncio.get_running_loop().create_task(_all_follow(watchers))
    try:
        async with asyncio.timeout(_READY_SECONDS):
            ended, _ = await asyncio.wait([following, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _, _url, _session, _clients, _seconds, _zone = sys.argv
    asyncio.run(_main(_url, _session, int(_clients), float(_seconds), ZoneInfo(_zone)))
