"""What somebody typed into the form of an asset, as they typed it: half a word, a person's first name, no title yet.

A working copy keeps it, checks look at it, and `understood` makes of it what a version is made of. A program sends
keys and addresses (`schemas.AssetFields`); a person writes labels, synonyms and names.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from sqlmodel import Session, col, func, or_, select

from hub.assets import drafts
from hub.assets.models import Asset
from hub.assets.schemas import BODY_LENGTH, AttachmentIn
from hub.assets.texts import TAG_FIELDS, text_of
from hub.errors import Fault, Invalid
from hub.people.models import Person
from hub.people.roles import Team
from hub.taxonomy import vocabulary
from hub.taxonomy.models import Term
from hub.taxonomy.nearest import folded, nearest_names, shown

MOST_WORDS = 100
_Word = Annotated[str, StringConstraints(max_length=300)]
_Words = Annotated[list[_Word], Field(max_length=MOST_WORDS)]
_Line = Annotated[str, StringConstraints(max_length=2_000)]
AUTHOR_TEAMS = (Team.MARKETING, Team.SALES)


class Typed(BaseModel):
    """Longer than a version may be, so that nothing typed is lost before it can be cut."""

    model_config = ConfigDict(extra="forbid")

    title: _Line = ""
    slug: _Line = ""
    kind: _Word = "note"
    summary: Annotated[str, StringConstraints(max_length=20_000)] = ""
    body: Annotated[str, StringConstraints(max_length=BODY_LENGTH)] = ""
    personas: _Words = []
    stages: _Words = []
    products: _Words = []
    industries: _Words = []
    competitors: _Words = []
    regions: _Words = []
    language: _Word = "en"
    audience: _Word = "internal"
    marketing: _Words = []
    sales: _Words = []
    owner: _Word = ""
    review_by: _Word = ""
    expires_on: _Word = ""
    attachments: Annotated[list[AttachmentIn], Field(max_length=50)] = []
    note: Annotated[str, StringConstraints(max_length=20_000)] = ""

    @field_validator("*", mode="before")
    @classmethod
    def _as_databases_take_it(cls, value: Any) -> Any:
        """Browsers send CR LF, and no database takes U+0000."""
        if isinstance(value, str):
            return value.replace("\r\n", "\n").replace("\0", "")
        if isinstance(value, list):
            words = (word.replace("\0", "").strip() if isinstance(word, str) else word for word in value[:MOST_WORDS])
            return [word for word in words if word != ""]
        return value

    def says_the_same(self, other: "Typed") -> bool:
        """But for the note, which is about a version and no part of it."""
        return self._essence() == other._essence()

    def _essence(self) -> dict[str, Any]:
        fields = self.model_dump(exclude={"note"})
        return {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}


def typed_of(session: Session, asset: Asset) -> Typed:
    """The newest text and the details beside it, as a form shows them: tags by key, people by address or name."""
    text = text_of(session, drafts.head_of(session, asset))
    details = drafts.details_of(session, asset)
    tags = text.tag_keys()
    names = _addresses(session, [details.owner_id, *(who for ids in details.authors.values() for who in ids)])
    return Typed(
        title=text.title,
        slug=asset.slug,
        kind=text.kind,
        summary=text.summary,
        body=text.body,
        **{name: tags.get(name, []) for name in TAG_FIELDS},
        language=text.language,
        audience=text.audience,
        marketing=[names[who] for who in details.authors.get(Team.MARKETING, ())],
        sales=[names[who] for who in details.authors.get(Team.SALES, ())],
        owner=names.get(details.owner_id, ""),
        review_by=details.review_by.isoformat() if details.review_by else "",
        expires_on=details.expires_on.isoformat() if details.expires_on else "",
        attachments=[AttachmentIn(digest=file.digest, name=file.name) for file in text.attachments],
    )


def understood(session: Session, typed: Typed) -> dict[str, Any]:
    """The fields of an `AssetDraft` or `VersionDraft`, but for slug and base version.

    Raises Invalid with a fault at every field that has an unknown word (with the nearest ones), an unknown person or
    a date that is none.
    """
    faults: list[Fault] = []
    tags = _keys(session, {name: getattr(typed, name) for name in TAG_FIELDS}, faults)
    people = {str(team): getattr(typed, team) for team in AUTHOR_TEAMS} | {
        "owner": [typed.owner] if typed.owner else []
    }
    named = _people(session, people, faults)
    days = {name: _day(name, getattr(typed, name), faults) for name in ("review_by", "expires_on")}
    if faults:
        raise Invalid("Some fields cannot be used as they are.", errors=faults)
    plain = ("title", "kind", "summary", "body", "language", "audience", "note")
    return {
        **{name: getattr(typed, name) for name in plain},
        **tags,
        **days,
        "attachments": [file.model_dump() for file in typed.attachments],
        "authors": {str(team): named[team] for team in AUTHOR_TEAMS},
        **({"owner": named["owner"][0]} if named["owner"] else {}),
    }


def understood_change(session: Session, asset: Asset, typed: Typed) -> dict[str, Any]:
    """As `understood`, for the next version of an asset. A body that differs in its line ends only is no change: a
    browser makes its own."""
    fields = understood(session, typed)
    if drafts.head_of(session, asset).body.replace("\r\n", "\n") == typed.body:
        del fields["body"]
    return fields


def _keys(session: Session, written: Mapping[str, Sequence[str]], faults: list[Fault]) -> dict[str, list[str]]:
    shelves: dict[str, list[Term]] = {name: [] for name in written}
    if any(written.values()):
        for term in vocabulary.terms_of(session, *written):
            shelves[term.vocabulary].append(term)
    found: dict[str, list[str]] = {}
    for name, words in written.items():
        meant = _meanings(shelves[name])
        former = {old: new for _, old, new in vocabulary.former_keys(session, name)} if words else {}
        for word in words:
            if (key := meant.get(folded(word)) or former.get(word)) is None:
                faults.append(Fault(("body", name), vocabulary.refusal(name, word, shelves[name])))
            else:
                found.setdefault(name, []).append(key)
    return {name: list(dict.fromkeys(found.get(name, ()))) for name in written}


def _meanings(terms: Sequence[Term]) -> dict[str, str]:
    """Keys first, then labels, then synonyms: a synonym of one term must not hide the key of another."""
    names = [(term.key, term.key) for term in terms]
    names += [(term.label, term.key) for term in terms]
    names += [(synonym, term.key) for term in terms for synonym in term.synonyms]
    meant: dict[str, str] = {}
    for name, key in names:
        meant.setdefault(folded(name), key)
    return meant


def _people(session: Session, wanted: Mapping[str, Sequence[str]], faults: list[Fault]) -> dict[str, list[str]]:
    """People as `directory` finds them again: by address, else by name. Only such as there are: a slip of the pen must
    not make a person."""
    asked = {name.casefold() for names in wanted.values() for name in names}
    known: dict[str, str] = {}
    if asked:
        named = or_(func.lower(col(Person.email)).in_(asked), func.lower(col(Person.name)).in_(asked))
        for email, name in session.exec(select(Person.email, Person.name).where(named).order_by(col(Person.id).desc())):
            known[name.casefold()] = email or name
            known[(email or name).casefold()] = email or name
    found: dict[str, list[str]] = {}
    for field, names in wanted.items():
        for name in names:
            if (who := known.get(name.casefold())) is None:
                faults.append(Fault(("body", field), _nobody(session, name)))
            else:
                found.setdefault(field, []).append(who)
    return {field: list(dict.fromkeys(found.get(field, ()))) for field in wanted}


def _nobody(session: Session, name: str) -> str:
    everybody = session.exec(select(Person.name).where(col(Person.deactivated_at).is_(None)).limit(2_000)).all()
    near = ", ".join(nearest_names(name, set(everybody)))
    return f"there is nobody called {shown(name)} here" + (f"; nearest: {near}" if near else "")


def _day(name: str, written: str, faults: list[Fault]) -> date | None:
    if not written.strip():
        return None
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        faults.append(Fault(("body", name), "write a date as year-month-day, like 2027-03-01"))
        return None


def _addresses(session: Session, ids: Sequence[int | None]) -> dict[int | None, str]:
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    rows = session.exec(select(Person.id, Person.email, Person.name).where(col(Person.id).in_(wanted)))
    return {person_id: email or name for person_id, email, name in rows}
