"""Knock at another program's door by httpx: to the address that was checked, without redirects, for ten seconds."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from benfex.core.trust import trusted_authorities
from benfex.outgoing.addresses import Knock

_SECONDS = 10
_ANSWER_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class KnockAnswer:
    """What came back: the status, None where nothing did; `problem` says why in words, empty for 2xx."""

    status: int | None
    problem: str = ""

    @property
    def is_taken(self) -> bool:
        """Return whether the program took it."""
        return self.status is not None and 200 <= self.status < 300


async def knock(where: Knock, *, headers: Mapping[str, str], body: bytes) -> KnockAnswer:
    """Post a body, and return what came back. Never raises for what the other side does."""
    address = f"[{where.address}]" if ":" in where.address else where.address
    url = httpx.URL(where.url).copy_with(host=address)
    own = {
        "host": where.host if where.port in {80, 443} else f"{where.host}:{where.port}",
        "content-type": "application/json",
        "user-agent": "Benfex-Webhooks/1",
    }
    try:
        async with (
            asyncio.timeout(_SECONDS),
            httpx.AsyncClient(
                verify=trusted_authorities() if where.is_tls else False,
                timeout=_SECONDS,
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream(
                "POST",
                url,
                content=body,
                headers={**own, **headers},
                extensions={"sni_hostname": where.host},
            ) as answer,
        ):
            read = 0
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > _ANSWER_MAX:
                    break
            status = answer.status_code
    except TimeoutError:
        return KnockAnswer(None, f"No answer in {_SECONDS} seconds.")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as cause:
        return KnockAnswer(None, f"No connection: {cause}"[:200] if str(cause) else "No connection.")
    if 200 <= status < 300:
        return KnockAnswer(status)
    if 300 <= status < 400:
        return KnockAnswer(status, "It sends us elsewhere, and we do not follow.")
    return KnockAnswer(status, f"It answered {status}.")
