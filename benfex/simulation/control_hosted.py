"""The rooms of the control door about gateways with a page of their own: the same for each, under its name."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation.door import json_answer, read_object
from benfex.simulation.hosted import HostedGateway

Body = dict[str, object]
Handler = Callable[[Body], object]
DONE: Body = {"ok": True}


def hosted_routes(name: str, gateway: HostedGateway) -> list[Route]:
    """Return the routes over one gateway."""

    def set_address(body: Body) -> object:
        url = body.get("url")
        gateway.set_webhook_url(None if url is None else str(url))
        return DONE

    def set_delivery(body: Body) -> object:
        gateway.courier.change(body)
        return gateway.courier.describe()

    def set_options(body: Body) -> object:
        gateway.change(body)
        return DONE

    def set_fault(body: Body) -> object:
        gateway.set_fault(body)
        return gateway.faults.describe()

    def act(body: Body, what: str) -> object:
        order = gateway.find(str(body.get("reference") or ""))
        match what:
            case "pay":
                gateway.pay(order, channel=str(body.get("channel") or "mpesa"))
            case "decline":
                gateway.decline(order)
            case _:
                gateway.reverse(order)
        return asdict(order)

    posts: dict[str, Handler] = {
        "webhook-url": set_address,
        "delivery": set_delivery,
        "options": set_options,
        "fault": set_fault,
        "pay": lambda body: act(body, "pay"),
        "decline": lambda body: act(body, "decline"),
        "reverse": lambda body: act(body, "reverse"),
    }
    return [
        Route(f"/{name}/transactions", _got(lambda: [asdict(order) for order in gateway.orders.values()])),
        Route(f"/{name}/deliveries", _got(lambda: list(gateway.courier.deliveries))),
        *(Route(f"/{name}/{word}", _posted(handle), methods=["POST"]) for word, handle in posts.items()),
    ]


def _got(look: Callable[[], object]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_: Request) -> Response:
        return json_answer(look())

    return endpoint


def _posted(handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return json_answer(handle(await read_object(request)))
        except KeyError as error:
            return json_answer({"error": f"there is no {error.args[0]}"}, status=404)
        except ValueError as error:
            return json_answer({"error": str(error)}, status=400)

    return endpoint
