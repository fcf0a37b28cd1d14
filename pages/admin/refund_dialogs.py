"""Dialogs about money that goes back: ask for it, approve it, decline it, and say how it ended."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from benfex.application import Benfex
from benfex.payments.gateway import Gateway, name_of_gateway
from benfex.payments.refund_requests import (
    NewRefund,
    approve_refund,
    ask_refund,
    decline_refund,
    pay_out_credit,
)
from benfex.payments.refund_steps import conclude_arrived, conclude_failed
from benfex.payments.refund_views import (
    RefundListed,
    RefundOffer,
    payout_offer,
    refund_listed,
    refund_offer,
    refund_record,
)
from benfex.payments.refunds import ways_back
from benfex.payments.views import payment
from components.dialogs import ask_reason, form_dialog
from components.elements import fact, fact_list, text
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from data.values.errors import BenfexError
from data.values.identifiers import CustomerId, PaymentId, RefundId, parse_phone
from data.values.kinds import RefundWay
from data.values.money import Money
from data.values.states import RefundStatus
from pages.dependencies import SignedInStaff

After = Callable[[], Awaitable[None]]
WAYS: Final[Mapping[RefundWay, str]] = {
    RefundWay.GATEWAY: "By the gateway, the way it came",
    RefundWay.PAYOUT: "As a payout to a phone",
    RefundWay.BY_HAND: "By hand, against a slip",
}


async def open_refund(benfex: Benfex, staff: SignedInStaff, payment_id: PaymentId, after: After) -> None:
    """Ask how much of a payment is to go back, and how."""
    try:
        money = await benfex.read(payment, await staff.fresh(), payment_id=payment_id)
        offer = await benfex.read(refund_offer, await staff.fresh(), payment_id=payment_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    if offer.free.is_zero:
        toast_error(
            "None of this money is free: it pays invoices, goes back already or is disputed. Credit one first."
        )
        return
    gateway = benfex.gateways.find(money.gateway)
    ways = ways_back(gateway.capabilities if gateway is not None else None)

    async def ask(wish: NewRefund) -> tuple[RefundId, ...]:
        actor, gateways = await staff.fresh(), benfex.gateways.running
        return (
            await benfex.transact(ask_refund, actor, payment_id=payment_id, wish=wish, gateways=gateways),
        )

    words = (
        f"Up to {offer.free} of {money.amount} by {name_of_gateway(money.gateway)} {money.transaction_id} "
        f"can go back. {_rule(offer)}"
    )
    _ask(benfex, staff, ("Refund", words), offer, ways, ask, after)


async def open_payout(benfex: Benfex, staff: SignedInStaff, customer_id: CustomerId, after: After) -> None:
    """Ask how much of a customer's credit is to go back, and how."""
    try:
        offer = await benfex.read(payout_offer, await staff.fresh(), customer_id=customer_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    if offer.free.is_zero:
        toast_error("This customer has no credit that could go back.")
        return
    gateways = benfex.gateways.running

    async def ask(wish: NewRefund) -> tuple[RefundId, ...]:
        actor = await staff.fresh()
        return await benfex.transact(
            pay_out_credit, actor, customer_id=customer_id, wish=wish, gateways=gateways
        )

    words = f"{offer.free} of credit. It goes back from the oldest payment on. {_rule(offer)}"
    _ask(benfex, staff, ("Pay out credit", words), offer, _ways_of_any(gateways), ask, after)


async def open_approval(benfex: Benfex, staff: SignedInStaff, refund_id: RefundId, after: After) -> None:
    """Show what is asked for, and take the second person's word."""
    try:
        line = await benfex.read(refund_listed, await staff.fresh(), refund_id=refund_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    refund = line.refund

    async def approve(values: Values) -> None:
        await benfex.transact(
            approve_refund, await staff.fresh(), refund_id=refund_id, slip=values.get("reference") or ""
        )
        dialog.close()
        by_hand = refund.way is RefundWay.BY_HAND
        toast_ok(f"{refund.amount} went back." if by_hand else f"{refund.amount} is being sent.")
        await after()

    with form_dialog("Approve this refund?") as dialog:
        _facts(line)
        if line.is_mine:
            text("You asked for this refund, so another member of staff has to approve it.", "bf-sub", "p")
            return
        with Form(approve) as form:
            if refund.way is RefundWay.BY_HAND:
                hint = "Of the transfer that sent it back; used once."
                form.text("reference", "Number on the slip", refund.reference or "", hint=hint)
            form.submit(f"Approve {refund.amount}")


async def open_decline(benfex: Benfex, staff: SignedInStaff, refund_id: RefundId, after: After) -> None:
    """Ask why a refund that was not sent is let go."""
    await _decide(
        benfex,
        staff,
        refund_id,
        after,
        title="Let {amount} not go back?",
        words="The money is the customer's credit again and pays what they owe.",
        button="Decline refund",
        act=decline_refund,
    )


async def open_not_arrived(benfex: Benfex, staff: SignedInStaff, refund_id: RefundId, after: After) -> None:
    """Ask what the gateway's screen shows of a refund that did not go back."""
    await _decide(
        benfex,
        staff,
        refund_id,
        after,
        title="{amount} did not go back?",
        words="Look at the gateway's own screen first: if it did go back, the customer would have it twice.",
        button="It did not go back",
        act=conclude_failed,
    )


async def open_arrived(benfex: Benfex, staff: SignedInStaff, refund_id: RefundId, after: After) -> None:
    """Ask for the receipt of a refund that went back without an answer of the gateway."""

    async def note(values: Values) -> None:
        reference = values["reference"]
        await benfex.transact(conclude_arrived, await staff.fresh(), refund_id=refund_id, reference=reference)
        dialog.close()
        toast_ok("Noted as paid back.")
        await after()

    words = "The gateway gave no answer about it. Find it on the gateway's own screen."
    with form_dialog("It went back?", words) as dialog, Form(note) as form:
        form.text("reference", "Receipt", hint="As the gateway shows it.")
        form.submit("It went back")


async def open_account(benfex: Benfex, staff: SignedInStaff, refund_id: RefundId, after: After) -> None:
    """Ask for the bank account of a customer whose refund cannot go back the way the money came."""

    async def send(values: Values) -> None:
        await benfex.refunds.send_to_account(
            await staff.fresh(),
            refund_id,
            bank_code=values["bank_code"],
            account_number=values["account_number"],
        )
        dialog.close()
        toast_ok("The gateway has the account.")
        await after()

    words = "For a refund that the gateway cannot give back the way the money came."
    with form_dialog("Send to a bank account", words) as dialog, Form(send) as form:
        form.text("bank_code", "Bank", hint="The bank's code, as the gateway lists it.")
        form.text("account_number", "Account number")
        form.submit("Send there")


async def _decide(
    benfex: Benfex,
    staff: SignedInStaff,
    refund_id: RefundId,
    after: After,
    *,
    title: str,
    words: str,
    button: str,
    act: Callable[..., None],
) -> None:
    try:
        refund = await benfex.read(refund_record, await staff.fresh(), refund_id=refund_id)
        reason = await ask_reason(title.format(amount=refund.amount), words, action=button, danger=True)
        if reason is None:
            return
        await benfex.transact(act, await staff.fresh(), refund_id=refund_id, reason=reason)
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{refund.amount} is the customer's credit again.")
    await after()


def _ask(
    benfex: Benfex,
    staff: SignedInStaff,
    words: tuple[str, str],
    offer: RefundOffer,
    ways: tuple[RefundWay, ...],
    ask: Callable[[NewRefund], Awaitable[tuple[RefundId, ...]]],
    after: After,
) -> None:
    async def send(values: Values) -> None:
        amount: Money = values["amount"]
        phone = values.get("phone")
        made = await ask(
            NewRefund(
                amount,
                values["reason"],
                values["way"],
                values.get("reference") or "",
                parse_phone(phone) if phone else None,
            )
        )
        dialog.close()
        first = await benfex.read(refund_record, await staff.fresh(), refund_id=made[0])
        toast_ok(_said(amount, first.status))
        await after()

    with form_dialog(*words) as dialog, Form(send) as form:
        form.money("amount", "Amount", offer.free.currency, offer.free)
        way = form.choice("way", "How it goes back", {way: WAYS[way] for way in ways}, ways[0])
        hint = f"Of the transfer that sent it back. Above {offer.alone} it may come with the approval."
        form.text("reference", "Number on the slip", required=False, hint=hint)
        form.show_while("reference", way, lambda chosen: chosen is RefundWay.BY_HAND)
        form.text("phone", "Phone that gets it", offer.phone, required=False)
        form.show_while("phone", way, lambda chosen: chosen is RefundWay.PAYOUT)
        form.area("reason", "Reason", required=True).props("maxlength=200")
        form.submit("Give back")


def _said(amount: Money, status: RefundStatus) -> str:
    match status:
        case RefundStatus.AWAITING:
            return f"{amount} waits for another member of staff."
        case RefundStatus.SUCCEEDED:
            return f"{amount} went back."
        case _:
            return f"{amount} is being sent."


def _rule(offer: RefundOffer) -> str:
    if offer.alone.is_zero:
        return "Another member of staff has to approve it."
    return f"Above {offer.alone} a day another member of staff has to approve it."


def _ways_of_any(gateways: Mapping[str, Gateway]) -> tuple[RefundWay, ...]:
    """Return the ways that at least one gateway has; by hand comes first, as it fits every payment."""
    found = {way for gateway in gateways.values() for way in ways_back(gateway.capabilities)}
    return tuple(way for way in (RefundWay.BY_HAND, RefundWay.PAYOUT, RefundWay.GATEWAY) if way in found) or (
        RefundWay.BY_HAND,
    )


def _facts(line: RefundListed) -> None:
    refund = line.refund
    with fact_list():
        fact("Amount", str(refund.amount))
        fact("Goes to", f"{line.customer_name}, {line.account_number}")
        fact("How", WAYS[refund.way])
        if refund.recipient:
            fact("Phone", refund.recipient)
        fact("Out of", f"{name_of_gateway(refund.gateway)} {line.transaction_id}")
        fact("Asked for by", refund.made_by)
        fact("Reason", refund.reason)
