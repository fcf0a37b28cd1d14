"""What our door for webhooks is compared with: `python -m benchmarks.webhook_peers WHICH PORT DATABASE` serves one.

`noop` is a Starlette route that does nothing. `usual` is how such a door is usually written: FastAPI, a SQLModel
session per request, and a commit before the answer. `inline` commits in the event loop without an ORM. The last two
prove the signature, keep the same row as durably as we do, and know a repeat.
"""

import hashlib
import hmac
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from sqlalchemy import Engine, create_engine, event
from sqlmodel import Field, Session, SQLModel, select
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.installation import PAYSTACK_KEY
from benfex.core.clock import SystemClock

PATH = "/webhooks/paystack"
TABLE = (
    "CREATE TABLE kept (id INTEGER PRIMARY KEY, external_id VARCHAR(80) NOT NULL UNIQUE, headers TEXT NOT NULL,"
    " body BLOB NOT NULL, status VARCHAR(24) NOT NULL, received_at TIMESTAMP NOT NULL)"
)
INSERT = (
    "INSERT INTO kept (external_id, headers, body, status, received_at) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)


class Kept(SQLModel, table=True):
    """A message as the usual door keeps it."""

    id: int | None = Field(default=None, primary_key=True)
    external_id: str = Field(max_length=80, unique=True)
    headers: str
    body: bytes
    status: str
    received_at: datetime


def opened(path: Path) -> sqlite3.Connection:
    """Return a connection as durable as ours: a journal written ahead, synchronous FULL."""
    link = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    link.execute("PRAGMA journal_mode=WAL")
    link.execute("PRAGMA synchronous=FULL")
    return link


def row_of(body: bytes, signature: str) -> tuple[str, str, bytes, str, str]:
    """Return the row that a message is kept as. Raises ValueError for one that is not signed."""
    proof = hmac.new(PAYSTACK_KEY.encode(), body, hashlib.sha512).hexdigest()
    if not hmac.compare_digest(proof, signature):
        raise ValueError("not signed")
    json.loads(body)
    headers = json.dumps({"x-paystack-signature": signature})
    return hashlib.sha256(body).hexdigest(), headers, body, "ignored", SystemClock().now().isoformat()


def noop(_: Path) -> Starlette:
    """Return the floor."""

    async def take(_: StarletteRequest) -> Response:
        return Response(b"", media_type="text/plain")

    return Starlette(routes=[Route(PATH, take, methods=["POST"])])


def inline(path: Path) -> Starlette:
    """Return a door that writes and commits in the event loop."""
    link = opened(path)
    link.execute(TABLE)

    async def take(request: StarletteRequest) -> Response:
        try:
            row = row_of(await request.body(), request.headers.get("x-paystack-signature", ""))
        except ValueError:
            return Response(status_code=401)
        link.execute("BEGIN IMMEDIATE")
        link.execute(INSERT, row)
        link.execute("COMMIT")
        return Response(b"", media_type="text/plain")

    return Starlette(routes=[Route(PATH, take, methods=["POST"])])


def usual(path: Path) -> FastAPI:
    """Return a door as it is usually written."""
    engine = _engine(path)
    SQLModel.metadata.create_all(engine, tables=[SQLModel.metadata.tables["kept"]])

    def session() -> Iterator[Session]:
        with Session(engine) as opened_session:
            yield opened_session

    app = FastAPI()

    async def raw(request: Request) -> bytes:
        return await request.body()

    @app.post(PATH)
    def take(
        request: Request, body: Annotated[bytes, Depends(raw)], session: Annotated[Session, Depends(session)]
    ) -> dict[str, bool]:
        try:
            row = row_of(body, request.headers.get("x-paystack-signature", ""))
        except ValueError as cause:
            raise HTTPException(401) from cause
        if session.exec(select(Kept).where(Kept.external_id == row[0])).first() is None:
            kept = Kept(
                external_id=row[0],
                headers=row[1],
                body=row[2],
                status=row[3],
                received_at=SystemClock().now(),
            )
            session.add(kept)
            session.commit()
            session.refresh(kept)
        return {"ok": True}

    return app


def _engine(path: Path) -> Engine:
    # A connection for each of its threads, so that none waits for another's.
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, pool_size=64)

    @event.listens_for(engine, "connect")
    def prepare(link: sqlite3.Connection, _: object) -> None:
        link.execute("PRAGMA journal_mode=WAL")
        link.execute("PRAGMA synchronous=FULL")

    return engine


def main() -> None:
    """Serve one of them as the product is served."""
    which, port, path = sys.argv[1:]
    servers: dict[str, Callable[[Path], Starlette]] = {"noop": noop, "inline": inline, "usual": usual}
    uvicorn.run(
        servers[which](Path(path)), host="127.0.0.1", port=int(port), log_level="warning", access_log=False
    )


if __name__ == "__main__":
    main()
