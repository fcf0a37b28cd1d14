"""How one simulated router is set up. What it then does is in device.py and server.py."""

import re
from dataclasses import dataclass
from pathlib import Path

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RouterOptions:
    """One router: its door, its nameplate and the pace of the homes behind it.

    Spans are (least, most) seconds. `port` 0 takes a free one. `state_path` None keeps nothing on disk.
    `redial_seconds` is the pause after a session was removed, `hangup_seconds` after it ended by itself;
    `tool_seconds` lie between two lines of ping and traceroute.
    """

    name: str
    port: int = 0
    username: str = "benfex"
    password: str = ""
    seed: int = 1
    board: str = "CCR2004-16G-2S+"
    version: str = "7.18.2 (stable)"
    state_path: Path | None = None
    dial_seconds: Span = (0.2, 1.0)
    redial_seconds: Span = (1.0, 3.0)
    hangup_seconds: Span = (2.0, 8.0)
    mean_session_seconds: float = 3 * 3600.0
    tool_seconds: float = 1.0
    host: str = "127.0.0.1"


def version_of(text: str) -> tuple[int, int]:
    """Return (7, 18) of "7.18.2 (stable)"."""
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
