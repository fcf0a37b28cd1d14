"""The cashier's drawer: open it, take money, count and close it; all shifts, and what goes to the bank."""

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import PaymentRefunded, PaymentReversed, PaymentSettled, ShiftMoved
from benfex.core.policy import current_terms
from benfex.customers.views import customer
from benfex.payments.gateway import name_of_gateway
from benfex.payments.shift_views import ShiftRecord, TakingView, WholeShift, list_shifts, own_shift
from benfex.payments.shifts import open_shift
from benfex.payments.sweeps import SweepRecord, held_in_clearing, list_sweeps
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery
from components.elements import body, box, card, text
from components.feedback import action_button, toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_exactly, say_when
from components.money import money_cell
from components.stat_card import StatCard
from components.status_badge import Look, look_of, status_cell
from data.values.errors import BenfexError
from data.values.identifiers import CustomerId, ShiftId
from data.values.roles import Permission
from data.values.states import PaymentStatus
from data.values.terms import BillingTerms
from pages.admin.customer_dialogs import open_cash_payment
from pages.admin.customer_picker import CustomerPicker
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.phrases import say_count
from pages.admin.sections import Section, Sections
from pages.admin.shell import console, may
from pages.admin.till_dialogs import After, open_count, open_sweep
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_TAKINGS = (
    Column("who", "Customer", "who"),
    Column("receipt", "Receipt", "note"),
    Column("at", "When", "note"),
    Column("status", "Status", "badge"),
    Column("amount", "Amount", "money"),
)
_SHIFTS = (
    Column("who", "Cashier", "who"),
    Column("opened", "Opened", "note"),
    Column("closed", "Closed", "note"),
    Column("expected", "Should be there", "money", on_card=False),
    Column("counted", "Counted", "money", on_card=False),
    Column("status", "Status", "badge"),
    Column("difference", "Difference", "money"),
)
_SWEEPS = (
    Column("from", "Out of", "text"),
    Column("reference", "Number on the slip", "note"),
    Column("on", "Day", "note"),
    Column("by", "By", "note", on_card=False),
    Column("amount", "Amount", "money"),
)
# Money taken and given back again is two rows of one payment, so that the id is more than the payment's.
_RECEIPT = RowAction(
    "receipt",
    "Receipt",
    "printer",
    lambda key: ui.navigate.to(f"/documents/receipts/{key.partition(' ')[0]}.pdf"),
)


@screen("/admin/cashier")
async def cashier(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the drawer of who looks, and the others."""
    with console(
        benfex,
        staff,
        title="Cashier",
        active="/admin/cashier",
        need=Permission.RECORD_PAYMENTS,
        subtitle="Cash, cheques and slips that people bring",
    ):
        terms = await benfex.read(current_terms, staff.actor)
        till = _Till(benfex, staff, terms)
        sections = Sections(
            [
                Section("mine", "My shift", till.mine),
                Section("shifts", "Shifts", till.shifts),
                Section("bank", "To the bank", till.bank),
            ],
            label="Cashier",
        )
        await sections.show("mine")
        soon = Unhurried(till.refresh, seconds=0.4)
        on_each(benfex, (PaymentSettled, PaymentReversed, PaymentRefunded, ShiftMoved), soon.ask)


class _Till:
    """The three parts of the page; those that were opened are read again when money moves."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, terms: BillingTerms) -> None:
        self._benfex, self._staff, self._terms = benfex, staff, terms
        self._zone = terms.timezone
        self._tables: list[DataTable] = []
        self._drawer: _Drawer | None = None
        self._held: ui.element | None = None

    async def refresh(self) -> None:
        """Read what is shown again; a drawer that was opened or closed is built anew."""
        found = await self._benfex.read(own_shift, await self._staff.fresh())
        if self._drawer is None or not self._drawer.fits(found):
            self._build_mine(found)
        elif found is not None:
            await self._drawer.show(found)
        for table in self._tables:
            await table.refresh()
        if self._held is not None:
            await self._show_held(self._held)

    async def mine(self) -> None:
        """Create the drawer of who looks, or the question of what lies in it."""
        self._place = box("bf-stack")
        self._build_mine(await self._benfex.read(own_shift, await self._staff.fresh()))

    async def shifts(self) -> None:
        """Create the table of shifts."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_shifts, await self._staff.fresh(), request=page_request(query)
            )
            return [self._shift_row(shift) for shift in page.rows], page.total

        async def close(key: str) -> None:
            await open_count(self._benfex, self._staff, ShiftId(int(key)), self.refresh)

        await self._keep(
            DataTable(
                _SHIFTS,
                fetch,
                label="Shifts",
                sort="",
                search_hint="Cashier or note",
                row_actions=[RowAction("close", "Count and close", "check", close)],
                empty=Empty("No shift yet", "A shift is opened before cash is taken.", "hand-coins"),
            )
        )

    async def bank(self) -> None:
        """Create what waits for the bank, and the table of what went there."""
        with card("Not in the bank yet", note="By the books"), body("bf-stack"):
            self._held = box("bf-stack tight")
            if may(self._staff, Permission.MATCH_PAYMENTS):
                with box("bf-line"):
                    action_button("Hand in to the bank", self._hand_in, icon="landmark")
        await self._show_held(self._held)

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_sweeps, await self._staff.fresh(), request=page_request(query)
            )
            return [_sweep_row(row) for row in page.rows], page.total

        await self._keep(
            DataTable(
                _SWEEPS,
                fetch,
                label="Went to the bank",
                sort="",
                empty=Empty("Nothing handed in yet", "Deposits and payouts are listed here.", "landmark"),
            )
        )

    async def _keep(self, table: DataTable) -> None:
        self._tables.append(table)
        await table.refresh()

    def _build_mine(self, found: WholeShift | None) -> None:
        self._place.clear()
        with self._place:
            self._drawer = _Drawer(self._benfex, self._staff, self._terms, found, self.refresh)

    async def _hand_in(self) -> None:
        await open_sweep(self._benfex, self._staff, self.refresh)

    async def _show_held(self, place: ui.element) -> None:
        found = await self._benfex.read(held_in_clearing, await self._staff.fresh())
        place.clear()
        with place:
            waiting = [held for held in found if not held.amount.is_zero]
            for held in waiting:
                with box("bf-line wide nowrap"):
                    text(name_of_gateway(held.gateway), "bf-grow")
                    text(held.amount.format_exact(), "num")
            if not waiting:
                text("All that came in is in the bank.", "bf-sub")

    def _shift_row(self, shift: ShiftRecord) -> Row:
        now = self._benfex.clock.now()
        closed = say_when(shift.closed_at, now=now, timezone=self._zone) if shift.closed_at else ""
        row: Row = {
            "id": str(shift.id),
            "opened": say_when(shift.opened_at, now=now, timezone=self._zone),
            "opened_title": say_exactly(shift.opened_at, timezone=self._zone),
            "closed": f"{closed} · {shift.note}" if shift.note else closed,
        }
        row |= who_cell("who", shift.cashier_name, say_count(shift.takings, "payment"))
        row |= status_cell("status", _look_of(shift))
        row |= money_cell("expected", shift.expected) | money_cell("counted", shift.counted)
        return row | money_cell("difference", shift.difference)


class _Drawer:
    """The open shift of who looks with what went through it; without one, the way to open it."""

    def __init__(
        self,
        benfex: Benfex,
        staff: SignedInStaff,
        terms: BillingTerms,
        found: WholeShift | None,
        after: After,
    ) -> None:
        self._benfex, self._staff, self._terms, self._after = benfex, staff, terms, after
        self._now = found
        if found is None:
            self._ask_to_open()
        else:
            self._build(found)

    def fits(self, found: WholeShift | None) -> bool:
        """Return whether this shows the same shift."""
        return (self._now and self._now.shift.id) == (found and found.shift.id)

    async def show(self, found: WholeShift) -> None:
        """Show how the drawer stands now."""
        self._now = found
        self._say(found.shift)
        await self._table.refresh()

    def _ask_to_open(self) -> None:
        async def submit(values: Values) -> None:
            actor = await self._staff.fresh()
            await self._benfex.transact(open_shift, actor, opening=values["opening"])
            toast_ok("Your shift is open.")
            await self._after()

        with card("Open your shift"), body():
            text("Cash goes into a drawer that is counted at the end. Slips and cheques need none.", "bf-sub")
            with Form(submit) as form:
                currency, hint = self._terms.currency, "What lies in it before you start."
                form.money("opening", "Float in the drawer", currency, hint=hint)
                form.submit("Open shift")

    def _build(self, found: WholeShift) -> None:
        with box("bf-grid bf-kpis bf-brief"):
            self._expected = StatCard("Should be in the drawer", "", symbol="hand-coins")
            self._opening = StatCard("Float", "", symbol="wallet")
            self._taken = StatCard("Taken", "", symbol="banknote")
            self._given = StatCard("Given back", "", symbol="undo-2")
        self._say(found.shift)
        with box("bf-grid two"):
            with card("Take money", note="Cash, cheque or slip"), body():
                CustomerPicker(self._benfex, self._staff, self._take, action="Take money")
            with card("End of the shift"), body("bf-stack"):
                text("Count what lies in the drawer. What is too much or too little is posted.", "bf-sub")
                with box("bf-line"):
                    action_button("Count and close", self._count, kind="ghost", icon="check")
        self._table = DataTable(
            _TAKINGS,
            self._fetch,
            label="What went through the drawer",
            title="In this shift",
            sort="",
            row_actions=[_RECEIPT],
            empty=Empty("Nothing taken yet", "Find a customer and take their money.", "banknote"),
        )

    def _say(self, shift: ShiftRecord) -> None:
        self._expected.set(shift.expected.format())
        self._opening.set(shift.opening.format())
        self._taken.set(shift.taken.format(), note=say_count(shift.takings, "payment"))
        self._given.set(shift.given_back.format())

    async def _fetch(self, query: TableQuery) -> tuple[list[Row], int]:
        found = self._now.takings if self._now is not None else ()
        start = (query.page - 1) * query.size
        return [self._row(taking) for taking in found[start : start + query.size]], len(found)

    def _row(self, taking: TakingView) -> Row:
        zone, now = self._terms.timezone, self._benfex.clock.now()
        row: Row = {
            "id": f"{taking.payment_id} {_look_of_taking(taking).label}",
            "receipt": taking.receipt_number or taking.reference,
            "at": say_when(taking.at, now=now, timezone=zone),
            "at_title": say_exactly(taking.at, timezone=zone),
        }
        if taking.customer_id is not None:
            row["href"] = f"/admin/customers/{taking.customer_id}"
        row |= who_cell("who", taking.customer_name or "", taking.account_number or "")
        row |= status_cell("status", _look_of_taking(taking))
        return row | money_cell("amount", -taking.amount if taking.is_out else taking.amount)

    async def _take(self, customer_id: CustomerId) -> None:
        try:
            view = await self._benfex.read(customer, await self._staff.fresh(), customer_id=customer_id)
        except BenfexError as error:
            toast_error(error.message)
            return
        open_cash_payment(self._benfex, self._staff, view)

    async def _count(self) -> None:
        if self._now is not None:
            await open_count(self._benfex, self._staff, self._now.shift.id, self._after)


def _look_of(shift: ShiftRecord) -> Look:
    if shift.difference is None:
        return Look("Open", "accent", "hand-coins")
    if shift.difference.is_zero:
        return Look("Right", "ok", "circle-check")
    return Look("Too little" if shift.difference.is_negative else "Too much", "bad", "circle-alert")


def _look_of_taking(taking: TakingView) -> Look:
    if taking.is_out:
        return Look("Given back", "warn", "undo-2")
    return look_of(PaymentStatus.REVERSED if taking.is_reversed else PaymentStatus.RECEIVED)


def _sweep_row(row: SweepRecord) -> Row:
    return {
        "id": str(row.id),
        "from": name_of_gateway(row.gateway),
        "reference": row.reference,
        "on": f"{row.banked_on:%d %b %Y}",
        "by": row.made_by,
    } | money_cell("amount", row.amount)
