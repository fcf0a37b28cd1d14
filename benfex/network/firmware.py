"""Which version and firmware each router has, and which are behind the newest that is seen here."""

from dataclasses import dataclass

from benfex.core.actors import require
from benfex.core.paging import Page, PageRequest
from benfex.core.unit_of_work import Snapshot
from benfex.network.versions import say_version
from data.queries import firmware as queries
from data.values.identifiers import RouterId
from data.values.roles import Permission
from data.values.states import RouterStatus

BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class FirmwareView:
    """One router's version. `newest` is the newest seen of its major release; "" is what is not known yet.

    `is_behind` compares with that; `waits_for_restart` says that the board's own firmware is older than what the
    installed version brings, which a restart after an upgrade of the board puts right.
    """

    router_id: RouterId
    name: str
    status: RouterStatus
    board: str
    serial: str
    version: str
    newest: str
    firmware: str
    firmware_offered: str
    is_behind: bool
    waits_for_restart: bool


def firmware_overview(snapshot: Snapshot, *, request: PageRequest) -> Page[FirmwareView]:
    """Return one page of routers; `filter` is behind or all, `sort` name, board, version or firmware."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    only_behind, search = request.filter == BEHIND, request.search.strip()
    rows = queries.firmware_page(
        snapshot.session,
        only_behind=only_behind,
        search=search,
        sort=request.sort,
        descending=request.descending,
        limit=request.limit,
        offset=request.offset,
    )
    total = queries.count_firmware(snapshot.session, only_behind=only_behind, search=search)
    return Page(tuple(_view(row) for row in rows), total)


def count_behind(snapshot: Snapshot) -> int:
    """Return how many routers are behind."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    return queries.count_firmware(snapshot.session, only_behind=True, search="")


def _view(row: queries.FirmwareRow) -> FirmwareView:
    return FirmwareView(
        router_id=RouterId(row.id),
        name=row.name,
        status=row.status,
        board=row.board,
        serial=row.serial,
        version=row.version,
        newest=say_version(row.newest_order),
        firmware=row.firmware,
        firmware_offered=row.firmware_offered,
        is_behind=row.version_order < row.newest_order,
        waits_for_restart=bool(row.firmware_offered) and row.firmware != row.firmware_offered,
    )
