"""Reconciliation: how each gateway stands, each day green or red and why, and what waits for a person."""

from datetime import date

from benfex.application import Benfex
from benfex.core.events import ReconciliationMoved
from benfex.core.policy import current_terms
from benfex.payments.gateway import name_of_gateway
from benfex.payments.reconciliation_views import (
    OPEN,
    RED,
    SETTLED,
    BalanceRecord,
    DayRecord,
    DifferenceRecord,
    GatewayStanding,
    count_open,
    day_record,
    list_days,
    list_differences,
    standings,
)
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.elements import body, box, button, card, text
from components.feedback import toast_error, toast_ok
from components.moments import say_exactly, say_when
from components.money import money_cell
from components.status_badge import status_cell
from components.theme import icon
from data.values.errors import BenfexError
from data.values.identifiers import DifferenceId, ReconciliationDayId
from data.values.kinds import DayState, DifferenceKind
from data.values.roles import Permission
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.phrases import say_count, shortened
from pages.admin.reconciliation_dialogs import open_answer, open_day
from pages.admin.sections import Section, Sections
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_DAYS = (
    Column("title", "Day"),
    Column("gateway", "Way to pay", "note"),
    Column("ours", "Booked", "money"),
    Column("theirs", "Their record", "money"),
    Column("fees", "Fees", "money", on_card=False),
    Column("state", "State", "badge"),
    Column("why", "Why", "note"),
)
_DIFFERENCES = (
    Column("title", "Transaction"),
    Column("day", "Day", "note"),
    Column("kind", "What", "badge"),
    Column("why", "Why", "note"),
    Column("ours", "Booked", "money"),
    Column("theirs", "Their record", "money"),
)
_WORDS_MAX = 56  # what a line of the table has room for; the whole is shown on hover
_STATE: dict[bool | None, tuple[str, str]] = {
    True: ("ok", "agrees"),
    False: ("bad", "differs"),
    None: ("mute", "not compared"),
}


@screen("/admin/reconciliation")
async def reconciliation(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show how gateways and our books agree."""
    with console(
        benfex,
        staff,
        title="Reconciliation",
        active="/admin/reconciliation",
        need=Permission.VIEW_PAYMENTS,
        subtitle="What gateways and banks say they received, against what is booked.",
    ):
        zone = (await benfex.read(current_terms, staff.actor)).timezone
        page = _Page(benfex, staff, zone)
        await page.build()
        on_each(benfex, (ReconciliationMoved,), Unhurried(page.refresh, seconds=0.6).ask)


class _Page:
    """The cards of the gateways, and the tables."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, zone: str) -> None:
        self._benfex, self._staff, self._zone = benfex, staff, zone
        self._tables: list[DataTable] = []
        self._cards = box("bf-grid two")
        self._sections = Sections(
            [
                Section("open", "To look into", self._open),
                Section("days", "Days", self._days),
                Section("settled", "Settled", self._settled),
            ],
            label="Reconciliation",
        )

    async def build(self) -> None:
        """Create what is shown first: what waits for a person, else the days."""
        waiting = await self._count()
        await self._draw()
        await self._sections.show("open" if waiting else "days")

    async def refresh(self) -> None:
        """Read everything that is shown again."""
        await self._count()
        await self._draw()
        for table in self._tables:
            await table.refresh()

    async def _count(self) -> int:
        waiting = await self._benfex.read(count_open, await self._staff.fresh())
        self._sections.set_count("open", f"{waiting:,}" if waiting else "")
        return waiting

    async def _draw(self) -> None:
        running = self._benfex.gateways.running
        found = await self._benfex.read(standings, await self._staff.fresh(), gateways=tuple(running))
        self._cards.clear()
        with self._cards:
            for standing in found:
                self._card(standing)

    def _card(self, standing: GatewayStanding) -> None:
        gateway = self._benfex.gateways.running.get(standing.gateway)
        tells = gateway is not None and (
            gateway.capabilities.can_statement or gateway.capabilities.can_tell_balance
        )
        note = say_count(standing.open, "difference") + " to look into" if standing.open else ""
        with card(name_of_gateway(standing.gateway), note=note), body("bf-stack"):
            _strip(standing.days)
            with box("bf-stack tight"):
                text(self._say_read(standing, tells=tells), "t2 bf-wrap")
                if standing.problem:
                    text(f"Their record could not be read: {standing.problem}", "t2 bf-wrap")
                for held in standing.balances:
                    text(self._say_balance(held), "t2 bf-wrap num")
            if tells and may(self._staff, Permission.MATCH_PAYMENTS):
                name = standing.gateway

                async def compare() -> None:
                    await self._compare(name)

                with box("bf-line"):
                    button("Compare now", compare, kind="ghost", icon="refresh-cw").mark(f"compare-{name}")

    async def _compare(self, name: str) -> None:
        try:
            found = await self._benfex.reconciliation.run(await self._staff.fresh(), name)
        except BenfexError as error:
            toast_error(error.message)
            return
        if found.problem:
            toast_error(f"{name_of_gateway(name)}: {found.problem}")
        else:
            new = f", {say_count(found.booked, 'payment')} booked from it" if found.booked else ""
            toast_ok(f"{say_count(found.read, 'payment')} in their record{new}.")
        await self.refresh()

    def _say_read(self, standing: GatewayStanding, *, tells: bool) -> str:
        if standing.read_until is None:
            return (
                "Not read yet."
                if tells
                else "Tells of single payments only. Import its statement to compare whole days."
            )
        when = say_when(standing.read_until, now=self._benfex.clock.now(), timezone=self._zone)
        return f"Their record is read until {when}."

    def _say_balance(self, held: BalanceRecord) -> str:
        when = say_when(held.at, now=self._benfex.clock.now(), timezone=self._zone)
        between = held.between
        if between.is_zero:
            return f"Held {held.balance} {when}, as the books say."
        more = "more" if between.is_positive else "less"
        return f"Held {held.balance} {when}: {abs(between)} {more} than the books say."

    async def _days(self) -> None:
        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(list_days, await self._staff.fresh(), request=page_request(query))
            return [_day_row(one, self._zone) for one in page.rows], page.total

        async def why(key: str) -> None:
            day = await self._benfex.read(
                day_record, await self._staff.fresh(), day_id=ReconciliationDayId(int(key))
            )
            await open_day(self._benfex, self._staff, day)

        names = dict.fromkeys(self._benfex.gateways.running)
        await self._keep(
            DataTable(
                _DAYS,
                fetch,
                label="Days",
                sort="",
                tabs=[
                    TableTab("", "All days"),
                    TableTab(RED, "Red days"),
                    *(TableTab(name, name_of_gateway(name)) for name in names),
                ],
                row_actions=[RowAction("why", "Look into this day", "eye", why)],
                empty=Empty(
                    "No day compared yet", "Days appear here once a gateway's record was read.", "scale"
                ),
            )
        )

    async def _open(self) -> None:
        async def answer(key: str) -> None:
            await open_answer(self._benfex, self._staff, DifferenceId(int(key)), self.refresh)

        acts = (
            [RowAction("answer", "Settle", "circle-check", answer)]
            if may(self._staff, Permission.MATCH_PAYMENTS)
            else []
        )
        await self._keep(
            self._differences(
                OPEN, acts, Empty("All agrees", "What differs waits here for a person.", "circle-check")
            )
        )

    async def _settled(self) -> None:
        await self._keep(
            self._differences(
                SETTLED, [], Empty("Nothing yet", "What was settled, and how, is listed here.", "history")
            )
        )

    def _differences(self, tab: str, acts: list[RowAction], empty: Empty) -> DataTable:
        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_differences, await self._staff.fresh(), request=page_request(query)
            )
            return [_difference_row(one, self._zone) for one in page.rows], page.total

        return DataTable(
            _DIFFERENCES,
            fetch,
            label="Differences",
            sort="",
            tab=tab,
            search_hint="Transaction or words",
            row_actions=acts,
            empty=empty,
        )

    async def _keep(self, table: DataTable) -> None:
        self._tables.append(table)
        await table.refresh()


def _strip(days: tuple[tuple[date, bool | None], ...]) -> None:
    """Draw the last days in a row, each with its state in shape as well as in colour."""
    reds = sum(agrees is False for _, agrees in days)
    words = (
        f"The last {len(days)} days: {say_count(reds, 'day')} that differ"
        if reds
        else (f"The last {len(days)} days: none differs")
    )
    with box("bf-days", role="img", aria_label=words):
        for day, agrees in days:
            tone, said = _STATE[agrees]
            with box("day", title=f"{day:%a %d %b}: {said}").props(f"data-tone={tone}"):
                if agrees is False:
                    icon("x")


def _day_row(one: DayRecord, zone: str) -> Row:
    row: Row = {
        "id": str(one.id),
        "title": f"{one.day:%a %d %b %Y}",
        "title_note": f"{name_of_gateway(one.gateway)} · {one.theirs_count:,} in their record",
        "gateway": name_of_gateway(one.gateway),
        "why": shortened(one.reason or _held(one), _WORDS_MAX),
        "why_title": f"{one.reason} Compared {say_exactly(one.checked_at, timezone=zone)}",
    }
    row |= money_cell("ours", one.ours) | money_cell("theirs", one.theirs) | money_cell("fees", one.fees_ours)
    return row | status_cell("state", DayState.AGREES if one.agrees else DayState.DIFFERS)


def _held(one: DayRecord) -> str:
    return f"{say_count(one.theirs_count, 'payment')}, all booked"


def _difference_row(one: DifferenceRecord, zone: str) -> Row:
    row: Row = {
        "id": str(one.id),
        "title": "Balance" if one.kind is DifferenceKind.BALANCE else one.transaction_id,
        "title_note": name_of_gateway(one.gateway),
        "day": f"{one.day:%d %b}",
        "why": shortened(one.resolution or one.reason, _WORDS_MAX),
        "why_title": f"{one.reason} {one.resolution}".strip(),
    }
    if one.resolved_at is not None:
        row["why_note"] = f"{one.resolved_by}, {say_exactly(one.resolved_at, timezone=zone)}"
    for name, amount in (("ours", one.ours), ("theirs", one.theirs)):
        if amount is not None:
            row |= money_cell(name, amount)
    return row | status_cell("kind", one.kind)
