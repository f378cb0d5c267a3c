"""What the editor shows: the form's fields with what may be chosen, the text beside them, what went on meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from hub.assets import library, looking_over, states, working_copies
from hub.assets.looking_over import Look
from hub.assets.models import Asset, Kind, Version
from hub.assets.texts import TAG_FIELDS
from hub.assets.typed_fields import AUTHOR_TEAMS, Typed, typed_of
from hub.assets.working_copies import AtWork
from hub.content import kind_templates
from hub.content.kind_templates import Template
from hub.errors import HubError
from hub.http import Door
from hub.people.models import Person
from hub.people.roles import Actor
from hub.planning.starting import Start
from hub.taxonomy import vocabulary
from hub.taxonomy.models import Term
from hub.web import shell, words
from hub.web.assets import under_title
from hub.web.versions import FieldRow, Step, field_rows, steps_of

# Up to so many terms are shown to be ticked; of more, those that are chosen, and a field to find others.
SHOWN_AT_ONCE = 9
MOST_PEOPLE = 300
CALLED = {name: called for _, name, called in words.TAGS}


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A field with several values: those to tick, and the words to find more by (empty: all are there to tick)."""

    name: str
    label: str
    options: list[Option]
    more: list[tuple[str, str]]
    hint: str
    fault: str


@dataclass(frozen=True, slots=True)
class Newer:
    """Somebody saved a version meanwhile: theirs beside one's own, and what they changed."""

    began_with: int
    number: int
    by: str
    at: datetime
    title: str
    summary: str
    body: str
    fields: list[FieldRow]
    theirs: list[FieldRow]
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class Below:
    """What stands beside the text and is made anew while somebody types."""

    look: Look
    html: str


@dataclass(frozen=True, slots=True)
class Draft:
    """Where a text comes from: its asset (None: a new one), the version it goes on from, and its working copy."""

    key: str
    typed: Typed
    asset: Asset | None = None
    base_number: int = 0
    revision: int = 0
    unsaved_since: datetime | None = None
    start: Start | None = None
    brief: int = 0
    request: int = 0


@dataclass(frozen=True, slots=True)
class EditorPage:
    draft: Draft
    typed: Typed
    slug: str
    live_number: int | None
    head_number: int
    seen: int
    in_review: bool
    action: str
    kinds: list[tuple[str, str]]
    languages: list[tuple[str, str]]
    tags: list[Choice]
    authors: list[Choice]
    people: list[tuple[str, str]]
    template: Template | None
    below: Below
    others: list[AtWork]
    newer: Newer | None
    person: int
    problem: HubError | None
    faults: dict[str, str]


def editor_page(
    door: Door, session: Session, actor: Actor, draft: Draft, problem: HubError | None = None
) -> EditorPage:
    """`problem` is why what was sent was not saved; a newer version by somebody else is shown whether or not anything
    was sent."""
    asset = draft.asset
    faults = shell.faults_by_place(problem)
    shelves = _shelves(session)
    people = _people(session)
    return EditorPage(
        draft=draft,
        typed=draft.typed,
        slug=asset.slug if asset else "",
        live_number=_live_number(session, asset),
        head_number=asset.head_number if asset else 0,
        seen=asset.head_number if asset else 0,
        in_review=asset is not None and states.open_submission(session, asset) is not None,
        action=_action(draft),
        kinds=sorted(words.KINDS.items(), key=lambda pair: pair[1]),
        languages=[(term.key, term.label) for term in shelves["languages"]],
        tags=[_tag_choice(name, getattr(draft.typed, name), shelves[name], faults) for name in TAG_FIELDS],
        authors=[_author_choice(str(team), getattr(draft.typed, team), people, faults) for team in AUTHOR_TEAMS],
        people=[(person.email or person.name, person.name) for person in people],
        template=kind_templates.template(door.hub.settings.content_dir, _kind(draft.typed)) if asset is None else None,
        below=below(door, session, actor, draft.typed),
        others=working_copies.at_work(session, actor, asset) if asset else [],
        newer=_newer(session, asset, draft) if asset and draft.base_number < asset.head_number else None,
        person=actor.id or 0,
        problem=problem,
        faults=faults,
    )


def below(door: Door, session: Session, actor: Actor, typed: Typed) -> Below:
    """The preview, and what the checks say."""
    seen = looking_over.look(session, actor, typed, kind_templates.rules(door.hub.settings.content_dir))
    return Below(seen, under_title(seen.html, [])[0])


def _action(draft: Draft) -> str:
    if draft.asset is not None:
        return f"/assets/{draft.asset.slug}/edit"
    return shell.address_with(
        "/write/new", {"copy": draft.key, "kind": draft.typed.kind, "brief": draft.brief, "request": draft.request}
    )


def _kind(typed: Typed) -> Kind:
    return Kind(typed.kind) if typed.kind in set(Kind) else Kind.NOTE


def _live_number(session: Session, asset: Asset | None) -> int | None:
    live = session.get(Version, asset.live_version_id) if asset and asset.live_version_id else None
    return live.number if live else None


def _shelves(session: Session) -> dict[str, list[Term]]:
    shelves: dict[str, list[Term]] = {name: [] for name in (*TAG_FIELDS, "languages")}
    for term in vocabulary.terms_of(session, *shelves):
        shelves[term.vocabulary].append(term)
    return shelves


def _people(session: Session) -> list[Person]:
    active = select(Person).where(col(Person.deactivated_at).is_(None))
    return list(session.exec(active.order_by(col(Person.name), col(Person.id)).limit(MOST_PEOPLE)))


def _tag_choice(name: str, chosen: Sequence[str], terms: Sequence[Term], faults: dict[str, str]) -> Choice:
    labels = {term.key: term.label for term in terms}
    few = len(terms) <= SHOWN_AT_ONCE
    shown = [Option(term.key, term.label, term.key in chosen) for term in terms if few or term.key in chosen]
    shown += [Option(word, word, True) for word in chosen if word not in labels]
    more = [] if few else [(term.label, term.key) for term in terms if term.key not in chosen]
    return Choice(name, CALLED[name], shown, more, "", faults.get(name, ""))


def _author_choice(team: str, chosen: Sequence[str], people: Sequence[Person], faults: dict[str, str]) -> Choice:
    named = {person.email or person.name: person.name for person in people}
    shown = [Option(who, named.get(who, who), True) for who in chosen]
    others = [
        (person.name, person.email or "")
        for person in people
        if person.team == team and (person.email or person.name) not in chosen
    ]
    return Choice(team, words.TEAMS[team], shown, others, "", faults.get(team, ""))


def _newer(session: Session, asset: Asset, draft: Draft) -> Newer:
    head = library.version_of(session, asset, asset.head_number)
    known = words.words(session)
    difference = library.difference(session, asset, max(draft.base_number, 1), head.number)
    writer = session.get(Person, head.created_by) if head.created_by else None
    theirs = typed_of(session, asset)
    return Newer(
        began_with=draft.base_number,
        number=head.number,
        by=writer.name if writer else "The content folder" if head.source == "file" else "The hub",
        at=head.created_at,
        title=head.title,
        summary=head.summary,
        body=theirs.body,
        fields=_differing(known, theirs, draft.typed),
        theirs=field_rows(known, difference),
        steps=steps_of(difference.body),
    )


def _differing(known: words.Words, theirs: Typed, mine: Typed) -> list[FieldRow]:
    """Every field but the body in which the two texts differ: before is theirs, after is one's own."""
    rows = []
    for name in ("title", "summary", "kind", "language", "audience", *TAG_FIELDS, "marketing", "sales"):
        one, other = getattr(theirs, name), getattr(mine, name)
        if one != other:
            rows.append(FieldRow(name.capitalize(), _said(known, name, one), _said(known, name, other)))
    return rows


def _said(known: words.Words, name: str, value: str | list[str]) -> str:
    if isinstance(value, list):
        return ", ".join(known.label(name, one) for one in value) or "none"
    return (words.KINDS.get(value, value) if name == "kind" else value) or "empty"
