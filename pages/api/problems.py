"""Errors of the REST API as problem+json (RFC 9457). Which error has which status is said in `pages.errors`."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from benfex.identity.login import TooManyAttempts, WrongCredentials
from data.values.errors import AlreadyExists, BenfexError, InvalidInput
from pages.errors import status_of

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = 1
_HTTP_WORDS = {
    400: ("malformed_request", "The body cannot be read."),
    401: ("not_signed_in", "Send a valid access token: Authorization: Bearer …"),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("body_too_large", "The body is larger than this API takes."),
}


class FieldProblem(BaseModel):
    """What is wrong with one field; parts of nested fields are joined by dots."""

    field: str
    message: str


class Problem(BaseModel):
    """An error as RFC 9457 wants it. `code` is stable, for programs; `detail` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = Field(description="The fields that cannot be accepted; often empty.")


def install_problems(api: FastAPI) -> None:
    """Answer every error of the app as a problem."""
    api.add_exception_handler(BenfexError, _of_ours)
    api.add_exception_handler(RequestValidationError, _of_validation)
    api.add_exception_handler(HTTPException, _of_http)
    api.add_exception_handler(Exception, _of_surprise)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of these error statuses."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


READING = problem_responses(401, 403, 404, 422)
WRITING = problem_responses(400, 401, 403, 404, 409, 413, 422, 503)


def http_problem(status: int, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return the problem of a request that HTTP itself could not take."""
    code, detail = _HTTP_WORDS.get(status, ("http_error", HTTPStatus(status).phrase))
    return _problem(status, code=code, detail=detail, headers=headers)


def _problem(
    status: int,
    *,
    code: str,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, errors=list(errors)
    )
    return Response(body.model_dump_json(), status, headers, MEDIA_TYPE)


async def _of_ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, BenfexError)
    errors = (
        [FieldProblem(field=error.field, message=error.message)]
        if isinstance(error, InvalidInput | AlreadyExists)
        else []
    )
    headers = {}
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after_seconds)
    elif isinstance(error, WrongCredentials):
        headers["WWW-Authenticate"] = "Bearer"
    elif error.retryable:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    return _problem(status_of(error), code=error.code, detail=error.message, errors=errors, headers=headers)


async def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return _problem(400, code="malformed_json", detail="The body is not JSON.")
    errors = [FieldProblem(field=_field(one["loc"]), message=_message(one)) for one in found]
    named = ", ".join(dict.fromkeys(one.field for one in errors))
    return _problem(422, code="invalid_input", detail=f"Cannot be accepted: {named}.", errors=errors)


async def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return http_problem(error.status_code, headers=error.headers)


async def _of_surprise(_: Request, __: Exception) -> Response:
    detail = "Something went wrong on our side. It was noted, and nothing was changed."
    return _problem(500, code="internal_error", detail=detail)


def _field(place: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in place[1:]) or "body"


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "This field is not known here."
    return str(error["msg"]).removeprefix("Value error, ")
