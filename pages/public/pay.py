"""Pay by link, without signing in: the token opens one customer's bill and nothing else."""

from starlette.exceptions import HTTPException

from benfex.application import Benfex
from benfex.core.actors import Actor, SystemActor
from benfex.core.policy import IspProfileView, isp_profile
from benfex.customers.contact import contact_of
from benfex.payments.pay_links import OpenedPayLink, open_pay_link
from benfex.payments.progress import attempt_of_reference
from benfex.payments.quotes import quote
from components.elements import link as text_link
from components.elements import text
from components.feedback import note
from components.frame import plain_frame
from components.theme import DEFAULT_ACCENT
from data.values.errors import NotFound
from pages.dependencies import DOOR, BenfexDep
from pages.portal.paying import follow, pay_form, progress_of
from pages.screen import screen


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
        if owed.to_pay.is_positive:
            text(f"{owed.to_pay} to pay", "bf-title")
        else:
            note("Nothing is due. What you pay now is kept for the next bill.")
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
        )


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
        follow(benfex, progress, who=who, again=f"/pay/{token}", home=f"/pay/{token}")


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
