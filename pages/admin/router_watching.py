"""A router that is only watched: what writing it would change, and the word to begin or to stop."""

from benfex.application import Benfex
from benfex.core.actors import require
from benfex.network.inventory import manage_router
from benfex.network.managing import WritePlan
from benfex.network.views import RouterView
from components.data_table import Column, DataTable, Empty, Row, TableQuery
from components.dialogs import confirm, form_dialog
from components.elements import box, fact, fact_list, link_button
from components.feedback import Note, action_button, toast_error, toast_ok
from components.status_badge import status_cell
from data.values.errors import BenfexError
from data.values.kinds import PlannedKind
from data.values.roles import Permission
from data.values.states import RouterStatus
from pages.admin.phrases import say_count
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

_COLUMNS = (
    Column("kind", "", "badge"),
    Column("user", "Line", "text"),
    Column("what", "What differs", "note"),
)


class WatchedNote:
    """Says on a router's page that it is only watched, and leads to its plan."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view
        with box("bf-stack tight") as self._place:
            Note(
                "Only watched: Benfex reads this router and writes nothing to it. Its tasks wait.",
                tone="warn",
                symbol="eye",
            )
            if may(staff, Permission.OPERATE_NETWORK):
                with box("bf-line"):
                    action_button("What would be written?", self._plan, icon="list-checks", kind="ghost")
                    if may(staff, Permission.EDIT_SUBSCRIPTIONS):
                        href = f"/admin/routers/{view.router_id}/adopt"
                        link_button("Take over what it holds", href, kind="ghost", icon="corner-down-left")
        self.set(view)

    def set(self, view: RouterView) -> None:
        """Show it while it is true."""
        self._view = view
        self._place.set_visibility(not view.is_managed and view.status is not RouterStatus.RETIRED)

    async def _plan(self) -> None:
        await show_plan(self._benfex, self._staff, self._view)


async def show_plan(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Read the router, show what managing it would write, and offer to begin."""
    plan = await benfex.managing.plan(await staff.fresh(), router_id=view.router_id)
    with form_dialog(f"What would be written to {view.name}") as dialog:
        _say(plan)

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            first = (query.page - 1) * query.size
            shown = plan.changes[first : first + query.size]
            rows = [
                {"id": line.connection_id, "user": line.username, "what": line.what}
                | status_cell("kind", line.kind)
                for line in shown
            ]
            return rows, len(plan.changes)

        if plan.changes:
            DataTable(_COLUMNS, fetch, label="What would change", sort="", size=10, empty=Empty())

        async def start() -> None:
            try:
                await benfex.managing.start(
                    await staff.fresh(), router_id=view.router_id, fingerprint=plan.fingerprint
                )
            except BenfexError as error:
                toast_error(error.message)
                return
            dialog.close()
            toast_ok(f"{view.name} is managed from now on.")

        if may(staff, Permission.EDIT_NETWORK):
            words = "Write this and manage the router" if plan.changes else "Manage the router"
            action_button(words, start, icon="play", classes="wide")


async def watch_only(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Write nothing more to a router."""
    require(await staff.fresh(), Permission.EDIT_NETWORK)
    if not await confirm(
        f"Only watch {view.name}?",
        f"It is still read, and nothing is written to it until you let Benfex begin again. {view.connections:,} lines "
        "keep the access they have; payments are booked, but suspended lines stay off.",
        action="Only watch",
        danger=True,
    ):
        return
    try:
        await benfex.transact(manage_router, await staff.fresh(), router_id=view.router_id, is_managed=False)
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{view.name} is only watched now.")


def _say(plan: WritePlan) -> None:
    if not plan.changes and not plan.profiles:
        Note("Nothing: the router holds exactly what it should.", tone="ok", symbol="circle-check")
    if plan.blocked:
        names = ", ".join(plan.blocked[:5]) + (" and others" if len(plan.blocked) > 5 else "")
        Note(
            f"{say_count(len(plan.blocked), 'name is', 'names are')} held by entries that are not ours and stay as "
            f"they are: {names}.",
            tone="warn",
            symbol="triangle-alert",
        )
    with fact_list():
        fact("Add", say_count(plan.count(PlannedKind.ADD), "line"))
        fact("Take over", say_count(plan.count(PlannedKind.TAKE_OVER), "line"))
        fact("Change", say_count(plan.count(PlannedKind.CHANGE), "line"))
        fact("Remove", say_count(plan.count(PlannedKind.REMOVE), "line"))
        fact("Profiles", ", ".join(plan.profiles) or "none")
        fact("As they should be", say_count(plan.agree, "line"))
        fact("Not ours, left alone", say_count(plan.left_alone, "entry", "entries"))
        fact("Dial in once more", say_count(plan.cut, "subscriber"))
