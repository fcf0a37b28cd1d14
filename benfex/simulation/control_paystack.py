"""The rooms of the control door about the simulated Paystack; the others are in control.py."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.routing import Route

from benfex.simulation.control_rooms import DONE, Body, get, number, post, text
from benfex.simulation.door import read_object
from benfex.simulation.paystack import Paystack
from benfex.simulation.paystack_disputes import Dispute
from benfex.simulation.paystack_refunds import Refund
from benfex.simulation.paystack_words import Charge
from benfex.simulation.phone import parse_msisdn


def paystack_routes(paystack: Paystack) -> list[Route]:
    """Return the routes over one simulated Paystack."""
    rooms = _Rooms(paystack)
    return [
        get("/paystack/transactions", rooms.transactions),
        get("/paystack/deliveries", rooms.deliveries),
        get("/paystack/refunds", rooms.refunds),
        get("/paystack/disputes", rooms.disputes),
        post("/paystack/webhook-url", rooms.webhook_url),
        post("/paystack/delivery", rooms.delivery),
        post("/paystack/options", rooms.options),
        post("/paystack/fault", rooms.fault),
        post("/paystack/pay", rooms.pay),
        post("/paystack/paybill", rooms.paybill),
        post("/paystack/decline", rooms.decline),
        post("/paystack/leave", rooms.leave),
        post("/paystack/status", rooms.status),
        post("/paystack/refund-status", rooms.refund_status),
        post("/paystack/dispute", rooms.dispute),
        post("/paystack/dispute-end", rooms.dispute_end),
        post("/paystack/dispute-remind", rooms.dispute_remind),
        post("/paystack/settle", rooms.settle),
        post("/paystack/event", rooms.event),
    ]


class _Rooms:
    def __init__(self, paystack: Paystack) -> None:
        self._paystack = paystack

    async def transactions(self, request: Request) -> object:
        return [asdict(charge) for charge in self._paystack.charges.values()]

    async def deliveries(self, request: Request) -> object:
        return list(self._paystack.courier.deliveries)

    async def refunds(self, request: Request) -> object:
        return [asdict(refund) for refund in self._paystack.refunds.rows.values()]

    async def disputes(self, request: Request) -> object:
        return [asdict(dispute) for dispute in self._paystack.disputes.rows.values()]

    async def webhook_url(self, request: Request) -> object:
        body = await read_object(request)
        self._paystack.set_webhook_url(text(body, "url") if body.get("url") is not None else None)
        return DONE

    async def delivery(self, request: Request) -> object:
        self._paystack.courier.change(await read_object(request))
        return self._paystack.courier.describe()

    async def options(self, request: Request) -> object:
        self._paystack.change(await read_object(request))
        return DONE

    async def fault(self, request: Request) -> object:
        self._paystack.set_fault(await read_object(request))
        return self._paystack.faults.describe()

    async def pay(self, request: Request) -> object:
        body = await read_object(request)
        charge = self._charge(body)
        channel, phone, card = body.get("channel"), body.get("phone"), body.get("card")
        self._paystack.pay(
            charge,
            channel=str(channel) if channel else "card" if card else None,
            phone=parse_msisdn(str(phone)) if phone else charge.phone,
            card=str(card) if card else None,
        )
        return asdict(charge)

    async def paybill(self, request: Request) -> object:
        body = await read_object(request)
        return asdict(
            self._paystack.charging.pay_by_hand(
                account=number(body, "account"), subunits=number(body, "amount")
            )
        )

    async def decline(self, request: Request) -> object:
        charge = self._charge(await read_object(request))
        self._paystack.decline(charge)
        return asdict(charge)

    async def leave(self, request: Request) -> object:
        charge = self._charge(await read_object(request))
        self._paystack.leave(charge)
        return asdict(charge)

    async def status(self, request: Request) -> object:
        body = await read_object(request)
        charge = self._charge(body)
        self._paystack.set_status(charge, text(body, "status"))
        return asdict(charge)

    async def refund_status(self, request: Request) -> object:
        body = await read_object(request)
        refund = self._refund(body)
        self._paystack.refunds.move(refund, text(body, "status"))
        return asdict(refund)

    async def dispute(self, request: Request) -> object:
        body = await read_object(request)
        raised = self._paystack.disputes.raise_one(
            self._charge(body),
            reason=str(body.get("reason") or "Customer complained about debit without value"),
            amount=number(body, "amount") if body.get("amount") is not None else None,
        )
        return asdict(raised)

    async def dispute_end(self, request: Request) -> object:
        body = await read_object(request)
        dispute = self._dispute(body)
        self._paystack.disputes.resolve(dispute, text(body, "resolution"))
        return asdict(dispute)

    async def dispute_remind(self, request: Request) -> object:
        dispute = self._dispute(await read_object(request))
        self._paystack.disputes.remind(dispute)
        return asdict(dispute)

    async def settle(self, request: Request) -> object:
        body = await read_object(request)
        return asdict(self._paystack.settlements.settle(currency=text(body, "currency")))

    async def event(self, request: Request) -> object:
        """Send any event, signed: for what the simulation does not do by itself."""
        body = await read_object(request)
        data = body.get("data")
        if not isinstance(data, dict):
            raise ValueError("data must be an object")
        self._paystack.announce(text(body, "event"), data, about=str(data.get("reference") or ""))
        return DONE

    def _charge(self, body: Body) -> Charge:
        key = body.get("reference") or body.get("access_code")
        if not isinstance(key, str):
            raise ValueError("reference or access_code must be given")
        return self._paystack.find(key)

    def _refund(self, body: Body) -> Refund:
        if body.get("id") is not None:
            return self._paystack.refunds.rows[number(body, "id")]
        found = self._paystack.refunds.of_charge(text(body, "reference"))
        if not found:
            raise KeyError(text(body, "reference"))
        return found[0]

    def _dispute(self, body: Body) -> Dispute:
        return self._paystack.disputes.rows[number(body, "id")]
