"""What an operator may set, read from the environment (prefix `HUB_`) when an entrance starts.

Nothing reads the environment at import time: an entrance makes one `Settings` and passes it down.
"""

import os
import re
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import limits
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import Fault, Invalid

COUNTED_ACTIONS = ["inserted", "shared", "presented", "sent", "spoken", "copied"]
PositiveRate = Annotated[float, Field(gt=0, allow_inf_nan=False)]

DealField = Literal[
    "segment", "industry", "buyer_persona", "competitor", "lead_source", "lost_reason", "products", "currency"
]
CrmFields = dict[DealField, Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.\w+)*$", max_length=200)]]

# They end up in a policy that browsers read, so nothing but scheme, host and port.
_ORIGIN = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?")

STORES = ("file", "s3", "gs", "az")


def from_environment() -> "Settings":
    """The settings of this process. Raises Invalid that names each variable, what is wrong with it and the cure."""
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            Fault((f"HUB_{str(item['loc'][0]).upper()}",), str(item["msg"]).removeprefix("Value error, "))
            for item in error.errors()
        ]
        told = "; ".join(f"{fault.loc[0]}: {fault.message}" for fault in faults)
        raise Invalid(f"The environment cannot be used: {told}.") from None


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore")

    data_dir: Path = Path("./data")
    database_url: str = ""
    content_dir: Path = Path("./content")
    base_url: str = "http://127.0.0.1:8000"
    blob_url: str = ""
    redis_url: str = ""
    meili_url: str = ""
    meili_key: SecretStr = SecretStr("")
    meili_index: str = "hub"
    secret_key: SecretStr = SecretStr("")
    evidence_counted_actions: list[str] = Field(default_factory=lambda: list(COUNTED_ACTIONS))
    base_currency: str = Field("", pattern="^([A-Z]{3})?$", description="of all money that is added up")
    currency_rates: dict[str, PositiveRate] = Field(
        default_factory=dict, description="what one unit of a currency is worth in the base currency"
    )
    hubspot_client_secret: SecretStr = Field(SecretStr(""), description="of the app whose webhooks call this hub")
    hubspot_token: SecretStr = Field(SecretStr(""), description="access token of a private app, for pulling")
    hubspot_url: str = "https://api.hubapi.com"
    hubspot_fields: CrmFields = Field(default_factory=dict, description="which property a field of deals is")
    salesforce_organization_id: str = Field("", pattern="^(00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?)?$")
    salesforce_webhook_key: SecretStr = Field(SecretStr(""), description="the `key` in the address of the webhook")
    salesforce_url: str = Field("", description="the organisation's own address, for pulling")
    salesforce_client_id: str = ""
    salesforce_client_secret: SecretStr = SecretStr("")
    salesforce_token: SecretStr = Field(SecretStr(""), description="an access token instead of client id and secret")
    salesforce_fields: CrmFields = Field(default_factory=dict)
    pipedrive_user: str = "hub"
    pipedrive_password: SecretStr = SecretStr("")
    pipedrive_fields: CrmFields = Field(default_factory=dict)
    search_rate_limit: str = "600/minute"
    sign_in_rate_limit: str = Field("10/minute", description="per e-mail address, and ten times that per client")
    log_json: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    worker: bool = Field(True, description="run the outbox worker inside the server process")
    session_days: int = Field(14, ge=1, le=365)
    urgent_days: int = Field(3, ge=1, le=30, description="how long an urgent publication lives without signatures")
    max_body_bytes: int = 10 * 1024 * 1024
    max_import_bytes: int = Field(1_000_000_000, ge=0, description="of one file brought in on the page of imports")
    embed_origins: list[str] = Field(
        default_factory=list, description="sites that may frame shareable assets, like https://wiki.example.com"
    )
    image_origins: list[str] = Field(
        default_factory=list, description="sites that pictures in texts may come from, like https://cdn.example.com"
    )
    max_attachment_bytes: int = Field(50_000_000, description="of one attachment in the content folder")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("use sqlite:///PATH, or postgresql+psycopg://USER@HOST/NAME")
        return url

    @field_validator("embed_origins", "image_origins")
    @classmethod
    def _plain_origins(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin; write it like https://wiki.example.com")
        return origins

    @field_validator("blob_url")
    @classmethod
    def _known_store(cls, url: str) -> str:
        if url and url.partition("://")[0] not in STORES:
            raise ValueError(f"use one of {', '.join(f'{store}://' for store in STORES)}")
        return url

    @field_validator("hubspot_url", "salesforce_url")
    @classmethod
    def _safe_address(cls, url: str) -> str:
        found = urlsplit(url)
        is_here = found.hostname in ("127.0.0.1", "::1", "localhost")
        if url and not (found.hostname and (found.scheme == "https" or (found.scheme == "http" and is_here))):
            raise ValueError("use an https: address; a token goes there")
        return url.rstrip("/")

    @field_validator("search_rate_limit", "sign_in_rate_limit")
    @classmethod
    def _known_rate(cls, rate: str) -> str:
        if rate:
            try:
                limits.parse(rate)
            except ValueError:
                raise ValueError(f"{rate!r} is no rate; write it like 10/minute") from None
        return rate

    def fields_of(self, crm: Literal["hubspot", "salesforce", "pipedrive"]) -> dict[str, str]:
        """Which of its fields are which fields of deals."""
        fields = {
            "hubspot": self.hubspot_fields,
            "salesforce": self.salesforce_fields,
            "pipedrive": self.pipedrive_fields,
        }
        return {str(ours): theirs for ours, theirs in fields[crm].items()}

    @cached_property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'hub.sqlite3'}"

    @cached_property
    def resolved_blob_url(self) -> str:
        return self.blob_url or (self.data_dir / "blobs").resolve().as_uri()

    def prepared(self) -> "Settings":
        """Make the data directory; called by entrances before they open anything."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        return self

    def secret(self) -> str:
        """The signing key: from the environment, else made once and kept in the data directory."""
        if given := self.secret_key.get_secret_value():
            return given
        file = self.prepared().data_dir / "secret_key"
        try:
            # O_EXCL: of two processes that start together exactly one makes the key.
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_text().strip()
        with os.fdopen(handle, "w") as out:
            out.write(made := secrets.token_urlsafe(48))
        return made
