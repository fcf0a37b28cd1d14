"""The page of a simulated gateway on which an order is paid: pay, decline or leave, then back to the shop.

What each choice does to the order is in hosted.py.
"""

from html import escape
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from benfex.simulation.hosted import HostedGateway, Order


def hosted_page_routes(gateway: "HostedGateway") -> list[Route]:
    """Return the addresses of the page."""

    async def show(request: Request) -> Response:
        try:
            order = gateway.find(request.path_params["tracking_id"])
        except KeyError:
            return _missing()
        return HTMLResponse(_page(gateway, _body(gateway, order)))

    async def choose(request: Request) -> Response:
        try:
            order = gateway.find(request.path_params["tracking_id"])
        except KeyError:
            return _missing()
        match request.path_params["choice"]:
            case "pay_mobile":
                gateway.pay(order, channel="mpesa")
            case "pay_card":
                gateway.pay(order, channel="card")
            case "decline":
                gateway.decline(order)
            case "leave":
                gateway.leave(order)
            case _:
                return _missing()
        return RedirectResponse(
            gateway.return_address(order) or f"/checkout/{order.tracking_id}", status_code=303
        )

    return [
        Route("/checkout/{tracking_id}", show, methods=["GET"]),
        Route("/checkout/{tracking_id}/{choice}", choose, methods=["POST"]),
    ]


def _missing() -> Response:
    return HTMLResponse("<!doctype html><title>Not found</title><p>There is no such payment.", 404)


def _body(gateway: "HostedGateway", order: "Order") -> str:
    head = (
        f"<p class=small>{escape(gateway.options.business_name)}</p>"
        f"<p class=amount>{escape(order.currency)} {escape(order.amount)}</p>"
        f"<p class=small>{escape(order.email)}<br>Reference {escape(order.reference)}</p>"
    )
    if order.paid_at is not None:
        back = gateway.return_address(order)
        link = (
            f'<a class="button main" href="{escape(back, quote=True)}">Back to the shop</a>' if back else ""
        )
        return f"{head}<p class=note role=status>This payment is complete.</p>{link}"
    declined = "<p class=note role=alert>The last try was declined.</p>" if order.status == "failed" else ""
    buttons = [("pay_card", "Pay with a test card", "main"), ("decline", "Decline", "")]
    if order.currency == "KES":
        buttons.insert(0, ("pay_mobile", "Pay with M-PESA", "main"))
    buttons.append(("leave", "Leave without paying", "quiet"))
    forms = "".join(
        f'<form method=post action="/checkout/{escape(order.tracking_id, quote=True)}/{choice}">'
        f'<button class="button {look}">{label}</button></form>'
        for choice, label, look in buttons
    )
    return head + declined + forms


def _page(gateway: "HostedGateway", body: str) -> str:
    return f"""<!doctype html><html lang=en><head><meta charset=utf-8>
<meta name=viewport content="width=device-width,initial-scale=1"><link rel=icon href="data:,">
<title>{escape(gateway.label)} · checkout</title>
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
.main{{background:#31409f;border-color:#31409f;color:#fff}}
.quiet{{border-color:transparent;color:#4a5263}}
.button:focus-visible{{outline:3px solid #3e57da;outline-offset:2px}}
footer{{margin-top:18px;text-align:center;color:#646c7e;font-size:13px}}
@media (prefers-color-scheme:dark){{body{{background:#0b0d11;color:#eceef3}}main{{background:#12151b}}
.small,.quiet,footer{{color:#aab2c1}}.button{{border-color:#2d3441}}.quiet{{border-color:transparent}}
.main{{border-color:#31409f}}
.note{{background:#2c2214;color:#f2b95c}}}}
</style></head><body><main>{body}
<footer>Simulated {escape(gateway.label)} · no real money moves</footer></main></body></html>"""
