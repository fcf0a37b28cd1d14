"""The control door: what programs and people outside may see and change in the simulation, as HTTP and JSON.

It holds no state of its own. Refusals are {"error": …} with status 400, unknown names 404.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from benfex.simulation.control_messages import message_routes
from benfex.simulation.daraja import Daraja
from benfex.simulation.daraja_words import ANSWERS
from benfex.simulation.door import json_answer, read_object
from benfex.simulation.mail import MailServer
from benfex.simulation.paystack import Paystack
from benfex.simulation.paystack_words import Charge
from benfex.simulation.phone import NoPromptError, Phones, parse_msisdn
from benfex.simulation.phone_page import phone_page, refusal_page
from benfex.simulation.routeros.server import SimulatedRouter, TrapError
from benfex.simulation.texting import Texting

Handler = Callable[[Request], Awaitable[object]]
Body = dict[str, object]

DONE: Body = {"ok": True}


class Control:
    """The rooms of the control door over the parts of one simulation. `app` is what a door serves."""

    def __init__(
        self,
        *,
        daraja: Daraja,
        paystack: Paystack,
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
                *message_routes(mail, texting),
            ]
        )

    def _router_routes(self) -> list[Route]:
        return [
            _get("/state", self._state),
            _get("/routers", self._list_routers),
            _get("/routers/{name}/tables/{menu}", self._table),
            _get("/routers/{name}/sessions", self._sessions),
            _get("/routers/{name}/requests", self._requests),
            _post("/routers/{name}/fault", self._router_fault),
            _post("/routers/{name}/drop", self._drop),
            _post("/routers/{name}/reboot", self._reboot),
            _post("/routers/{name}/populate", self._populate),
        ]

    def _phone_routes(self) -> list[Route]:
        return [
            Route("/", self._phone_page),
            Route("/phone", self._phone_page),
            _get("/prompts", self._all_prompts),
            _get("/phones", self._all_phones),
            _post("/phones/habit", self._common_habit),
            _get("/phones/{msisdn}", self._phone),
            _get("/phones/{msisdn}/prompts", self._prompts),
            _post("/phones/{msisdn}/answer", self._answer),
            _post("/phones/{msisdn}/habit", self._habit),
            _post("/phones/{msisdn}/balance", self._balance),
            _post("/phones/{msisdn}/paybill", self._paybill),
        ]

    def _gateway_routes(self) -> list[Route]:
        return [
            _get("/daraja/transactions", self._daraja_transactions),
            _get("/daraja/pushes", self._daraja_pushes),
            _get("/daraja/deliveries", self._daraja_deliveries),
            _post("/daraja/delivery", self._daraja_delivery),
            _post("/daraja/options", self._daraja_options),
            _post("/daraja/fault", self._daraja_fault),
            _get("/paystack/transactions", self._paystack_transactions),
            _get("/paystack/deliveries", self._paystack_deliveries),
            _post("/paystack/webhook-url", self._webhook_url),
            _post("/paystack/delivery", self._paystack_delivery),
            _post("/paystack/options", self._paystack_options),
            _post("/paystack/fault", self._paystack_fault),
            _post("/paystack/pay", self._paystack_pay),
            _post("/paystack/decline", self._paystack_decline),
            _post("/paystack/leave", self._paystack_leave),
            _post("/paystack/status", self._paystack_status),
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
        self._router(request).set_fault(
            _text(body, "kind"), None if count is None else _number(body, "count")
        )
        return DONE

    async def _drop(self, request: Request) -> object:
        body = await read_object(request)
        return {"dropped": self._router(request).drop(_text(body, "user"))}

    async def _reboot(self, request: Request) -> object:
        self._router(request).reboot()
        return DONE

    async def _populate(self, request: Request) -> object:
        body = await read_object(request)
        added = self._router(request).populate(
            _text(body, "prefix"), _number(body, "count"), _text(body, "profile")
        )
        return {"added": len(added)}

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
            _msisdn(request), _text(body, "answer"), checkout_id=str(checkout_id) if checkout_id else None
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
        self._phones.phone(_msisdn(request)).balance = _number(body, "amount")
        return DONE

    async def _paybill(self, request: Request) -> object:
        body = await read_object(request)
        paid = await self._daraja.pay_by_hand(
            _msisdn(request), account=_text(body, "account"), amount=_number(body, "amount")
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

    async def _daraja_fault(self, request: Request) -> object:
        self._daraja.set_fault(await read_object(request))
        return self._daraja.faults.describe()

    async def _paystack_transactions(self, request: Request) -> object:
        return [asdict(charge) for charge in self._paystack.charges.values()]

    async def _paystack_deliveries(self, request: Request) -> object:
        return list(self._paystack.courier.deliveries)

    async def _webhook_url(self, request: Request) -> object:
        body = await read_object(request)
        self._paystack.set_webhook_url(_text(body, "url") if body.get("url") is not None else None)
        return DONE

    async def _paystack_delivery(self, request: Request) -> object:
        self._paystack.courier.change(await read_object(request))
        return self._paystack.courier.describe()

    async def _paystack_options(self, request: Request) -> object:
        self._paystack.change(await read_object(request))
        return DONE

    async def _paystack_fault(self, request: Request) -> object:
        self._paystack.set_fault(await read_object(request))
        return self._paystack.faults.describe()

    async def _paystack_pay(self, request: Request) -> object:
        body = await read_object(request)
        charge = self._charge(body)
        channel, phone = body.get("channel"), body.get("phone")
        self._paystack.pay(
            charge,
            channel=str(channel) if channel else None,
            phone=parse_msisdn(str(phone)) if phone else None,
        )
        return asdict(charge)

    async def _paystack_decline(self, request: Request) -> object:
        charge = self._charge(await read_object(request))
        self._paystack.decline(charge)
        return asdict(charge)

    async def _paystack_leave(self, request: Request) -> object:
        charge = self._charge(await read_object(request))
        self._paystack.leave(charge)
        return asdict(charge)

    async def _paystack_status(self, request: Request) -> object:
        body = await read_object(request)
        charge = self._charge(body)
        self._paystack.set_status(charge, _text(body, "status"))
        return asdict(charge)

    def _charge(self, body: Body) -> Charge:
        key = body.get("reference") or body.get("access_code")
        if not isinstance(key, str):
            raise ValueError("reference or access_code must be given")
        return self._paystack.find(key)


def _get(path: str, handler: Handler) -> Route:
    return Route(path, _answering(handler), methods=["GET"])


def _post(path: str, handler: Handler) -> Route:
    return Route(path, _answering(handler), methods=["POST"])


def _answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return json_answer(await handler(request))
        except NoPromptError as error:
            return json_answer({"error": str(error)}, status=404)
        except KeyError as error:
            return json_answer({"error": f"there is no {error.args[0]}"}, status=404)
        except (ValueError, TrapError) as error:
            return json_answer({"error": str(error)}, status=400)

    return endpoint


def _msisdn(request: Request) -> str:
    return parse_msisdn(request.path_params["msisdn"])


def _text(body: Body, field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field} must be text")
    return value


def _number(body: Body, field: str) -> int:
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{field} must be a whole number")
    return value
