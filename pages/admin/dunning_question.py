"""The question of a dunning run that would cut off too many; the owner answers it here."""

from benfex.application import Benfex
from benfex.core.events import DunningAsked
from benfex.dunning.runner import BreakerView, Word, answer_breaker, breaker_question
from components.elements import box
from components.feedback import Note, action_button
from data.values.roles import Permission
from pages.admin.lists import Unhurried, on_each
from pages.admin.phrases import say_count
from pages.admin.shell import may
from pages.dependencies import SignedInStaff


class DunningQuestion:
    """A note while today's run waits, with the owner's two answers; nothing while it does not."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff

    async def build(self) -> None:
        """Create the place, and follow what is asked and answered."""
        self._place = box("bf-stack tight")
        await self._refresh()
        on_each(self._benfex, (DunningAsked,), Unhurried(self._refresh, seconds=0.3).ask)

    async def _refresh(self) -> None:
        actor = await self._staff.fresh()
        if not may(self._staff, Permission.RUN_BILLING):
            return
        view = await self._benfex.read(breaker_question, actor)
        self._place.clear()
        if view is None:
            return
        with self._place:
            self._ask(view)

    def _ask(self, view: BreakerView) -> None:
        share = view.foreseen * 100 // max(view.active, 1)
        words = (
            f"Today {say_count(view.foreseen, 'service')} of {view.active:,} that are on ({share}%) would be "
            f"suspended; your limit is {view.percent}%. "
        )
        if view.word is Word.REFUSED:
            words += "You keep them on for today; tomorrow it is asked again."
        else:
            words += "Nobody is cut off until you decide."
        Note(words, tone="warn", symbol="triangle-alert")
        if not may(self._staff, Permission.EDIT_PROFILE):
            return
        with box("bf-acts"):
            if view.word is not Word.REFUSED:
                action_button("Keep everybody on today", lambda: self._answer(False), kind="ghost")
            action_button(
                f"Suspend {say_count(view.foreseen, 'service')}", lambda: self._answer(True), kind="danger"
            )

    async def _answer(self, is_allowed: bool) -> None:
        await self._benfex.transact(answer_breaker, await self._staff.fresh(), is_allowed=is_allowed)
        if is_allowed and self._benfex.timetable is not None:
            self._benfex.timetable.wake("run_dunning")
        await self._refresh()
