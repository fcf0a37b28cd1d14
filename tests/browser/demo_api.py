"""The demo as its API tells it, so that tests look rows up instead of knowing their ids."""

from collections.abc import Iterator
from typing import Any

import httpx

ADMIN = ("admin@savanna.example", "demo-admin")
OWNER = ("owner@savanna.example", "demo-owner")


class DemoApi:
    """The lists of the demo's API, as its admin sees them."""

    def __init__(self, address: str) -> None:
        name, password = ADMIN
        door = f"{address}/api/v1/auth/token"
        answer = httpx.post(door, data={"username": name, "password": password}, timeout=10)
        self._base = f"{address}/api/v1"
        self._headers = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}

    def one(self, path: str) -> dict[str, Any]:
        """Return one row."""
        answer = httpx.get(f"{self._base}{path}", headers=self._headers, timeout=10)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def make(self, path: str, wish: dict[str, Any]) -> dict[str, Any]:
        """Make something and return it."""
        answer = httpx.post(f"{self._base}{path}", json=wish, headers=self._headers, timeout=10)
        made: dict[str, Any] = answer.raise_for_status().json()
        return made

    def rows(self, path: str, **query: str | int | bool) -> Iterator[dict[str, Any]]:
        """Yield the rows of a list, newest first, from all its pages."""
        following: dict[str, Any] = {**query, "limit": 100}
        while True:
            answer = httpx.get(f"{self._base}{path}", params=following, headers=self._headers, timeout=10)
            page = answer.raise_for_status().json()
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            following["cursor"] = page["next_cursor"]
