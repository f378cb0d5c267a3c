"""What the ids of a CRM stand for: stages and owners as a pull or a file told them, accounts as the hub knows them."""

import tomllib
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session, select

from hub.deals.lines import ID_LENGTH
from hub.deals.models import Account, Outcome
from hub.deals.sources.models import CrmName
from hub.deals.sources.stays import Stage
from hub.errors import Fault, Invalid
from hub.taxonomy.schemas import LABEL_LENGTH

_MOST = 20_000


class CrmNames:
    """The names of one source, read when they are asked for."""

    def __init__(self, session: Session, source: str, *, labels_are_ids: bool) -> None:
        self._session, self._source = session, source
        self._labels_are_ids = labels_are_ids

    def stage(self, stage_id: str) -> Stage | None:
        name = self._session.get(CrmName, (self._source, "stage", stage_id))
        if name is None:
            return Stage(stage_id) if self._labels_are_ids else None
        return Stage(name.label, name.pipeline, name.position, Outcome(name.outcome) if name.outcome else None)

    def owner(self, owner_id: str) -> str | None:
        name = self._session.get(CrmName, (self._source, "owner", owner_id))
        return name.label if name is not None else None

    def account(self, account_id: str) -> str | None:
        query = select(Account.name).where(Account.external_id == account_id, Account.source == self._source)
        return self._session.exec(query).first()


def learn(session: Session, names: Iterable[CrmName]) -> tuple[int, int]:
    """Make the names known as they are now: (new, changed). Those that are not named stay, for what was."""
    new = changed = 0
    for name in names:
        there = session.get(CrmName, (name.source, name.kind, name.external_id))
        if there is None:
            session.add(name)
            new += 1
        elif there.model_dump() != name.model_dump():
            there.sqlmodel_update(name.model_dump())
            changed += 1
    session.flush()
    return new, changed


class _StageNamed(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    label: str = Field(min_length=1, max_length=LABEL_LENGTH)
    outcome: Literal["open", "won", "lost"] = "open"
    pipeline: str = Field("", max_length=ID_LENGTH)
    position: int | None = Field(default=None, ge=0, lt=2**31)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    stages: dict[str, _StageNamed] = Field(default={}, max_length=_MOST)
    owners: dict[str, str] = Field(default={}, max_length=_MOST)


def read_file(source: str, text: str) -> list[CrmName]:
    """The names of a TOML file: `[stages.ID]` with label, outcome, pipeline and position, `[owners]` with ID = e-mail
    address. Raises Invalid that names the place."""
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"The file is no TOML: {error}.") from None
    except ValidationError as error:
        faults = [Fault(tuple(it["loc"]), it["msg"]) for it in error.errors()]
        raise Invalid("The names cannot be used.", errors=faults) from None
    return [
        *(CrmName(source=source, kind="stage", external_id=key, **it.model_dump()) for key, it in file.stages.items()),
        *(CrmName(source=source, kind="owner", external_id=key, label=who) for key, who in file.owners.items()),
    ]
