"""The settings in force: what each is, where it comes from, how to change it. Never a secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import SecretStr

from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Deed, require
from hub.settings import Settings
from hub.web import shell

router = APIRouter(tags=["pages"], route_class=HubRoute, include_in_schema=False)
GROUPS: Mapping[str, Mapping[str, str]] = {
    "Where things are": {
        "data_dir": "The folder of the database, files, backups and the signing key.",
        "database_url": "SQLite in the data directory, or a PostgreSQL.",
        "content_dir": "The folder of Markdown files that is synced.",
        "base_url": "The address under which people reach the hub; with https: its cookies are for https only.",
        "blob_url": "Where attached files lie: a folder, or a bucket.",
        "redis_url": "Counts rate limits for many processes.",
        "secret_key": "Signs what the hub hands out; made and kept in the data directory when none is given.",
    },
    "Search": {
        "meili_url": "A Meilisearch server; without one the hub's own engine searches.",
        "meili_key": "The key for it.",
        "meili_index": "How this hub's indexes begin there.",
        "search_rate_limit": "Questions of one person.",
    },
    "Signing in and publishing": {
        "sign_in_rate_limit": "Tries for one address; ten times that for one client.",
        "session_days": "How long a browser stays signed in.",
        "urgent_days": "How long an urgent publication lives without signatures.",
    },
    "Evidence and money": {
        "evidence_counted_actions": "What counts as a use.",
        "base_currency": "The currency of all money that is added up.",
        "currency_rates": "What one unit of a currency is worth in it.",
    },
    "CRMs": {
        "hubspot_client_secret": "Proves that a webhook is HubSpot's.",
        "hubspot_token": "Lets the hub pull from HubSpot.",
        "hubspot_url": "Where HubSpot answers.",
        "hubspot_fields": "Which of its properties are which fields of deals.",
        "salesforce_organization_id": "Whose messages are taken.",
        "salesforce_webhook_key": "The key in the address of the webhook.",
        "salesforce_url": "The organisation's own address, for pulling.",
        "salesforce_client_id": "Lets the hub pull from Salesforce, with the secret.",
        "salesforce_client_secret": "Belongs to the client id.",
        "salesforce_token": "An access token instead of these two.",
        "salesforce_fields": "Which of its fields are which fields of deals.",
        "pipedrive_user": "The name in Pipedrive's webhooks.",
        "pipedrive_password": "The password in them.",
        "pipedrive_fields": "Which of its fields are which fields of deals.",
    },
    "The server": {
        "worker": "Whether this process delivers events, and does jobs and imports.",
        "max_body_bytes": "The largest request of the API.",
        "max_import_bytes": "The largest file on the page of imports.",
        "max_attachment_bytes": "The largest attachment in the content folder.",
        "log_json": "Log lines as JSON.",
        "log_level": "The least of what is logged.",
    },
}
_FURTHER = "Further"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """`given` is whether it was set; else the hub's own default holds."""

    name: str
    variable: str
    shown: str
    explained: str
    given: bool


@dataclass(frozen=True, slots=True)
class SettingsPage:
    groups: list[tuple[str, list[SettingRow]]]


@router.get("/settings", **access(Deed.LOOK_AFTER_HUB))
def show_settings(door: DoorDep) -> Response:
    settings = door.hub.settings
    with door.reading() as (_, actor):
        require(actor, Deed.LOOK_AFTER_HUB)
    named = {name for group in GROUPS.values() for name in group}
    further = {name: field.description or "" for name, field in Settings.model_fields.items() if name not in named}
    groups = {**GROUPS, _FURTHER: further} if further else GROUPS
    rows = [(title, [_row(settings, *one) for one in group.items()]) for title, group in groups.items()]
    return shell.page(door, actor, "admin/settings.html", SettingsPage(rows), here="settings")


def _row(settings: Settings, name: str, explained: str) -> SettingRow:
    value = getattr(settings, name)
    if name == "database_url":
        value = settings.resolved_database_url
    if name == "blob_url":
        value = settings.resolved_blob_url
    return SettingRow(name, f"HUB_{name.upper()}", shown(value), explained, name in settings.model_fields_set)


def shown(value: Any) -> str:
    """A value as it may stand on a page: a secret only as set or not, an address without its password."""
    if isinstance(value, SecretStr):
        return "set" if value.get_secret_value() else "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {one}" for name, one in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value) or "none"
    return _without_password(str(value)) or "not set"


def _without_password(text: str) -> str:
    if "://" not in text:
        return text
    try:
        found = urlsplit(text)
        host = found.netloc.rpartition("@")[2]
        user = f"{found.username}:…@" if found.password else (f"{found.username}@" if found.username else "")
    except ValueError:
        return "an address that cannot be read"
    query = "?…" if found.query else ""
    return f"{found.scheme}://{user}{host}{found.path}{query}"
