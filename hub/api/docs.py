"""The API's pages, made from the OpenAPI document on the server: no script, nothing loaded from elsewhere."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hub import shipped
from hub.assets.rendering import render
from hub.http import HubRoute, access

router = APIRouter(prefix="/docs", route_class=HubRoute, include_in_schema=False)
PAGES = Environment(
    loader=FileSystemLoader(shipped.folder("templates")), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


@router.get("", **access(None))
def read_docs(request: Request) -> HTMLResponse:
    """Every call with its scope, parameters, body and answers."""
    schema = request.app.openapi()
    page = PAGES.get_template("api/docs.html").render(
        title=schema["info"]["title"],
        version=schema["info"]["version"],
        description=Markup(render(schema["info"]["description"]).html),  # noqa: S704 - our own words, sanitised
        groups=_groups(schema),
    )
    return HTMLResponse(page)


@router.get("/style.css", **access(None))
def read_style() -> Response:
    style = (shipped.folder("templates") / "api" / "docs.css").read_text(encoding="utf-8")
    return Response(style, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


def _groups(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Calls by tag, in the order of the routers."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            group = groups.setdefault(operation["tags"][0], [])
            group.append(_call(schema, method.upper(), path, operation))
    return groups


def _call(schema: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "method": method,
        "path": path,
        "what": operation.get("description") or operation["summary"],
        "who": operation.get("x-access", ""),
        "scope": operation.get("x-scope", ""),
        "parameters": [
            {
                "name": parameter["name"],
                "place": parameter["in"],
                "required": parameter.get("required", False),
                "type": _type(schema, parameter["schema"]),
                "what": parameter.get("description", ""),
            }
            for parameter in operation.get("parameters", [])
        ],
        "body": _body(schema, operation.get("requestBody")),
        "answers": [
            {"status": status, "what": answer["description"], "type": _answer_type(schema, answer)}
            for status, answer in sorted(operation["responses"].items())
        ],
    }


def _body(schema: dict[str, Any], body: dict[str, Any] | None) -> dict[str, Any] | None:
    if body is None:
        return None
    media, content = next(iter(body["content"].items()))
    shape = _resolved(schema, content["schema"])
    examples = shape.get("examples")
    return {
        "media": media,
        "type": _type(schema, content["schema"]),
        "fields": [
            {
                "name": name,
                "type": _type(schema, field),
                "required": name in shape.get("required", ()),
                "what": field.get("description", ""),
            }
            for name, field in shape.get("properties", {}).items()
        ],
        "example": json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else None,
    }


def _answer_type(schema: dict[str, Any], answer: dict[str, Any]) -> str:
    for content in answer.get("content", {}).values():
        return _type(schema, content.get("schema", {}))
    return ""


def _resolved(schema: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    for option in shape.get("anyOf", ()):
        if "$ref" in option:
            return _resolved(schema, option)
    if "$ref" in shape:
        resolved: dict[str, Any] = schema["components"]["schemas"][shape["$ref"].rsplit("/", 1)[1]]
        return resolved
    return shape


def _type(schema: dict[str, Any], shape: dict[str, Any]) -> str:
    if "$ref" in shape:
        target = _resolved(schema, shape)
        name = shape["$ref"].rsplit("/", 1)[1]
        return " | ".join(target["enum"]) if "enum" in target else name.replace("Page_", "list of ").strip("_")
    if "anyOf" in shape:
        return " or ".join(_type(schema, option) for option in shape["anyOf"])
    if shape.get("type") == "array":
        return f"list of {_type(schema, shape.get('items', {}))}"
    return str(shape.get("format") or shape.get("type") or "any")
