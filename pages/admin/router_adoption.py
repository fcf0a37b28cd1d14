"""What a router holds that is not ours, whose it may be, and taking it over."""

from benfex.application import Benfex
from benfex.network.views import router
from benfex.subscriptions.adoption import Adopted, Pick, Proposal, Proposals, pick_of
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.dialogs import confirm, form_dialog
from components.elements import text
from components.feedback import Note, action_button, toast_error, toast_ok
from components.form import Form, Values
from components.status_badge import Look, status_cell
from data.values.errors import BenfexError
from data.values.identifiers import CustomerId, PlanPriceId, RouterId
from data.values.roles import Permission
from pages.admin.phrases import say_count
from pages.admin.service_dialogs import offers_of
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("entry", "On the router", "text"),
    Column("whose", "Whose", "text"),
    Column("why", "Why", "note"),
    Column("plan", "Sold as", "tag"),
    Column("state", "", "badge"),
)
_READY = Look("Complete", "ok", "circle-check")
_OURS = Look("Our line", "ok", "link")
_LOOK = Look("Needs you", "warn", "eye")
_TABS = (TableTab("all", "All"), TableTab("ready", "Complete"), TableTab("look", "Need you"))


@screen("/admin/routers/{router_id}/adopt")
async def adopt_page(benfex: BenfexDep, staff: StaffDep, router_id: int) -> None:
    """Show what could be taken over."""
    key = RouterId(router_id)
    page = _Page(benfex, staff, key)
    with console(
        benfex,
        staff,
        title="Take over",
        subtitle="What the router holds that is not ours",
        active="/admin/routers",
        need=Permission.EDIT_SUBSCRIPTIONS,
        back=("Router", f"/admin/routers/{router_id}"),
        actions=page.build_actions,
    ):
        await benfex.read(router, staff.actor, router_id=key)  # says itself when there is none
        page.build()
        await page.table.refresh()


class _Page:
    """The list of proposals; it asks the router anew when it is opened and after each change."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, router_id: RouterId) -> None:
        self._benfex, self._staff, self._router_id = benfex, staff, router_id
        self._found = Proposals(router_id, "", is_managed=True, proposals=())
        self._is_stale = True

    def build_actions(self) -> None:
        """Create the button for all that need no thought."""
        action_button("Take over all that are complete", self._adopt_ready, icon="corner-down-left")

    def build(self) -> None:
        """Create the list."""
        self._words = Note(tone="mute")
        acts = [
            RowAction("adopt", "Take over", "corner-down-left", self._adopt_one),
            RowAction("edit", "Say whose it is", "pencil", self._edit),
        ]
        self.table = DataTable(
            _COLUMNS,
            self._fetch,
            label="What the router holds",
            sort="",
            tabs=_TABS,
            search_hint="User or comment",
            row_actions=acts,
            empty=Empty("Nothing to take over", "Every entry of this router is ours.", "circle-check"),
        )

    async def _fetch(self, query: TableQuery) -> tuple[list[Row], int]:
        if self._is_stale:
            self._found = await self._benfex.adoption.propose(
                await self._staff.fresh(), router_id=self._router_id
            )
            self._is_stale = False
            waits = "" if self._found.is_managed else " once the router is managed"
            self._words.set(
                "Whatever you take over becomes a service that is billed from today. Its entry is marked as ours"
                f"{waits}; sessions live on, and a new speed counts from the next dial."
            )
        asked = query.search.casefold()
        shown = [
            one
            for one in self._found.proposals
            if asked in f"{one.username} {one.comment}".casefold()
            and (query.tab == "all" or (query.tab == "look") == bool(one.missing))
        ]
        first = (query.page - 1) * query.size
        return [_row(one) for one in shown[first : first + query.size]], len(shown)

    async def _adopt_ready(self) -> None:
        ready = [one for one in self._found.proposals if not one.missing]
        if not ready:
            toast_error("None is complete: say whose they are, one by one.")
            return
        new = sum(one.owner is None for one in ready)
        words = (
            f"{say_count(len(ready) - new, 'entry', 'entries')} of customers you have, and "
            f"{say_count(new, 'new customer')}. "
            "Their services begin today, and their first bills are issued."
        )
        if await confirm(
            f"Take over {say_count(len(ready), 'entry', 'entries')}?", words, action="Take over"
        ):
            await self._take([pick_of(one) for one in ready])

    async def _adopt_one(self, key: str) -> None:
        one = self._by_key(key)
        if one is None:
            return
        if one.missing:
            toast_error(one.missing)
            await self._edit(key)
            return
        await self._take([pick_of(one)])

    async def _edit(self, key: str) -> None:
        one = self._by_key(key)
        if one is None or one.line is not None:
            return
        benfex = self._benfex
        offers = await offers_of(benfex, self._staff)
        if not offers:
            toast_error("There is no plan with a price yet. Make one first.")
            return
        owners = [one.owner, *one.others] if one.owner is not None else list(one.others)
        whose = {owner.customer_id: f"{owner.name}, {owner.account_number} ({owner.why})" for owner in owners}
        chosen = one.owner.customer_id if one.owner is not None else 0

        async def save(values: Values) -> None:
            is_new = values["customer_id"] == 0
            pick = Pick(
                one.key,
                customer_id=None if is_new else CustomerId(values["customer_id"]),
                name=values["name"],
                phone=values["phone"],
                plan_price_id=PlanPriceId(values["plan_price_id"]),
            )
            done = await benfex.adoption.adopt(
                await self._staff.fresh(), router_id=self._router_id, picks=[pick]
            )
            if done.refused:
                toast_error(done.refused[0][1])
                return
            dialog.close()
            await self._tell(done)

        with form_dialog(f"Whose is {one.username}?", one.comment) as dialog, Form(save) as form:
            if one.missing:
                text(one.missing, "bf-sub", "p")
            who = form.choice("customer_id", "Customer", {**whose, 0: "Somebody new"}, chosen)
            form.text("name", "Name", one.name, required=False)
            form.text("phone", "Phone", one.phone, required=False)
            for name in ("name", "phone"):
                form.show_while(name, who, lambda value: value == 0)
            planned = one.plan.plan_price_id if one.plan is not None else next(iter(offers))
            form.choice("plan_price_id", "Sold as", offers, planned, search=len(offers) > 8)
            form.submit("Take over")

    async def _take(self, picks: list[Pick]) -> None:
        try:
            done = await self._benfex.adoption.adopt(
                await self._staff.fresh(), router_id=self._router_id, picks=picks
            )
        except BenfexError as error:
            toast_error(error.message)
            return
        await self._tell(done)

    async def _tell(self, done: Adopted) -> None:
        if done.taken:
            toast_ok(f"{say_count(done.taken, 'entry is', 'entries are')} ours.")
        for key, why in done.refused[:3]:
            toast_error(f"{key.partition(':')[2]}: {why}")
        self._is_stale = True
        await self.table.refresh()

    def _by_key(self, key: str) -> Proposal | None:
        return next((one for one in self._found.proposals if one.key == key), None)


def _row(one: Proposal) -> Row:
    row: Row = {
        "id": one.key,
        "entry": one.username,
        "entry_note": one.comment or one.profile,
        "plan": one.plan.name if one.plan is not None else "",
        "plan_title": one.plan.why if one.plan is not None else "",
    }
    look = _OURS if one.line is not None else _LOOK if one.missing else _READY
    row |= status_cell("state", look)
    if one.owner is not None:
        row |= {"whose": one.owner.name, "why": f"{one.owner.account_number}: {one.owner.why}"}
    else:
        row |= {"whose": one.name or "Nobody yet", "why": f"Somebody new, {one.phone or 'without a phone'}"}
    return row | ({"why": one.missing} if one.missing else {})
