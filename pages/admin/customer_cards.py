"""The saved cards of one customer. Only their owner agrees to charges; staff can take that back for them."""

from benfex.application import Benfex
from benfex.customers.views import CustomerView
from benfex.payments.saved_methods import SavedMethodView, saved_methods_of, withdraw_consent
from components.dialogs import confirm
from components.elements import body, box, card, text
from components.feedback import action_button, toast_ok
from components.moments import say_day
from data.values.roles import Permission
from pages.admin.shell import may
from pages.dependencies import SignedInStaff


class CustomerCards:
    """A card that shows while something is saved; `refresh` reads it again."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view

    async def build(self) -> None:
        """Create the card and fill it."""
        with card("Saved cards").mark("saved-cards") as self._card:
            self._place = body()
        await self.refresh()

    async def refresh(self) -> None:
        """Show what is saved now."""
        methods: tuple[SavedMethodView, ...] = ()
        if may(self._staff, Permission.VIEW_PAYMENTS):
            actor = await self._staff.fresh()
            methods = await self._benfex.read(saved_methods_of, actor, customer_id=self._view.customer_id)
        self._card.set_visibility(bool(methods))
        self._place.clear()
        with self._place:
            for method in methods:
                self._row(method)

    def _row(self, method: SavedMethodView) -> None:
        with box("bf-line wide nowrap"):
            with box("bf-grow"):
                text(f"{method.label}, {method.gateway_name}", "t1 bf-wrap")
                text(self._standing(method), "t2 bf-wrap")
            if method.consented_at is not None and may(self._staff, Permission.EDIT_CUSTOMERS):
                action_button("Withdraw consent", lambda: self._withdraw(method), kind="ghost")

    def _standing(self, method: SavedMethodView) -> str:
        if method.is_expired:
            return "Expired; it is charged no more."
        if method.is_stopped:
            return f"Failed three times and is let be. {method.last_failure or ''}".strip()
        if method.consented_at is not None:
            since = say_day(method.consented_at.date(), today=self._view.today)
            return f"Pays bills by itself, agreed {since}."
        return "Saved; it pays nothing by itself."

    async def _withdraw(self, method: SavedMethodView) -> None:
        consequence = "Their bills are not charged to it any more. Only they can agree again, in the portal."
        if not await confirm(f"Withdraw {method.label}?", consequence, action="Yes, withdraw"):
            return

        await self._benfex.transact(
            withdraw_consent,
            await self._staff.fresh(),
            customer_id=self._view.customer_id,
            method_id=method.id,
        )
        toast_ok(f"{method.label} pays nothing by itself.")
        await self.refresh()
