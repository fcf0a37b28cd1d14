"""Settings: other programs that hear from us, what they were told, and checkouts."""

from benfex.application import Benfex
from benfex.core.policy import current_terms
from benfex.outgoing.endpoints import (
    CHOICES,
    EndpointRecord,
    OutboundRecord,
    list_endpoints,
    list_outbound,
    outbound_record,
    remove_endpoint,
    resend,
    rotate_secret,
)
from components.copyable import copyable
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.dialogs import confirm, form_dialog
from components.elements import body, box, button, card, text
from components.empty_state import empty_state
from components.feedback import note, toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_exactly, say_when
from components.status_badge import Look, badge, status_cell
from data.values.errors import BenfexError
from data.values.identifiers import EndpointId, OutboundId
from data.values.kinds import PublicEvent
from data.values.roles import Permission
from data.values.states import MessageStatus
from pages.admin.lists import page_request
from pages.admin.sections import Section, Sections
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_ON, _OFF = Look("On", "ok", "circle-check"), Look("Off", "mute", "circle-slash")
_COLUMNS = (
    Column("title", "What"),
    Column("to", "To", "note"),
    Column("at", "When", "note"),
    Column("why", "Answer", "note"),
    Column("status", "Status", "badge"),
)
_SAID = {
    PublicEvent.CHECKOUT_PAID: "A checkout was paid",
    PublicEvent.CHECKOUT_CLOSED: "A checkout was closed",
    PublicEvent.CHECKOUT_EXPIRED: "A checkout ran out of time",
    PublicEvent.PAYMENT_SETTLED: "Money was booked",
    PublicEvent.PAYMENT_REVERSED: "Money was taken back",
    PublicEvent.PAYMENT_REFUNDED: "Money was given back",
    PublicEvent.INVOICE_ISSUED: "An invoice was issued",
    PublicEvent.SERVICE_SUSPENDED: "A service was suspended",
    PublicEvent.SERVICE_RESTORED: "A service is back on",
}


@screen("/admin/settings/webhooks")
async def webhook_settings(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show endpoints and what they were told."""
    with console(
        benfex,
        staff,
        title="Webhooks",
        active="/admin/settings/webhooks",
        need=Permission.EDIT_PROFILE,
        subtitle="Other programs that hear from you, signed, the moment something happens.",
    ):
        page = _Page(benfex, staff, (await benfex.read(current_terms, staff.actor)).timezone)
        sections = Sections(
            [
                Section("endpoints", "Endpoints", page.endpoints),
                Section("deliveries", "Deliveries", page.deliveries),
            ],
            label="Webhooks",
        )
        await sections.show("endpoints")


class _Page:
    """The two parts of the page."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, zone: str) -> None:
        self._benfex, self._staff, self._zone = benfex, staff, zone
        self._table: DataTable | None = None

    async def endpoints(self) -> None:
        """Create the cards of the endpoints, and the button for another."""
        with box("bf-line"):
            button("Add an endpoint", self._open_new, icon="plus").mark("add-endpoint")
        self._list = box("bf-grid two")
        await self._draw()

    async def deliveries(self) -> None:
        """Create the table of what was told."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_outbound, await self._staff.fresh(), request=page_request(query)
            )
            known = await self._benfex.read(list_endpoints, await self._staff.fresh())
            urls = {one.id: one.url for one in known}
            return [self._row(one, urls.get(one.endpoint_id, "removed")) for one in page.rows], page.total

        async def look(key: str) -> None:
            found = await self._benfex.read(
                outbound_record, await self._staff.fresh(), outbound_id=OutboundId(int(key))
            )
            with form_dialog("What was told", found.problem or "It was taken."):
                text(found.body, "bf-pre num", "pre")

        async def again(key: str) -> None:
            try:
                await self._benfex.transact(
                    resend, await self._staff.fresh(), outbound_id=OutboundId(int(key))
                )
            except BenfexError as error:
                toast_error(error.message)
                return
            toast_ok("It is told again.")
            if self._table is not None:
                await self._table.refresh()

        self._table = DataTable(
            _COLUMNS,
            fetch,
            label="Deliveries",
            sort="",
            tabs=[
                TableTab("", "All"),
                TableTab(MessageStatus.PENDING, "Waiting"),
                TableTab(MessageStatus.FAILED, "Failed"),
            ],
            row_actions=[
                RowAction("look", "What was told", "eye", look),
                RowAction("again", "Tell again", "refresh-cw", again),
            ],
            empty=Empty("Nothing was told yet", "What endpoints hear is listed here.", "send"),
        )
        await self._table.refresh()

    async def _draw(self) -> None:
        found = await self._benfex.read(list_endpoints, await self._staff.fresh())
        self._list.clear()
        with self._list:
            for one in found:
                self._card(one)
            if not found:
                empty_state(
                    "No program hears from you yet",
                    "Add the address of one; it gets a secret to know you by.",
                    symbol="link",
                )

    def _card(self, one: EndpointRecord) -> None:
        key = one.id
        with card(), body("bf-stack"):
            with box("bf-line wide nowrap"):
                text(one.url, "t1 bf-grow")
                badge(_ON if one.is_enabled else _OFF)
            if one.problem:
                note(one.problem, tone="warn", symbol="triangle-alert")
            text(", ".join(_SAID[event].lower() for event in one.events), "t2 bf-wrap")
            now = self._benfex.clock.now()
            when = one.last_delivered_at
            text(
                f"Last heard {say_when(when, now=now, timezone=self._zone)}."
                if when
                else "Has not heard yet.",
                "t2",
            )
            with box("bf-line"):
                button("Test", lambda: self._test(key), kind="ghost", classes="small")
                switch = "Switch off" if one.is_enabled else "Switch on"
                button(switch, lambda: self._switch(key, not one.is_enabled), kind="ghost", classes="small")
                button("New secret", lambda: self._rotate(key), kind="ghost", classes="small")
                button("Remove", lambda: self._remove(one), kind="ghost", classes="small")

    def _open_new(self) -> None:
        async def save(values: Values) -> None:
            events = [event for event in CHOICES if values[event.name.lower()]]
            _, secret = await self._benfex.telling.add(
                await self._staff.fresh(), url=values["url"], events=events
            )
            dialog.close()
            _show_secret(secret)
            await self._draw()

        words = "A public https address of another program."
        with form_dialog("Add an endpoint", words) as dialog, Form(save) as form:
            form.text("url", "Address", hint="Such as https://shop.example/benfex", props="type=url")
            for event in CHOICES:
                is_usual = event in {PublicEvent.CHECKOUT_PAID, PublicEvent.PAYMENT_SETTLED}
                form.switch(event.name.lower(), _SAID[event], value=is_usual)
            form.submit("Add")

    async def _test(self, key: EndpointId) -> None:
        try:
            found = await self._benfex.telling.test(await self._staff.fresh(), key)
        except BenfexError as error:
            toast_error(error.message)
            return
        if found.status is MessageStatus.SENT:
            toast_ok("It took the test.")
        else:
            toast_error(found.problem)
        await self._draw()

    async def _switch(self, key: EndpointId, is_on: bool) -> None:
        try:
            await self._benfex.telling.edit(await self._staff.fresh(), key, is_enabled=is_on)
        except BenfexError as error:
            toast_error(error.message)
            return
        await self._draw()

    async def _rotate(self, key: EndpointId) -> None:
        try:
            secret = await self._benfex.transact(
                rotate_secret, await self._staff.fresh(), endpoint_id=key, vault=self._benfex.vault
            )
        except BenfexError as error:
            toast_error(error.message)
            return
        _show_secret(secret, more=" The former one signs beside it for a day.")

    async def _remove(self, one: EndpointRecord) -> None:
        consequence = f"{one.url} hears nothing any more, and its secret is forgotten."
        if not await confirm("Remove this endpoint?", consequence, action="Remove", danger=True):
            return
        try:
            await self._benfex.transact(remove_endpoint, await self._staff.fresh(), endpoint_id=one.id)
        except BenfexError as error:
            toast_error(error.message)
            return
        await self._draw()

    def _row(self, one: OutboundRecord, url: str) -> Row:
        now = self._benfex.clock.now()
        row: Row = {
            "id": str(one.id),
            "title": one.event,
            "to": url,
            "at": say_when(one.created_at, now=now, timezone=self._zone),
            "at_title": say_exactly(one.created_at, timezone=self._zone),
            "why": one.problem or (str(one.answered) if one.answered else ""),
        }
        if one.next_try_at is not None and one.tries:
            row["why_note"] = f"again {say_when(one.next_try_at, now=now, timezone=self._zone)}"
        return row | status_cell("status", one.status)


def _show_secret(secret: str, *, more: str = "") -> None:
    with form_dialog("Its secret", f"By it the program knows that it is you. It is shown only now.{more}"):
        copyable(secret, what="secret")
