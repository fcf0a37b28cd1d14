"""Structured logs: one line a happening, no secret in it, phone numbers masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

import structlog

_SECRET = re.compile(
    r"pass(word|key|wd)?$|secret|token|authorization|consumer_key|signature|cookie|api_key", re.I
)
_PHONE = re.compile(r"\+?\b(2547|2541|07|01)\d{5,6}(\d{3})\b")
_QUIET = ("alembic", "librouteros", "httpx", "httpcore", "apscheduler", "uvicorn.access")


def set_up_logging(*, as_json: bool | None = None) -> None:
    """Send logs to standard error: everything as JSON for machines, short lines from INFO on for a terminal."""
    if as_json is None:
        as_json = not sys.stderr.isatty()
    renderer: Any = structlog.processors.JSONRenderer() if as_json else short_line
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            scrub,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if as_json else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    for name in _QUIET:  # librouteros prints passwords at DEBUG
        logging.getLogger(name).setLevel(logging.WARNING)


def short_line(_: Any, __: str, fields: MutableMapping[str, Any]) -> str:
    """Return one line for a person: local time, the level unless it is INFO, what happened, and its fields.

    A traceback follows on lines of its own.
    """
    at = datetime.fromisoformat(fields.pop("timestamp")).astimezone()
    level, event = fields.pop("level").upper(), fields.pop("event")
    traceback = fields.pop("exception", None)
    told = [f"{name}={value}" for name, value in fields.items() if value not in ("", None)]
    parts = [f"{at:%H:%M:%S}", *([] if level == "INFO" else [level]), event, *told]
    return " ".join(parts) + (f"\n{traceback}" if traceback else "")


def scrub(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values whose name says secret, and mask phone numbers in all others."""
    for key, value in fields.items():
        if _SECRET.search(key):
            fields[key] = "•••"
        elif isinstance(value, str):
            fields[key] = _PHONE.sub(r"\1•••\2", value)
    return fields
