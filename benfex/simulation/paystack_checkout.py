"""The hosted payment page of the simulated Paystack: pay, decline or leave, then back to the shop.

What each choice does to the transaction is in paystack.py.
"""

from html import escape
from typing import Protocol
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from benfex.simulation.options import PaystackOptions
from benfex.simulation.paystack_cards import CARDS, PLAIN, TestCard, card_of
from benfex.simulation.paystack_words import Charge


class Till(Protocol):
    """What the page needs of Paystack."""

    options: PaystackOptions

    def find(self, key: str) -> Charge: ...  # noqa: D102 (see paystack.py, as the others below)
    def open(self, charge: Charge) -> None: ...  # noqa: D102
    def pay(  # noqa: D102
        self,
        charge: Charge,
        *,
        channel: str | None = None,
        phone: str | None = None,
        card: str | None = None,
    ) -> None: ...
    def decline(self, charge: Charge) -> None: ...  # noqa: D102
    def leave(self, charge: Charge) -> None: ...  # noqa: D102


def checkout_routes(till: Till) -> list[Route]:
    """Return the addresses of the hosted page."""

    async def show(request: Request) -> Response:
        try:
            charge = till.find(request.path_params["access_code"])
        except KeyError:
            return HTMLResponse(
                _page("Not found", "<p class=note>There is no such payment.</p>"), status_code=404
            )
        till.open(charge)
        return HTMLResponse(_page(till.options.business_name, _body(charge, till.options.business_name)))

    async def choose(request: Request) -> Response:
        try:
            charge = till.find(request.path_params["access_code"])
        except KeyError:
            return HTMLResponse(
                _page("Not found", "<p class=note>There is no such payment.</p>"), status_code=404
            )
        match request.path_params["choice"]:
            case "pay_mobile":
                till.pay(charge, channel="mobile_money")
            case "pay_card":
                form = await request.form()
                try:
                    card = card_of(str(form.get("card") or PLAIN))
                except ValueError as error:
                    return HTMLResponse(_page("Not found", f"<p class=note>{escape(str(error))}</p>"), 404)
                if "pin" not in form and card.pin:
                    return HTMLResponse(_page(till.options.business_name, _secrets(charge, card)))
                if (str(form.get("pin", "")), str(form.get("otp", ""))) == (card.pin, card.otp):
                    till.pay(charge, channel="card", card=card.number)
                else:
                    till.decline(charge)
            case "decline":
                till.decline(charge)
            case "leave":
                till.leave(charge)
            case _:
                return HTMLResponse(_page("Not found", "<p class=note>No such choice.</p>"), status_code=404)
        return RedirectResponse(return_address(charge) or f"/checkout/{charge.access_code}", status_code=303)

    return [
        Route("/checkout/{access_code}", show, methods=["GET"]),
        Route("/checkout/{access_code}/{choice}", choose, methods=["POST"]),
    ]


def return_address(charge: Charge) -> str | None:
    """Return where the customer goes afterwards, with the reference added; None when the shop gave none."""
    if charge.callback_url is None:
        return None
    parts = urlsplit(charge.callback_url)
    added = urlencode({"trxref": charge.reference, "reference": charge.reference})
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit(parts._replace(query=query))


def _body(charge: Charge, business: str) -> str:
    amount = f"{escape(charge.currency)} {charge.requested_amount / 100:,.2f}"
    head = (
        f"<p class=small>{escape(business)}</p><p class=amount>{amount}</p>"
        f"<p class=small>{escape(charge.email)}<br>Reference {escape(charge.reference)}</p>"
    )
    if charge.paid_at is not None:
        back = return_address(charge)
        link = (
            f'<a class="button main" href="{escape(back, quote=True)}">Back to the shop</a>' if back else ""
        )
        return f"{head}<p class=note role=status>This payment is complete.</p>{link}"
    declined = "<p class=note role=alert>The last try was declined.</p>" if charge.status == "failed" else ""
    action = f"/checkout/{escape(charge.access_code, quote=True)}"
    takes_mobile = charge.currency == "KES" and charge.card is None
    forms = ""
    if takes_mobile and (not charge.channels or "mobile_money" in charge.channels):
        forms += _button(action, "pay_mobile", "Pay with M-PESA", "main")
    if not charge.channels or "card" in charge.channels:
        forms += _card_form(charge, action, "" if forms else "main")
    forms += _button(action, "decline", "Decline", "")
    forms += _button(action, "leave", "Leave without paying", "quiet")
    return head + declined + forms


def _button(action: str, choice: str, label: str, look: str) -> str:
    return (
        f'<form method=post action="{action}/{choice}"><button class="button {look}">{label}</button></form>'
    )


def _card_form(charge: Charge, action: str, look: str) -> str:
    known = [CARDS[charge.card]] if charge.card else list(CARDS.values())
    options = "".join(
        f"<option value={card.number}>{card.brand} •••• {card.number[-4:]}: {card.title}</option>"
        for card in known
    )
    return (
        f'<form method=post action="{action}/pay_card"><label class=small for=card>Test card</label>'
        f"<select class=button id=card name=card>{options}</select>"
        f'<button class="button {look}">Pay with this card</button></form>'
    )


def _secrets(charge: Charge, card: TestCard) -> str:
    action = f"/checkout/{escape(charge.access_code, quote=True)}"
    code = (
        f"<label class=small for=otp>Code (here {card.otp})</label><input class=button id=otp name=otp>"
        if card.otp
        else ""
    )
    return (
        f'<form method=post action="{action}/pay_card"><input type=hidden name=card value={card.number}>'
        f"<label class=small for=pin>PIN of the card (here {card.pin})</label>"
        f"<input class=button id=pin name=pin type=password>{code}"
        f'<button class="button main">Pay</button></form>'
    )


def _page(title: str, body: str) -> str:
    return f"""<!doctype html><html lang=en><head><meta charset=utf-8>
<meta name=viewport content="width=device-width,initial-scale=1"><link rel=icon href="data:,">
<title>{escape(title)} · checkout</title>
<style>
:root{{color-scheme:light dark}}
*{{box-sizing:border-box}}
body{{margin:0;min-height:100vh;display:grid;place-items:center;background:#eef1f5;color:#11151d;
font:16px/1.5 Inter,system-ui,sans-serif}}
main{{width:min(92vw,380px);background:#fff;border-radius:16px;padding:28px 24px;
box-shadow:0 12px 40px rgba(16,24,40,.12)}}
p{{margin:0 0 12px}}
.small{{color:#4a5263;font-size:14px;overflow-wrap:anywhere}}
.amount{{font-size:34px;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}}
.note{{padding:10px 14px;border-radius:10px;background:#fdf1dc;color:#7d4a0b}}
.button{{display:block;width:100%;min-height:48px;margin-top:10px;padding:12px;border:1px solid #d9dde5;
border-radius:10px;background:transparent;color:inherit;font:inherit;font-weight:600;text-align:center;
text-decoration:none;cursor:pointer}}
.main{{background:#0b7a4b;border-color:#0b7a4b;color:#fff}}
.quiet{{border-color:transparent;color:#4a5263}}
.button:focus-visible{{outline:3px solid #3e57da;outline-offset:2px}}
footer{{margin-top:18px;text-align:center;color:#646c7e;font-size:13px}}
@media (prefers-color-scheme:dark){{body{{background:#0b0d11;color:#eceef3}}main{{background:#12151b}}
.small,.quiet,footer{{color:#aab2c1}}.button{{border-color:#2d3441}}.quiet{{border-color:transparent}}
.main{{border-color:#0b7a4b}}
.note{{background:#2c2214;color:#f2b95c}}}}
</style></head><body><main>{body}
<footer>Simulated checkout · no real money moves</footer></main></body></html>"""
