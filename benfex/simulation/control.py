"""The control door: what programs and people outside may see and change in the simulation, as HTTP and JSON.

It holds no state of its own. Refusals are {"error": …} with status 400, unknown names 404.
"""

from collections.abc import Callable
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from benfex.simulation.control_hosted import hosted_routes
from benfex.simulation.control_messages import message_routes
from benfex.simulation.control_paystack import paystack_routes
from benfex.simulation.control_rooms import DONE, Body, get, number, post, text
from benfex.simulation.daraja import Daraja
from benfex.simulation.daraja_words import ANSWERS
from benfex.simulation.door import read_object
from benfex.simulation.hosted import HostedGateway
from benfex.simulation.mail import MailServer
from benfex.simulation.paystack import Paystack
from benfex.simulation.phone import Phones, parse_msisdn
from benfex.simulation.phone_page import phone_page, refusal_page
from benfex.simulation.routeros.server import SimulatedRouter
from benfex.simulation.texting import Texting


class Control:
    """The rooms of the control door over the parts of one simulation. `app` is what a door serves."""

    def __init__(
        self,
        *,
        daraja: Daraja,
        paystack: Paystack,
        hosted: dict[str, HostedGateway],
        phones: Phones,
        mail: MailServer,
        texting: Texting,
        routers: dict[str, SimulatedRouter],
        announcement: Callable[[], Body],
    ) -> None:
        self._daraja = daraja
        self._paystack = paystack
        self._phones = phones
        self._routers = routers
        self._announcement = announcement
        self.app = Starlette(
            routes=[
                *self._router_routes(),
                *self._phone_routes(),
                *self._gateway_routes(),
                *paystack_routes(paystack),
                *(route for name, gateway in hosted.items() for route in hosted_routes(name, gateway)),
                *message_routes(mail, texting),
            ]
        )

    def _router_routes(self) -> list[Route]:
        return [
            get("/state", self._state),
            get("/routers", self._list_routers),
            get("/routers/{name}/tables/{menu}", self._table),
            get("/routers/{name}/sessions", self._sessions),
            get("/routers/{name}/requests", self._requests),
            post("/routers/{name}/fault", self._router_fault),
            post("/routers/{name}/drop", self._drop),
            post("/routers/{name}/reboot", self._reboot),
            post("/routers/{name}/populate", self._populate),
            post("/routers/{name}/by-hand", self._by_hand),
        ]

    def _phone_routes(self) -> list[Route]:
        return [
            Route("/", self._phone_page),
            Route("/phone", self._phone_page),
            get("/prompts", self._all_prompts),
            get("/phones", self._all_phones),
            post("/phones/habit", self._common_habit),
            get("/phones/{msisdn}", self._phone),
            get("/phones/{msisdn}/prompts", self._prompts),
            post("/phones/{msisdn}/answer", self._answer),
            post("/phones/{msisdn}/habit", self._habit),
            post("/phones/{msisdn}/balance", self._balance),
            post("/phones/{msisdn}/paybill", self._paybill),
        ]

    def _gateway_routes(self) -> list[Route]:
        return [
            get("/daraja/transactions", self._daraja_transactions),
            get("/daraja/pushes", self._daraja_pushes),
            get("/daraja/deliveries", self._daraja_deliveries),
            post("/daraja/delivery", self._daraja_delivery),
            post("/daraja/options", self._daraja_options),
            post("/daraja/balance", self._daraja_balance),
            post("/daraja/fault", self._daraja_fault),
            get("/daraja/outgoing", self._daraja_outgoing),
            get("/daraja/certificate", self._daraja_certificate),
            post("/daraja/unlock", self._daraja_unlock),
            get("/daraja/standing-orders", self._standing_orders),
            post("/daraja/standing-orders/run", self._run_standing_order),
        ]

    # Routers

    async def _state(self, request: Request) -> object:
        return {
            **self._announcement(),
            "daraja_state": self._daraja.describe(),
            "paystack_state": self._paystack.describe(),
            "prompts": len(self._phones.prompts()),
            "sessions": {name: len(router.sessions()) for name, router in self._routers.items()},
        }

    async def _list_routers(self, request: Request) -> object:
        return self._announcement()["routers"]

    async def _table(self, request: Request) -> object:
        return self._router(request).table(request.path_params["menu"])

    async def _sessions(self, request: Request) -> object:
        return self._router(request).sessions()

    async def _requests(self, request: Request) -> object:
        return self._router(request).requests()

    async def _router_fault(self, request: Request) -> object:
        body = await read_object(request)
        count = body.get("count")
        self._router(request).set_fault(text(body, "kind"), None if count is None else number(body, "count"))
        return DONE

    async def _drop(self, request: Request) -> object:
        body = await read_object(request)
        return {"dropped": self._router(request).drop(text(body, "user"))}

    async def _reboot(self, request: Request) -> object:
        self._router(request).reboot()
        return DONE

    async def _populate(self, request: Request) -> object:
        body = await read_object(request)
        added = self._router(request).populate(
            text(body, "prefix"), number(body, "count"), text(body, "profile")
        )
        return {"added": len(added)}

    async def _by_hand(self, request: Request) -> object:
        body = await read_object(request)
        self._router(request).add_by_hand(
            text(body, "name"),
            profile=text(body, "profile"),
            rate_limit=text(body, "rate_limit"),
            comment=text(body, "comment"),
        )
        return DONE

    def _router(self, request: Request) -> SimulatedRouter:
        return self._routers[request.path_params["name"]]

    # Phones

    async def _phone_page(self, request: Request) -> Response:
        given = request.query_params.get("msisdn", "").strip()
        try:
            msisdn = parse_msisdn(given) if given else None
        except ValueError as error:
            return HTMLResponse(refusal_page(str(error)), status_code=404)
        return HTMLResponse(phone_page(msisdn, shortcode=self._daraja.options.shortcode))

    async def _all_prompts(self, request: Request) -> object:
        return [prompt.describe() for prompt in self._phones.prompts()]

    async def _all_phones(self, request: Request) -> object:
        return [self._described(msisdn) for msisdn in self._phones.known()]

    async def _phone(self, request: Request) -> object:
        return self._described(_msisdn(request))

    async def _prompts(self, request: Request) -> object:
        return [prompt.describe() for prompt in self._phones.prompts(_msisdn(request))]

    async def _answer(self, request: Request) -> object:
        body = await read_object(request)
        checkout_id = body.get("checkout_id")
        prompt = self._phones.answer(
            _msisdn(request), text(body, "answer"), checkout_id=str(checkout_id) if checkout_id else None
        )
        return {**DONE, "checkout_id": prompt.checkout_id}

    async def _habit(self, request: Request) -> object:
        return await self._set_habit(request, msisdn=_msisdn(request))

    async def _common_habit(self, request: Request) -> object:
        return await self._set_habit(request, msisdn=None)

    async def _set_habit(self, request: Request, *, msisdn: str | None) -> object:
        body = await read_object(request)
        delay = body.get("delay_seconds", 0)
        if isinstance(delay, bool) or not isinstance(delay, int | float):
            raise ValueError("delay_seconds must be a number")
        answer = body.get("answer") or "ignore"
        self._phones.set_habit(msisdn, answer=str(answer), delay_seconds=float(delay))
        return DONE

    async def _balance(self, request: Request) -> object:
        body = await read_object(request)
        self._phones.phone(_msisdn(request)).balance = number(body, "amount")
        return DONE

    async def _paybill(self, request: Request) -> object:
        body = await read_object(request)
        paid = await self._daraja.pay_by_hand(
            _msisdn(request), account=text(body, "account"), amount=number(body, "amount")
        )
        return paid.describe()

    def _described(self, msisdn: str) -> Body:
        phone = self._phones.phone(msisdn)
        return {
            "msisdn": msisdn,
            "balance": phone.balance,
            "habit": asdict(phone.habit) if phone.habit else None,
            "answers": list(ANSWERS),
            "prompts": [prompt.describe() for prompt in self._phones.prompts(msisdn)],
            "messages": list(phone.messages),
        }

    # Gateways

    async def _daraja_transactions(self, request: Request) -> object:
        return self._daraja.ledger.transaction_rows()

    async def _daraja_pushes(self, request: Request) -> object:
        return self._daraja.ledger.push_rows()

    async def _daraja_deliveries(self, request: Request) -> object:
        return list(self._daraja.courier.deliveries)

    async def _daraja_delivery(self, request: Request) -> object:
        self._daraja.courier.change(await read_object(request))
        return self._daraja.courier.describe()

    async def _daraja_options(self, request: Request) -> object:
        self._daraja.change(await read_object(request))
        return DONE

    async def _daraja_balance(self, request: Request) -> object:
        """Let the paybill hold another sum, in whole shillings."""
        self._daraja.hold(number(await read_object(request), "balance"))
        return DONE

    async def _daraja_fault(self, request: Request) -> object:
        self._daraja.set_fault(await read_object(request))
        return self._daraja.faults.describe()

    async def _daraja_outgoing(self, request: Request) -> object:
        return self._daraja.ledger.outgoing_rows()

    async def _daraja_certificate(self, request: Request) -> object:
        return {"certificate": self._daraja.initiator.certificate()}

    async def _daraja_unlock(self, request: Request) -> object:
        self._daraja.initiator.unlock()
        return DONE

    async def _standing_orders(self, request: Request) -> object:
        return [asdict(order) for order in self._daraja.standing.orders]

    async def _run_standing_order(self, request: Request) -> object:
        body = await read_object(request)
        await self._daraja.standing.run(text(body, "name"))
        return DONE


def _msisdn(request: Request) -> str:
    return parse_msisdn(request.path_params["msisdn"])
