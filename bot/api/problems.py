"""Errors as RFC 9457 has them: `application/problem+json`, and which field is wrong."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import marshmallow as ma
from flask import Response
from werkzeug.exceptions import HTTPException

MEDIA_TYPE: Final = "application/problem+json"


class FieldProblem(ma.Schema):
    """What is wrong with one field."""

    pointer = ma.fields.String(
        required=True, metadata={"description": "Where: a JSON pointer, or a parameter's name."}
    )
    detail = ma.fields.String(required=True, metadata={"description": "What is wrong there."})


class Problem(ma.Schema):
    """An error (RFC 9457)."""

    type = ma.fields.String(required=True, metadata={"description": "Always about:blank."})
    title = ma.fields.String(required=True, metadata={"description": "The status in words."})
    status = ma.fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = ma.fields.String(
        required=True, metadata={"description": "What is wrong, and what to do."}
    )
    errors = ma.fields.List(
        ma.fields.Nested(FieldProblem), metadata={"description": "What is wrong with which field."}
    )


def problem(status: int, detail: str, errors: list[dict[str, str]] | None = None) -> Response:
    """Write an error."""
    said = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    body = json.dumps({**said, "errors": errors} if errors else said)
    return Response(body, status, content_type=MEDIA_TYPE)


def from_exception(error: HTTPException) -> Response:
    """Write what Flask, or a schema that a request does not keep to, raised."""
    data: dict[str, Any] = getattr(error, "data", None) or {}
    errors = [
        {"pointer": pointer, "detail": detail}
        for part, found in (data.get("messages") or {}).items()
        for pointer, detail in _pointed("/" if part == "json" else "", found)
    ]
    status = error.code or 500
    told = "Some fields are wrong: see errors." if errors else ""
    response = problem(status, told or error.description or error.name, errors)
    for name, value in error.get_headers():
        if name in ("Retry-After", "Allow", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _pointed(prefix: str, found: Any) -> Iterator[tuple[str, str]]:
    """Yield each message with the place it is about."""
    if isinstance(found, dict):
        for name, inner in found.items():
            if name == "_schema":
                yield from _pointed(prefix.rstrip("/"), inner)
            else:
                yield from _pointed(f"{prefix.rstrip('/')}/{name}" if prefix else str(name), inner)
    elif isinstance(found, list):
        for one in found:
            yield prefix, str(one)
    else:
        yield prefix, str(found)
