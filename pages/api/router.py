"""The door of the REST API: one app under /api/v1, so that every answer below it is JSON."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from benfex.application import Benfex
from benfex.payments.bank_files import BYTES_MAX
from pages.api import (
    auth,
    bill_runs,
    checkouts,
    connections,
    credit_notes,
    customers,
    disputes,
    documents,
    extras,
    gateway_messages,
    gateways,
    inquiries,
    invoices,
    messages,
    network,
    payment_attempts,
    payments,
    plans,
    receipt_claims,
    reconciliation,
    refunds,
    reports,
    router_backups,
    router_changes,
    router_devices,
    router_gardens,
    router_writes,
    routers,
    saved_methods,
    service_changes,
    shifts,
    standing_orders,
    statement_imports,
    subscriptions,
    taxes,
    usage,
    vouchers,
    webhook_endpoints,
)
from pages.api.problems import FieldProblem, Problem, http_problem, install_problems

_BODY_BYTES_MAX = 256 * 1024
_FILES = f"{auth.PREFIX}/statement-imports"
_DESCRIPTION = (
    "Sign in at `/auth/token` and send the access token as `Authorization: Bearer …`. Amounts are whole minor "
    "units. Lists are newest first and go on with `cursor`. Unsafe calls take an `Idempotency-Key`."
)


class Api(FastAPI):
    """The REST API's app; its OpenAPI names whole paths and tells errors as they are sent."""

    def openapi(self) -> dict[str, Any]:
        """Return the description of the API, made once."""
        if self.openapi_schema is None:
            schema = get_openapi(
                title=self.title,
                version=self.version,
                description=self.description,
                routes=self.routes,
                separate_input_output_schemas=False,
            )
            schema["paths"] = {f"{auth.PREFIX}{path}": what for path, what in schema["paths"].items()}
            for model in (FieldProblem, Problem):
                schema["components"]["schemas"][model.__name__] = _schema_of(model)
            self.openapi_schema = schema
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a body that says it is too large as a problem; FastAPI's own refusal is plain text."""
        declared = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        is_file = scope["path"].startswith(_FILES) if scope["type"] == "http" else False
        if declared.isdecimal() and int(declared[:20]) > (BYTES_MAX if is_file else _BODY_BYTES_MAX):
            await http_problem(413)(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


def add_api(outer: FastAPI, benfex: Benfex) -> None:
    """Add the API under /api/v1."""
    api = Api(
        title="Benfex",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        root_path_in_servers=False,
        redirect_slashes=False,
        max_body_size=_BODY_BYTES_MAX,
        generate_unique_id_function=_operation_id,
    )
    api.state.benfex = benfex
    install_problems(api)
    for resource in (
        auth,
        customers,
        plans,
        extras,
        subscriptions,
        taxes,
        service_changes,
        invoices,
        messages,
        credit_notes,
        documents,
        payments,
        refunds,
        disputes,
        shifts,
        statement_imports,
        reconciliation,
        payment_attempts,
        checkouts,
        webhook_endpoints,
        gateways,
        router_backups,
        router_changes,
        router_devices,
        router_gardens,
        router_writes,
        routers,
        connections,
        usage,
        network,
        saved_methods,
        standing_orders,
        gateway_messages,
        inquiries,
        receipt_claims,
        vouchers,
        reports,
        bill_runs,
    ):
        api.include_router(resource.router)
    outer.mount(auth.PREFIX, api)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _schema_of(model: type[Problem] | type[FieldProblem]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schema.pop("$defs", None)
    return schema
