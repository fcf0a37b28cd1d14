"""Whether the process lives, and whether it is ready to work. Plain routes: a probe must not make a page."""

from fastapi import APIRouter
from starlette.responses import JSONResponse

from pages.dependencies import BenfexDep

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """Answer as long as the loop turns."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
async def readyz(benfex: BenfexDep) -> JSONResponse:
    """Answer 200 when the database is at head and the timetable runs, else 503 with what is missing."""
    missing = await benfex.missing()
    return JSONResponse(
        {"status": "ready" if not missing else "not ready", "missing": missing},
        status_code=200 if not missing else 503,
    )
