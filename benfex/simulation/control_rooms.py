"""What every room of the control door shares: its routes, its refusals, and how a body is read."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation.door import json_answer
from benfex.simulation.phone import NoPromptError
from benfex.simulation.routeros.server import TrapError

Handler = Callable[[Request], Awaitable[object]]
Body = dict[str, object]

DONE: Body = {"ok": True}


def get(path: str, handler: Handler) -> Route:
    """Return a route that is looked at."""
    return Route(path, _answering(handler), methods=["GET"])


def post(path: str, handler: Handler) -> Route:
    """Return a route that changes something."""
    return Route(path, _answering(handler), methods=["POST"])


def text(body: Body, field: str) -> str:
    """Return a text of a body. Raises ValueError naming the field."""
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field} must be text")
    return value


def number(body: Body, field: str) -> int:
    """Return a whole number of a body. Raises ValueError naming the field."""
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{field} must be a whole number")
    return value


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
