"""A JSON file that outlives a restart of a simulated gateway. Routers: routeros/storage.py."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

SAVE_AFTER_SECONDS = 1.0


class StateFile:
    """One JSON object on disk, written a moment after a change; a path of None keeps nothing."""

    def __init__(self, path: Path | None, *, describe: Callable[[], dict[str, object]]) -> None:
        self._path = path
        self._describe = describe
        self._handle: asyncio.TimerHandle | None = None

    def load(self) -> dict[str, object]:
        """Return what was kept, or an empty object. Raises ValueError when the file is not a JSON object."""
        return load_object(self._path)

    def touch(self) -> None:
        """Write soon; more changes until then are written together."""
        if self._path is not None and self._handle is None:
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(SAVE_AFTER_SECONDS, self.save)

    def save(self) -> None:
        """Write now, whole or not at all."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._path is not None:
            save_object(self._path, self._describe())


def load_object(path: Path | None) -> dict[str, object]:
    """Return the JSON object in `path`, empty when there is no file. Raises ValueError naming the file."""
    if path is None or not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is not JSON; delete it to start afresh") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} is not a JSON object; delete it to start afresh")
    return content


def save_object(path: Path, content: dict[str, object]) -> None:
    """Write `content` to `path` through a file beside it, so that a crash leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    os.replace(beside, path)
