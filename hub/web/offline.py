"""The page that the service worker shows when the hub cannot be reached: kept by the browser, so it knows nobody."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.http import HubRoute, access
from hub.web import shell

router = APIRouter(tags=["pages"], route_class=HubRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class OfflinePage:
    pass


@router.get("/offline", **access(None))
def show_offline(request: Request) -> Response:
    return shell.render(request, None, "shell/offline.html", OfflinePage())
