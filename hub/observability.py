"""What an operator sees of a running hub: log lines, metrics, a request id in every answer and line.

Plain ASGI, so that it costs little and covers whatever is mounted. Secrets never reach a log line: only method, route,
status, time and ids are written, no query text, no headers, no bodies.
"""

import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.events.record import request_id
from hub.settings import Settings

log = structlog.get_logger("hub.request")

_GIVEN_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
PROBLEM = "application/problem+json"
FORGED = "This change was asked for by another site. Open the hub itself and try again."
TOO_LARGE = "The body is larger than the 10 MiB that the hub takes. Send less at once."


def policy_of(image_origins: Sequence[str] = (), *, framed_by: Sequence[str] = ()) -> str:
    """What a page may load and who may frame it: our own files, pictures also from these sites, and nobody else."""
    return (
        "default-src 'self'; script-src 'self'; style-src 'self'; "
        f"img-src {' '.join((_SELF, 'data:', *image_origins))}; "
        f"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {' '.join(framed_by) or _NOBODY}"
    )


_SELF, _NOBODY = "'self'", "'none'"
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def set_up_logging(settings: Settings) -> None:
    """Log lines on stderr: JSON when `HUB_LOG_JSON` is set, else for a person. Third-party loggers go the same way."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = settings.log_json
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        # Plain traces: the pretty ones print local variables, and those may hold secrets.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    traces: list[structlog.types.Processor] = [structlog.processors.format_exc_info] if as_json else []
    structlog.configure(
        processors=[*shared, *traces, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Looked up for each line: whoever redirects stderr (a supervisor, a test) gets what follows.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *traces, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


class Metrics:
    """The figures behind `/metrics`, one registry per app so that two apps in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "hub_request_seconds", "Time to answer, by route template", ["method", "route"], registry=self.registry
        )
        self.answers = Counter(
            "hub_answers", "Answers by route and status", ["route", "status"], registry=self.registry
        )


class RequestObserver:
    """Gives every request its id, logs it, counts it, sets the security headers, and stops forged browser requests."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        own_origins: Iterable[str] = (),
        *,
        image_origins: Sequence[str] = (),
        refusal_page: Callable[[Scope, int, str, str], ASGIApp | None] = lambda *_: None,
    ) -> None:
        """`refusal_page` makes the answer to a refused request of somebody who looks at pages, None for a program."""
        self.app = app
        self.refusal_page = refusal_page
        self.headers = {"content-security-policy": policy_of(image_origins), **SECURITY_HEADERS}
        self.metrics = metrics
        self.own_hosts = {urlsplit(origin).netloc for origin in own_origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        this_id = given if _GIVEN_ID.match(given) else secrets.token_hex(8)
        scope["request_id"] = this_id
        id_token = request_id.set(this_id)
        structlog.contextvars.bind_contextvars(request_id=this_id)
        started = time.perf_counter()
        status = 500
        replaced = False

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["x-request-id"] = this_id
                for name, value in self.headers.items():
                    answer.setdefault(name, value)
            await send(message)

        async def send_shaped(message: Message) -> None:
            """The framework refuses a large body in plain text, before any handler of ours: give it the one shape."""
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                kind = Headers(raw=message["headers"]).get("content-type", "")
                replaced = not kind.startswith((PROBLEM, "text/html"))
                if replaced:
                    await self._refuse(scope, receive, send_marked, 413, "Too large", TOO_LARGE)
            if not replaced:
                await send_marked(message)

        try:
            if self._is_forged(scope["method"], headers):
                await self._refuse(scope, receive, send_marked, 403, "Not allowed", FORGED)
            else:
                await self.app(scope, receive, send_shaped)
        finally:
            self._note(scope, status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id")
            request_id.reset(id_token)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int, title: str, detail: str) -> None:
        """As a page for whoever looks at pages, else as a problem document."""
        if (page := self.refusal_page(scope, status, title, detail)) is not None:
            await page(scope, receive, send)
        else:
            await _refuse(send, scope["request_id"], status, title.lower().replace(" ", "-"), title, detail)

    def _is_forged(self, method: str, headers: Headers) -> bool:
        """A change asked for by another site with this browser's cookie. Bearer tokens are never sent by themselves;
        programs send neither of the two headers."""
        if method in _SAFE_METHODS or headers.get("authorization", "").lower().startswith("bearer "):
            return False
        if (site := headers.get("sec-fetch-site")) is not None:
            return site not in {"same-origin", "none"}
        if (origin := headers.get("origin")) is not None:
            return urlsplit(origin).netloc not in self.own_hosts | {headers.get("host", "")}
        return False

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The template, never the path: paths would make one time series per asset.
        route = getattr(scope.get("route"), "path", "unmatched")
        self.metrics.seconds.labels(scope["method"], route).observe(seconds)
        self.metrics.answers.labels(route, str(status)).inc()
        log.info("answered", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


async def _refuse(send: Send, this_id: str, status: int, kind: str, title: str, detail: str) -> None:
    problem = {"type": f"urn:hub:problem:{kind}", "title": title, "status": status, "detail": detail}
    body = json.dumps(problem | {"request_id": this_id}).encode()
    headers = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
