"""The rooms of the control door about letters and texts; the others are in control.py."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from benfex.simulation.door import json_answer, read_object
from benfex.simulation.inbox_page import inbox_page
from benfex.simulation.mail import MailServer
from benfex.simulation.texting import Texting

Handler = Callable[[Request], Awaitable[Response]]


def message_routes(mail: MailServer, texting: Texting) -> list[Route]:
    """Return the routes over one mail server and one SMS provider."""

    async def page(request: Request) -> Response:
        return HTMLResponse(inbox_page(list(mail.letters), list(texting.texts)))

    async def letters(request: Request) -> Response:
        return json_answer([letter.describe() for letter in mail.letters])

    async def texts(request: Request) -> Response:
        return json_answer([text.describe() for text in texting.texts])

    return [
        Route("/inbox", page),
        Route("/mail", letters),
        Route("/sms", texts),
        Route("/mail/fault", _switch(mail.set_fault), methods=["POST"]),
        Route("/sms/fault", _switch(texting.faults.set), methods=["POST"]),
    ]


def _switch(set_fault: Callable[[dict[str, object]], None]) -> Handler:
    async def endpoint(request: Request) -> Response:
        try:
            set_fault(await read_object(request))
        except ValueError as error:
            return json_answer({"error": str(error)}, status=400)
        return json_answer({"ok": True})

    return endpoint
