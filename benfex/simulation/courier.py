"""The courier carries callbacks to our side, and loses, doubles and delays them by policy.

What the callbacks say is in daraja_stk.py, daraja_c2b.py and paystack_words.py.
"""

import asyncio
import logging
import random
import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache

import httpx

from benfex.simulation.options import DeliveryPolicy, changed

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0
KEPT_DELIVERIES = 2_000
CONNECTIONS = 32
KEPT_CONNECTIONS = 8
ALIASES = {"lose": "lose_callback"}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One callback: the same bytes however often it is sent. `about` names the payment for the log."""

    kind: str
    url: str
    body: bytes
    about: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """How a payment's callback and confirmation travel: copies (0 is lost), and the wait before."""

    callback_copies: int
    confirmation_copies: int
    delay_seconds: float


class Courier:
    """Sends parcels over HTTP in tasks of its own, and remembers each delivery."""

    def __init__(self, *, policy: DeliveryPolicy | None = None, seed: int = 1) -> None:
        self.policy = policy or DeliveryPolicy()
        self.deliveries: deque[dict[str, object]] = deque(maxlen=KEPT_DELIVERIES)
        self.sent = 0
        self.lost = 0
        self._chance = random.Random(seed)  # noqa: S311 (a story to repeat, not a secret)
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def change(self, changes: Mapping[str, object]) -> None:
        """Change the policy by name. Raises ValueError naming the field."""
        self.policy = changed(
            self.policy, {ALIASES.get(name, name): value for name, value in changes.items()}
        )

    def route(self) -> Route:
        """Decide how the next payment's callbacks travel; the `…_next` counts go down by one."""
        lost = self.takes_next("lose_next") or self._falls(self.policy.lose_callback)
        mute = self.takes_next("lose_confirmation_next")
        mute = mute or (lost and self._falls(self.policy.lose_confirmation))
        doubled = self.takes_next("duplicate_next")
        late = self.policy.late_seconds if self.takes_next("late_next") else 0.0
        return Route(
            callback_copies=0 if lost else 1 + (doubled or self._falls(self.policy.duplicate)),
            confirmation_copies=0 if mute else 1 + (doubled or self._falls(self.policy.duplicate)),
            delay_seconds=self.policy.delay_seconds + late,
        )

    def takes_next(self, name: str) -> bool:
        """Tell whether the count of this name still holds, and take one from it."""
        left = int(getattr(self.policy, name))
        if left <= 0:
            return False
        self.policy = changed(self.policy, {name: left - 1})
        return True

    def send(self, parcel: Parcel, *, copies: int = 1, after_seconds: float = 0.0) -> None:
        """Send `copies` of the parcel later, at the same moment; none at all is noted as lost."""
        task = asyncio.get_running_loop().create_task(
            self.deliver(parcel, copies=copies, after_seconds=after_seconds)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def deliver(self, parcel: Parcel, *, copies: int = 1, after_seconds: float = 0.0) -> None:
        """Send `copies` of the parcel and return when all were answered or given up."""
        if copies == 0:
            self.lost += 1
            self._note(parcel, status=None, lost=True)
            return
        if after_seconds > 0:
            await asyncio.sleep(after_seconds)
        async with asyncio.TaskGroup() as group:
            for _ in range(copies):
                group.create_task(self._insist(parcel))

    async def ask(self, parcel: Parcel, *, seconds: float) -> httpx.Response | None:
        """Send one parcel and return the answer, None when none came in time."""
        try:
            async with asyncio.timeout(seconds):
                response = await self._http().post(
                    parcel.url, content=parcel.body, headers=list(parcel.headers)
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            logger.info("%s for %s was not answered: %s", parcel.kind, parcel.about, type(error).__name__)
            self._note(parcel, status=None)
            return None
        self._note(parcel, status=response.status_code)
        return response

    async def settle(self) -> None:
        """Wait until every parcel under way has arrived or was given up."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Give up what is under way and close the connections."""
        for task in self._tasks:
            task.cancel()
        await self.settle()
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def describe(self) -> dict[str, object]:
        """Return policy and counts as the control door shows them."""
        counts = {"sent": self.sent, "lost": self.lost, "under_way": len(self._tasks)}
        return {**asdict(self.policy), **counts}

    async def _insist(self, parcel: Parcel) -> None:
        for pause in (*self.policy.retry_seconds, None):
            response = await self.ask(parcel, seconds=ANSWER_SECONDS)
            if pause is None or (response is not None and response.is_success):
                return
            await asyncio.sleep(pause)

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            # No proxy from the environment: the far end is on this machine or in its network.
            self._client = httpx.AsyncClient(
                timeout=ANSWER_SECONDS,
                trust_env=False,
                verify=_authorities(),
                limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=KEPT_CONNECTIONS),
            )
        return self._client

    def _falls(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share

    def _note(self, parcel: Parcel, *, status: int | None, lost: bool = False) -> None:
        self.sent += not lost
        self.deliveries.append(
            {
                "kind": parcel.kind,
                "about": parcel.about,
                "url": parcel.url,
                "status": status,
                "lost": lost,
                "at": time.time(),
            }
        )


def json_parcel(kind: str, *, url: str, body: bytes, about: str) -> Parcel:
    """Return a parcel of JSON bytes."""
    return Parcel(kind, url, body, about, (("content-type", "application/json"),))


def signed(parcel: Parcel, *, header: str, signature: str) -> Parcel:
    """Return the parcel with one more header."""
    return replace(parcel, headers=(*parcel.headers, (header, signature)))


@cache
def _authorities() -> ssl.SSLContext:
    """Read the file of authorities once for all couriers: it takes some 27 ms."""
    return httpx.create_ssl_context(trust_env=False)
