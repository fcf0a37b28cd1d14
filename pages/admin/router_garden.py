"""Our rules on a router for who has not paid: what they would be, and the word to write them or take them away."""

from benfex.application import Benfex
from benfex.network.gardening import GardenView
from benfex.network.views import RouterView
from components.dialogs import form_dialog
from components.elements import fact, fact_list, text
from components.feedback import Note, action_button, toast_error, toast_ok
from components.theme import Tone
from data.values.errors import BenfexError
from pages.dependencies import SignedInStaff


async def open_garden(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Read the router and show how it stands with the rules."""
    try:
        seen = await benfex.gardens.look(await staff.fresh(), router_id=view.router_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    with form_dialog(f"Who has not paid, on {view.name}") as dialog:
        Note(_say(seen), tone=_tone(seen), symbol="shield-check")
        with fact_list():
            for label, value in _facts(seen):
                fact(label, value)
        text("Rules of others are neither touched nor moved; ours stand before them.", "bf-sub")

        async def switch() -> None:
            try:
                done = await benfex.gardens.switch(
                    await staff.fresh(), router_id=view.router_id, is_on=not seen.is_on
                )
            except BenfexError as error:
                toast_error(error.message)
                return
            dialog.close()
            if done.reason:
                toast_error(f"{done.reason} It is written as soon as the router can be.")
            else:
                toast_ok("Written and read back." if done.is_on else "Our rules are gone from the router.")

        label = "Take our rules away" if seen.is_on else "Write these rules"
        action_button(label, switch, icon="archive" if seen.is_on else "play", classes="wide")


def _say(seen: GardenView) -> str:
    if seen.agrees is None:
        return f"The router could not be read: {seen.reason}"
    if not seen.is_on:
        return "Off: what suspended subscribers reach is what your own rules say."
    return "On, and the router holds it." if seen.agrees else "On, but the router holds something else."


def _tone(seen: GardenView) -> Tone:
    if seen.agrees is None or not seen.agrees:
        return "warn"
    return "ok" if seen.is_on else "mute"


def _facts(seen: GardenView) -> list[tuple[str, str]]:
    wanted = seen.wanted
    door = f"{wanted.door[0]}:{wanted.door[1]}" if wanted.door else "nowhere (BENFEX_GARDEN_DOOR is not set)"
    return [
        ("They reach", ", ".join((*wanted.hosts, *wanted.addresses)) or "nothing"),
        ("And", "name servers (port 53)"),
        ("Plain web pages lead to", door),
        ("All else is", "refused at once"),
    ]
