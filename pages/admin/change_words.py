"""What a change of a service comes to, in exact sums and people's words."""

from collections.abc import Sequence
from datetime import date, timedelta

from benfex.subscriptions.outcomes import ChangeOutcome, OutcomeLine
from benfex.subscriptions.story import Chapter, ChapterKind
from components.moments import say_day
from components.status_badge import look_of
from components.timeline import Happening
from data.values.states import SubscriptionStatus

_CHANGES = {
    "change_plan": ("Plan changed from {from} to {to}", "arrow-left-right"),
    "cancel_change": ("The change of plan was taken back", "undo-2"),
    "agree_price": ("Price of a period: {price}", "tag"),
    "add_add_on": ("An add-on joined", "plus"),
    "remove_add_on": ("{add_on} was taken off", "x"),
    "give_discount": ("A discount was given", "tag"),
    "take_discount": ("{discount} was taken back", "undo-2"),
    "end": ("The end was arranged for {on}", "circle-x"),
    "keep": ("The end was taken back", "undo-2"),
}


def say_outcome(outcome: ChangeOutcome, *, today: date) -> str:
    """Return "Credit KES 1,209.68 for 15 unused days, then KES 1,935.48 for Home 20 until 30 Nov." and so on."""
    parts = []
    if not outcome.credited.is_zero:
        parts.append(f"credit {outcome.credited}{_say_unused(outcome.credits)}")
    charges = [f"{line.amount} for {_say_line(line, today=today)}" for line in _joined(outcome.charges)]
    if charges:
        parts.append(", ".join(charges))
    first = ", then ".join(parts) or "nothing is credited or charged today"
    words = f"{first[0].upper()}{first[1:]}."
    if outcome.effective_on > today:
        words += f" It takes effect on {say_day(outcome.effective_on, today=today)}."
    if outcome.to_pay.is_positive and outcome.credits:
        words += f" The difference to pay is {outcome.to_pay}."
    elif outcome.to_pay.is_negative:
        words += f" {-outcome.to_pay} stays with the customer or lowers what is owed."
    is_news = outcome.next_bill_on not in (None, outcome.effective_on)
    if outcome.next_bill_on is not None and is_news and outcome.status is not SubscriptionStatus.ENDED:
        words += f" Next bill: {say_day(outcome.next_bill_on, today=today)}."
    return words


def tell(chapter: Chapter, *, today: date) -> Happening:
    """Return a chapter of a service's story as its timeline shows it."""
    reason = "" if chapter.reason == "started" else chapter.reason  # what the title says already
    note = " · ".join(part for part in (reason, "" if chapter.who.islower() else chapter.who) if part)
    match chapter.kind:
        case ChapterKind.MOVED:
            look = look_of(SubscriptionStatus(chapter.what))
            title = "Started" if chapter.came_from is None else look.label
            return Happening(chapter.at, title, note, look.icon, look.tone)
        case ChapterKind.CHANGED:
            words, symbol = _CHANGES.get(chapter.what, (chapter.what, "pencil"))
            return Happening(chapter.at, _filled(words, chapter, today), note, symbol, "accent")
        case ChapterKind.INVOICED:
            href = f"/admin/invoices/{chapter.invoice_id}"
            return Happening(
                chapter.at, f"Invoice {chapter.what}: {chapter.amount}", "", "receipt-text", "mute", href
            )
        case ChapterKind.CREDITED:
            href = f"/admin/invoices/{chapter.invoice_id}"
            return Happening(
                chapter.at, f"Credit note {chapter.what}: {chapter.amount}", "", "undo-2", "ok", href
            )


def _filled(words: str, chapter: Chapter, today: date) -> str:
    for name, value in chapter.details:
        shown = value
        if name == "on":
            shown = say_day(date.fromisoformat(value), today=today)
        words = words.replace(f"{{{name}}}", shown)
    return words


def _joined(lines: Sequence[OutcomeLine]) -> list[OutcomeLine]:
    """Return the lines with each discount taken off the line before it."""
    found: list[OutcomeLine] = []
    for line in lines:
        if line.amount.is_negative and found:
            last = found[-1]
            found[-1] = OutcomeLine(last.description, last.amount + line.amount, last.starts_on, last.ends_on)
        else:
            found.append(line)
    return found


def _say_unused(credits: Sequence[OutcomeLine]) -> str:
    days = max(
        (
            (line.ends_on - line.starts_on).days
            for line in credits
            if line.starts_on is not None and line.ends_on is not None
        ),
        default=0,
    )
    return f" for {days} unused day{'' if days == 1 else 's'}" if days else ""


def _say_line(line: OutcomeLine, *, today: date) -> str:
    name = line.description.split(", ")[0] if line.ends_on is not None else line.description
    if line.ends_on is None:
        return name
    return f"{name} until {say_day(line.ends_on - timedelta(days=1), today=today)}"
