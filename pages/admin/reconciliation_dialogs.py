"""Dialogs of reconciliation: what a day is made of, and what a person says of a difference."""

from collections.abc import Awaitable, Callable

from benfex.application import Benfex
from benfex.core.paging import PageRequest
from benfex.payments.difference_answers import answer_difference
from benfex.payments.gateway import name_of_gateway
from benfex.payments.reconciliation_views import (
    DayRecord,
    answers_to,
    difference_record,
    list_differences,
)
from components.dialogs import form_dialog
from components.elements import fact, fact_list, row, text
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from data.values.errors import BenfexError
from data.values.identifiers import DifferenceId
from data.values.kinds import DifferenceAnswer
from pages.dependencies import SignedInStaff

After = Callable[[], Awaitable[None]]
_ANSWERS = {
    DifferenceAnswer.NOTED: "Note what was found out",
    DifferenceAnswer.CHARGE: "A charge of the gateway: book it as a fee",
    DifferenceAnswer.OPENING: "Money from before Benfex: book it as the opening balance",
}
_SHOWN = 50


async def open_day(benfex: Benfex, staff: SignedInStaff, day: DayRecord) -> None:
    """Show what a day is made of and what of it does not agree."""
    found = await benfex.read(
        list_differences,
        await staff.fresh(),
        request=PageRequest(size=_SHOWN),
        gateway=day.gateway,
        day=day.day,
    )
    with form_dialog(f"{name_of_gateway(day.gateway)}, {day.day:%d %B %Y}", day.reason or "All agrees."):
        with fact_list():
            fact("Booked here", f"{day.ours} in {day.ours_count:,}")
            fact("In their record", f"{day.theirs} in {day.theirs_count:,}")
            fact("Fees booked", str(day.fees_ours))
            if day.fees_theirs is not None:
                fact("Fees they kept", str(day.fees_theirs))
            fact("Clearing at the end of the day", str(day.clearing))
            if day.balance is not None:
                fact("Held, says the gateway", str(day.balance))
        for one in found.rows:
            said = f"{one.reason} {one.resolution}".strip()
            row(one.transaction_id, said, symbol="circle-check" if one.resolved_at else "circle-alert")
        if found.total > len(found.rows):
            text(f"And {found.total - len(found.rows):,} more.", "t2")


async def open_answer(
    benfex: Benfex, staff: SignedInStaff, difference_id: DifferenceId, after: After
) -> None:
    """Ask what was found out about a difference, and settle it."""
    try:
        actor = await staff.fresh()
        found = await benfex.read(difference_record, actor, difference_id=difference_id)
        answers = await benfex.read(answers_to, actor, difference_id=difference_id)
    except BenfexError as error:
        toast_error(error.message)
        return

    async def settle(values: Values) -> None:
        await benfex.transact(
            answer_difference,
            await staff.fresh(),
            difference_id=difference_id,
            answer=DifferenceAnswer(values.get("answer") or DifferenceAnswer.NOTED),
            words=values["words"],
        )
        dialog.close()
        toast_ok("It is settled.")
        await after()

    with form_dialog("Settle this difference", found.reason) as dialog:
        with fact_list():
            fact("Transaction", found.transaction_id)
            fact("Day", f"{found.day:%d %b %Y}")
            if found.ours is not None:
                fact("Booked here", str(found.ours))
            if found.theirs is not None:
                fact("In their record", str(found.theirs))
        with Form(settle) as form:
            if len(answers) > 1:
                ways = {answer.value: _ANSWERS[answer] for answer in answers}
                form.choice("answer", "What it is", ways, answers[0].value)
            form.area("words", "What was found out", required=True, hint="Kept with your name.")
            form.submit("Settle")
