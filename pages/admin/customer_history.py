"""What happened to a customer, in people's words, and what colleagues noted."""

from benfex.application import Benfex
from benfex.customers.timeline import Fact, FactKind, timeline
from benfex.customers.views import CustomerView
from components.elements import body, box, button, card, text
from components.theme import Tone
from components.timeline import Happening, Timeline
from data.values.roles import Permission
from data.values.states import SubscriptionStatus
from pages.admin.customer_dialogs import open_note
from pages.admin.phrases import say_by, say_span
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

_MOVED: dict[SubscriptionStatus, tuple[str, str, Tone]] = {
    SubscriptionStatus.ACTIVE: ("{plan} is active", "circle-check", "ok"),
    SubscriptionStatus.PAST_DUE: ("Payment for {plan} is due", "clock", "warn"),
    SubscriptionStatus.SUSPENDED: ("{plan} was suspended", "ban", "bad"),
    SubscriptionStatus.PAUSED: ("{plan} was paused", "circle-pause", "mute"),
    SubscriptionStatus.ENDED: ("{plan} ended", "circle-x", "mute"),
    SubscriptionStatus.PENDING: ("{plan} was ordered", "circle-dashed", "mute"),
}


class History:
    """The timeline of one customer with its notes."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view

    async def build(self) -> None:
        """Create the card and fill it."""
        with card() as element:
            with box("bf-ch"):
                text("What happened", "bf-ct bf-grow", "h2")
                if may(self._staff, Permission.EDIT_CUSTOMERS):
                    button(
                        "Add note",
                        lambda: open_note(self._benfex, self._staff, self._view),
                        kind="ghost",
                        icon="message-square",
                        classes="small",
                    )
            with body():
                self._timeline = Timeline((), now=self._benfex.clock.now(), timezone=self._view.timezone)
        element.mark("history")
        await self.refresh()

    async def refresh(self) -> None:
        """Show the newest facts."""
        facts = await self._benfex.read(
            timeline, await self._staff.fresh(), customer_id=self._view.customer_id
        )
        self._timeline.set(
            [_happening(fact, self._view.name) for fact in facts], now=self._benfex.clock.now()
        )


def _happening(fact: Fact, name: str) -> Happening:
    match fact.kind:
        case FactKind.REGISTERED:
            return Happening(fact.at, "Became a customer", symbol="user-plus", tone="accent")
        case FactKind.SERVICE_MOVED:
            return _moved(fact)
        case FactKind.PAID:
            words = f"{fact.who or name} paid {fact.amount} {say_by(fact.what)}"
            if fact.back_after_ms is not None:
                words += f", access restored {say_span(fact.back_after_ms)} later"
            return Happening(fact.at, words, fact.reason, "banknote", "ok")
        case FactKind.REVERSED:
            return Happening(
                fact.at, f"A payment of {fact.amount} was reversed", fact.reason, "undo-2", "bad"
            )
        case FactKind.NOT_PAID:
            words = f"{fact.amount} {say_by(fact.what)} was not paid"
            return Happening(fact.at, words, fact.reason, "circle-x", "mute")
        case FactKind.NOTED:
            return Happening(fact.at, fact.what, f"Note by {fact.who}", "message-square", "mute")


def _moved(fact: Fact) -> Happening:
    assert fact.moved_to is not None
    words, symbol, tone = _MOVED[fact.moved_to]
    title = words.replace("{plan}", fact.what)
    if fact.moved_to is SubscriptionStatus.ACTIVE and fact.moved_from is None:
        title, symbol = f"{fact.what} started", "plug"
    elif fact.moved_to is SubscriptionStatus.ACTIVE and fact.moved_from is SubscriptionStatus.SUSPENDED:
        title, symbol = f"{fact.what} was resumed", "play"
    # People have capitals in their names, our own actors ("scheduler") have none.
    notes = [_reason(fact.reason), "" if fact.who.islower() else fact.who]
    return Happening(fact.at, title, " · ".join(filter(None, notes)), symbol, tone)


def _reason(reason: str) -> str:
    known = {"non_payment": "not paid", "abuse": "abuse", "staff": "by staff", "started": ""}
    return known.get(reason, reason).capitalize()
