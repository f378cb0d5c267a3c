"""The web application: `create_app(settings)` puts the parts together. Importing this module opens nothing."""

import gc
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from hub import migrations, subscribers
from hub.api import routes
from hub.blobs import Blobs
from hub.db import Database
from hub.errands.running import Runner
from hub.errors import HubError, Moved
from hub.events.deliver import Worker
from hub.http import Hub, Problem
from hub.observability import Metrics, RequestObserver, set_up_logging
from hub.people.rate_limits import Limiter
from hub.search import engines
from hub.search.desk import SearchDesk
from hub.search.log import SearchLog
from hub.settings import Settings, from_environment
from hub.taxonomy import terms
from hub.web import problems
from hub.web import routes as pages

log = structlog.get_logger(__name__)
API = "/api/v1"
DESCRIPTION = """
The hub's API. Send `Authorization: Bearer TOKEN`; make a token with `hub token create` or `POST /tokens`.
Times are RFC 3339 in UTC. Errors are `application/problem+json`. Lists are `{items, total, next}`: pass `next` as
`cursor` to go on. Single reads carry an `ETag`.
"""


class Observed(FastAPI):
    """With the observer around everything, the framework's own body limit and error page too, so that those answers
    have the one shape, a request id and a log line as well."""

    def build_middleware_stack(self) -> ASGIApp:
        hub: Hub = self.state.hub
        origins = [hub.settings.base_url]
        return RequestObserver(
            super().build_middleware_stack(),
            self.state.metrics,
            own_origins=origins,
            image_origins=hub.settings.image_origins,
            refusal_page=problems.refusal,
        )


def create_app(settings: Settings | None = None) -> FastAPI:
    if settings is None:  # a server process of its own, started by `hub serve --workers`
        settings = from_environment()
        set_up_logging(settings)
    settings.prepared()
    database = Database(settings.resolved_database_url)
    blobs = Blobs(settings.resolved_blob_url)
    configuration = engines.load_configuration()
    engine = engines.open_engine(settings, configuration)
    worker = subscribers.make_worker(database, engine, settings)
    runner = subscribers.make_runner(database, blobs, engine, settings)
    hub = Hub(
        settings=settings,
        database=database,
        blobs=blobs,
        search=SearchDesk(engine, configuration, SearchLog(database)),
        search_limits=Limiter.for_many(settings, database),
    )
    app = Observed(
        title="Hub",
        version=version("messaging-hub"),
        description=DESCRIPTION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # FastAPI's page loads its script from a public network; api/docs.py serves one of our own
        redoc_url=None,
        lifespan=_lifespan(worker, runner),
        max_body_size=settings.max_body_bytes,
    )
    app.state.hub = hub
    app.state.metrics = Metrics()
    app.state.worker = worker
    app.state.runner = runner
    _add_error_handlers(app)
    for part in routes.ROUTERS:
        _add_routes(app, part, prefix=API)
    for part in (*pages.ROUTERS, routes.ROOT):
        _add_routes(app, part)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _add_routes(app: FastAPI, part: APIRouter, prefix: str = "") -> None:
    """As `include_router`, but all routes in one list: routers within routers are searched once a level for every
    request, which cost a fifth of a small answer."""
    for route in part.routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"{route} is no route of the hub's own")
        app.router.add_api_route(
            prefix + route.path,
            route.endpoint,
            response_model=route.response_model,
            status_code=route.status_code,
            tags=route.tags,
            dependencies=route.dependencies,
            responses=route.responses,
            methods=route.methods,
            name=route.name,
            include_in_schema=route.include_in_schema,
            response_class=route.response_class,
            openapi_extra=route.openapi_extra,
            max_body_size=route.max_body_size,
            route_class_override=type(route),
        )


def _lifespan(worker: Worker, runner: Runner) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        hub: Hub = app.state.hub
        migrations.upgrade(hub.database)
        with hub.database.transaction() as session:
            terms.ensure_builtin(session)
        # What is loaded by now stays: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        hub.search.log.start()
        if hub.settings.worker:
            hub.database.on_commit += [worker.wake, runner.wake]
            worker.start()
            runner.start()
        yield
        if hub.settings.worker:
            runner.stop()
            worker.stop()
        hub.search.log.stop()
        hub.search.engine.close()
        hub.database.close()

    return lifespan


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(HubError)
    async def business_error(request: Request, error: HubError) -> Response:
        if isinstance(error, Moved):
            return _redirect(request, error)
        faults = [{"loc": list(fault.loc), "message": fault.message} for fault in error.errors]
        headers = {"Retry-After": str(error.extra["retry_after"])} if "retry_after" in error.extra else {}
        if error.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        kind = _kebab(type(error).__name__)
        return _problem(request, error.status, error.title, error.detail, kind, faults, headers, error.extra)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        faults = [{"loc": list(item["loc"]), "message": item["msg"]} for item in error.errors()]
        places = ", ".join(".".join(str(part) for part in fault["loc"]) for fault in faults[:5])
        return _problem(request, 422, "Invalid input", f"Cannot be used as it is: {places}.", "invalid", faults)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        title = HTTPStatus(error.status_code).phrase
        return _problem(request, error.status_code, title, str(error.detail), _kebab(title), headers=error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected error", exc_info=error)
        detail = "The hub made a mistake. Nothing was written. The request id finds the reason in the log."
        return _problem(request, 500, "Unexpected error", detail, "unexpected")


def _problem(
    request: Request,
    status: int,
    title: str,
    detail: str,
    kind: str,
    faults: list[dict[str, Any]] | None = None,
    headers: Any = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    if problems.is_page(request):
        return problems.answer(request, status, title, detail, faults or (), headers)
    body: dict[str, Any] = {"type": f"urn:hub:problem:{kind}", "title": title, "status": status, "detail": detail}
    body["request_id"] = request.scope.get("request_id")
    if faults:
        body["errors"] = faults
    body |= extra or {}
    return JSONResponse(_plain(body), status, dict(headers or {}), media_type="application/problem+json")


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|\s+", "-", name).lower()


def _redirect(request: Request, error: Moved) -> Response:
    path = request.url.path.replace(f"/{error.old}", f"/{error.new}", 1)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(path + query, status_code=308)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schema["openapi"] = "3.1.0"
        parts = schema.setdefault("components", {})
        parts["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "A token of this hub; see each call's scope."},
            "session": {"type": "apiKey", "in": "cookie", "name": "hub_session", "description": "A signed-in browser."},
        }
        parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        parts["schemas"] |= parts["schemas"]["Problem"].pop("$defs", {})
        for name in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(name, None)
        app.openapi_schema = schema
    return app.openapi_schema
