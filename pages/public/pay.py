"""Pay by link, without signing in: the token opens one customer's bill and nothing else."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from nicegui import ui
from starlette.exceptions import HTTPException

from benfex.application import Benfex
from benfex.core.actors import Actor, SystemActor
from benfex.core.policy import IspProfileView, isp_profile
from benfex.customers.contact import contact_of
from benfex.documents.codes import qr_code
from benfex.payments.pay_links import OpenedPayLink, open_pay_link
from benfex.payments.progress import attempt_of_reference
from benfex.payments.quotes import quote
from components.elements import body, box, button, card, text
from components.elements import link as text_link
from components.feedback import note
from components.frame import plain_frame
from components.money import money_label
from components.qr import qr
from components.theme import DEFAULT_ACCENT
from data.values.errors import NotFound
from data.values.identifiers import PhoneNumber
from data.values.states import CheckoutStatus
from pages.dependencies import DOOR, BenfexDep
from pages.portal.by_hand import by_hand_card
from pages.portal.paying import LinkTerms, follow, masked, pay_form, progress_of
from pages.screen import screen

_ENDED = {
    CheckoutStatus.PAID: ("This is paid. Thank you.", "circle-check"),
    CheckoutStatus.CLOSED: (
        "Whoever asked for this payment closed it. Nothing is to be paid here.",
        "circle-x",
    ),
    CheckoutStatus.EXPIRED: ("The time for this payment is over. Ask for a new link.", "timer"),
}


@screen("/pay/{token}", title="Pay")
async def pay_by_link(
    benfex: BenfexDep, token: str, attempt: int = 0, reference: str = "", trxref: str = ""
) -> None:
    """Show what is owed and take the payment, or follow one that was begun here."""
    try:
        link = await benfex.read(open_pay_link, DOOR, token=token)
    except NotFound as missing:
        raise HTTPException(404) from missing
    profile = await benfex.read(isp_profile, DOOR)
    attempt_id = attempt or await _returned(benfex, link, reference or trxref)
    if attempt_id:
        await _follow(benfex, profile, link, token, attempt_id)
    elif link.status is not CheckoutStatus.OPEN:
        _say_ended(profile, link)
    else:
        await _ask(benfex, profile, link, token)


async def _ask(benfex: Benfex, profile: IspProfileView | None, link: OpenedPayLink, token: str) -> None:
    owed = await benfex.read(quote, DOOR, customer_id=link.customer_id)
    contact = await benfex.read(contact_of, DOOR, customer_id=link.customer_id)

    async def who() -> Actor:
        await benfex.read(open_pay_link, DOOR, token=token)
        return SystemActor("pay link")

    with plain_frame(
        f"Pay for {contact.name.split()[0]}",
        isp_name=profile.name if profile else "Benfex",
        accent=profile.accent if profile else DEFAULT_ACCENT,
        subtitle=f"Account {contact.account_number}",
        large=True,
    ):
        if link.amount is not None:
            money_label(link.amount, hero=True)
            if link.description:
                text(link.description, "bf-sub", "p")
        elif owed.to_pay.is_positive:
            text(f"{owed.to_pay} to pay", "bf-title")
        else:
            note("Nothing is due. What you pay now is kept for the next bill.")
        if link.paid.is_positive:
            note(f"{link.paid} was paid by this link.", tone="ok", symbol="circle-check")
        if link.invoice_id is not None:
            text_link("Invoice as PDF", f"/documents/pay/{token}/invoice.pdf")
        pay_form(
            benfex,
            who=who,
            customer_id=link.customer_id,
            owed=owed,
            phone="",
            here=f"/pay/{token}?attempt=",
            return_path=f"/pay/{token}",
            by=LinkTerms(
                link.pay_link_id, link.amount, PhoneNumber(contact.phone) if contact.phone else None
            ),
        )
        by_hand_card(
            benfex,
            account_number=contact.account_number,
            phone=masked(PhoneNumber(contact.phone)) if contact.phone else "your own phone",
        )
        with box("bf-qr-wide bf-stack tight"):
            code = qr_code(f"{benfex.settings.public_url}/pay/{token}")
            qr(code.size, code.runs, label="This page as a code for a phone")
            text("Or scan it and pay on your phone.", "bf-sub", "p")


async def _follow(
    benfex: Benfex, profile: IspProfileView | None, link: OpenedPayLink, token: str, attempt_id: int
) -> None:
    try:
        progress = await progress_of(benfex, DOOR, attempt_id)
    except NotFound as missing:
        raise HTTPException(404) from missing
    if progress.customer_id != link.customer_id:
        raise HTTPException(404)

    async def who() -> Actor:
        return SystemActor("pay link")

    with plain_frame(
        "Your payment",
        isp_name=profile.name if profile else "Benfex",
        accent=profile.accent if profile else DEFAULT_ACCENT,
        large=True,
    ):
        follow(benfex, progress, who=who, again=f"/pay/{token}", home=f"/pay/{token}", back=_way_back(link))


def _say_ended(profile: IspProfileView | None, link: OpenedPayLink) -> None:
    words, symbol = _ENDED[link.status]
    with plain_frame(
        "Your payment",
        isp_name=profile.name if profile else "Benfex",
        accent=profile.accent if profile else DEFAULT_ACCENT,
        large=True,
    ):
        if link.paid.is_positive:
            money_label(link.paid, hero=True)
        note(words, tone="ok" if link.status is CheckoutStatus.PAID else "mute", symbol=symbol)
        back = _way_back(link)
        if back is not None:
            with card(), body():
                back()


def _way_back(link: OpenedPayLink) -> Callable[[], None] | None:
    """Return what makes the button back to whoever asked for the payment, None for a link of ours."""
    if link.return_url is None:
        return None
    said = {"checkout_id": str(link.pay_link_id)}
    if link.client_reference:
        said["client_reference"] = link.client_reference
    address = f"{link.return_url}{'&' if '?' in link.return_url else '?'}{urlencode(said)}"
    host = urlsplit(link.return_url).hostname or "the shop"

    def back() -> None:
        button(f"Back to {host}", lambda: ui.navigate.to(address), classes="big wide")

    return back


async def _returned(benfex: Benfex, link: OpenedPayLink, reference: str) -> int:
    if not reference:
        return 0
    attempt_id = await benfex.read(
        attempt_of_reference, DOOR, customer_id=link.customer_id, reference=reference
    )
    if attempt_id is None:
        return 0
    await benfex.reconciler.look_soon(attempt_id)
    return attempt_id
