"""SELECTs of the overview of routers' versions; sorted and paged in the database."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from data.models.router import Router
from data.session import Session
from data.values.states import RouterStatus

_MAJOR = 1_000_000


class FirmwareRow(NamedTuple):
    """One router's version and firmware, and the newest version seen of its major release."""

    id: int
    name: str
    status: RouterStatus
    board: str
    serial: str
    version: str
    version_order: int
    firmware: str
    firmware_offered: str
    newest_order: int


_other = aliased(Router)
_NEWEST = (
    select(func.max(_other.version_order))
    .where(
        _other.status != RouterStatus.RETIRED,
        _other.version_order // _MAJOR == Router.version_order // _MAJOR,
    )
    .correlate(Router)
    .scalar_subquery()
)
_SORTS = {
    "name": (Router.name,),
    "board": (Router.board, Router.name),
    "version": (Router.version_order, Router.name),
    "firmware": (Router.firmware, Router.name),
}


def firmware_page(
    session: Session, *, only_behind: bool, search: str, sort: str, descending: bool, limit: int, offset: int
) -> list[FirmwareRow]:
    """Return one page of routers that are not retired; `sort` is name, board, version or firmware."""
    keys = _SORTS.get(sort, _SORTS["name"])
    rows = session.execute(
        select(
            Router.id,
            Router.name,
            Router.status,
            Router.board,
            Router.serial,
            Router.version,
            Router.version_order,
            Router.firmware,
            Router.firmware_offered,
            _NEWEST,
        )
        .where(*_fits(only_behind=only_behind, search=search))
        .order_by(*(key.desc() if descending else key for key in keys), Router.id)
        .limit(limit)
        .offset(offset)
    )
    return [FirmwareRow(*row) for row in rows]


def count_firmware(session: Session, *, only_behind: bool, search: str) -> int:
    """Return how many routers `firmware_page` has in all."""
    return session.execute(
        select(func.count()).select_from(Router).where(*_fits(only_behind=only_behind, search=search))
    ).scalar_one()


def _fits(*, only_behind: bool, search: str) -> list[ColumnElement[bool]]:
    fits: list[ColumnElement[bool]] = [
        Router.driver == "routeros",
        Router.status != RouterStatus.RETIRED,
    ]
    if only_behind:
        offered = and_(Router.firmware_offered != "", Router.firmware != Router.firmware_offered)
        fits.append(or_(Router.version_order < _NEWEST, offered))
    if search:
        named = [
            column.icontains(search, autoescape=True) for column in (Router.name, Router.board, Router.serial)
        ]
        fits.append(or_(*named))
    return fits
