"""Hash and verify passwords with argon2id, in a small pool of threads so that signing in slows nobody.

A verify costs about 25 ms and 19 MiB (OWASP's minimum: m=19 MiB, t=2, p=1); the pool bounds both.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from data.values.errors import InvalidInput

_SHORTEST, _LONGEST = 8, 128
_COMMON = frozenset({"password", "12345678", "123456789", "1234567890", "qwertyui", "password1", "11111111"})


class PasswordKeeper:
    """Hashes and verifies; at most two at a time."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, hash_password, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether the password is right; an unknown account takes as long as a known one."""
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(self._pool, _verify, password, stored)
        return right and stored is not None

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def hash_password(password: str) -> str:
    """Return the hash to store; takes about 25 ms, so never within a transaction or on the loop."""
    return str(_scheme().hash(password))


def check_password(password: str, *, field: str = "password") -> str:
    """Return the password. Raises InvalidInput when it is too short, too long or one of the commonest."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise InvalidInput(field, f"Choose a password of {_SHORTEST} to {_LONGEST} letters.")
    if password.lower() in _COMMON:
        raise InvalidInput(field, "This password is among the commonest. Choose another.")
    return password


@cache
def _scheme() -> Any:
    from passlib.hash import argon2  # with the first password: a start has none

    return argon2.using(type="ID", memory_cost=19_456, rounds=2, parallelism=1)


@cache
def _decoy() -> str:
    return hash_password("no such account")


def _verify(password: str, stored: str | None) -> bool:
    decoy = _decoy()  # made with whoever comes first: how long that takes tells nothing of an account
    if len(password) > _LONGEST:
        return False
    return bool(_scheme().verify(password, stored or decoy))
