"""Notices: people are told what became of what they asked for, wrote or were named for.

Made by the worker from events, once a person and event however often the event comes. What can be looked up live (a
review that waits, a question about a stage, a date that comes near) is not copied here: see `inbox`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, delete, insert, select

from hub import clock
from hub.assets.models import Asset, AssetAuthor
from hub.db import Database
from hub.events.models import Event
from hub.events.names import EventName
from hub.people.models import Person
from hub.planning import wins
from hub.planning.models import Notice
from hub.usage.models import Opinion

KEPT = timedelta(days=180)

_OF_ASSETS: Mapping[str, str] = {
    EventName.APPROVED: "{who} approved {subject} for {team}.",
    EventName.CHANGES_REQUESTED: "{who} asked for changes to {subject}: {note}",
    EventName.PUBLISHED: "{subject} is live: both teams signed.",
    EventName.URGENT_LAPSED: "{subject} was not signed in time, so its urgent version is gone.",
    EventName.PASSAGE_NOTED: "{who} wrote a note on a passage of {subject}: {note}",
    EventName.EXPIRED: "{subject} has expired and is not found any more.",
}
# These name whom they tell.
_OF_WRITING: Mapping[str, str] = {
    EventName.AUTHORS_INVITED: "{who} asks you to write {subject} together.",
}
_OF_REQUESTS: Mapping[str, str] = {
    EventName.REQUEST_JOINED: "{who} needs it too: {subject}",
    EventName.REQUEST_TAKEN: "{who} takes care of your request: {subject}",
    EventName.REQUEST_GIVEN_BACK: "{who} gave your request back, it is open again: {subject}",
    EventName.REQUEST_FULFILLED: "It is there now: {asset} answers your request “{subject}”",
    EventName.REQUEST_DECLINED: "Your request “{subject}” was declined: {reason}",
}
_OF_BRIEFS: Mapping[str, str] = {
    EventName.BRIEF_PLANNED: "{who} planned a brief with you as an author: {subject}",
    EventName.BRIEF_DROPPED: "{who} dropped the brief “{subject}”: {reason}",
}
_OF_FEEDBACK: Mapping[str, str] = {EventName.FEEDBACK_GIVEN: "{who} says that {subject} is out of date: {note}"}
_TEXTS: Mapping[str, str] = {**_OF_ASSETS, **_OF_FEEDBACK, **_OF_WRITING, **_OF_REQUESTS, **_OF_BRIEFS}
EVENTS: tuple[str, ...] = (*(str(name) for name in _TEXTS), str(EventName.DEAL_CLOSED))
_LONGEST = 500


@dataclass(frozen=True)
class Notifier:
    """The worker's subscriber. Telling twice changes nothing."""

    database: Database

    def react(self, events: Sequence[Event]) -> None:
        # Of what is long over nobody is told, as when a library with its history comes in.
        told = [event for event in events if event.name in EVENTS and event.occurred_at >= clock.now() - KEPT]
        if not told:
            return
        with self.database.transaction() as session:
            rows = [*_rows(session, [it for it in told if it.name in _TEXTS and _concerns(it)]), *_wins(session, told)]
            known = select(Notice.event_id, Notice.person_id)
            there = set(session.exec(known.where(col(Notice.event_id).in_([event.id for event in told]))))
            new = [row for row in rows if (row["event_id"], row["person_id"]) not in there]
            if new:
                session.execute(insert(Notice), new)

    def forget_old(self) -> None:
        """What was seen and is older than half a year."""
        with self.database.transaction() as session:
            old = (col(Notice.made_at) < clock.now() - KEPT, col(Notice.seen_at).is_not(None))
            session.exec(delete(Notice).where(*old))


def _concerns(event: Event) -> bool:
    """Of what is said of an asset only what asks for its authors is told; the rest stands on its page."""
    return event.name != EventName.FEEDBACK_GIVEN or event.data.get("opinion") == Opinion.OUT_OF_DATE


def _wins(session: Session, events: Sequence[Event]) -> Iterable[dict[str, Any]]:
    for win in wins.wins(session, events):
        wrote: dict[int, list[int]] = {}
        for asset_id, people in _responsible(session, win.used).items():
            for person_id in people:
                wrote.setdefault(person_id, []).append(asset_id)
        for person_id, asset_ids in wrote.items():
            yield {
                "person_id": person_id,
                "event_id": win.event.id,
                "kind": win.event.name,
                "subject_kind": "deal",
                "subject_name": win.deal.name or win.deal.external_id,
                "text": wins.text_of(win, asset_ids)[:_LONGEST],
                "link": wins.link_of(win),
                "made_at": win.event.occurred_at,
                "seen_at": None,
            }


def _rows(session: Session, events: Sequence[Event]) -> Iterable[dict[str, Any]]:
    names = _names(session, events)
    of_assets = {*_OF_ASSETS, *_OF_FEEDBACK}
    responsible = _responsible(session, [it.subject_id for it in events if it.name in of_assets])
    for event in events:
        people = responsible.get(event.subject_id or 0, ()) if event.name in of_assets else event.data["people"]
        kind, subject = event.subject_kind, event.subject_name
        text = _TEXTS[event.name].format_map(
            {
                "who": names.get(event.actor_id or 0, "The hub"),
                "subject": event.data.get("title") or subject,
                **{name: event.data.get(name) or "" for name in ("team", "note", "reason", "asset")},
            }
        )
        for person_id in dict.fromkeys(people):
            if person_id != event.actor_id:
                yield {
                    "person_id": person_id,
                    "event_id": event.id,
                    "kind": event.name,
                    "subject_kind": kind,
                    "subject_name": subject,
                    "text": text.removesuffix(": ")[:_LONGEST],
                    "link": _link(event),
                    "made_at": event.occurred_at,
                    "seen_at": None,
                }


def _link(event: Event) -> str:
    """Where to look: a fulfilled request leads to what is there now."""
    if event.name == EventName.REQUEST_FULFILLED:
        return f"/assets/{event.data['asset']}"
    if event.name in (EventName.PASSAGE_NOTED, EventName.CHANGES_REQUESTED):
        return f"/reviews/{event.subject_name}/{event.data['version']}"
    if event.name == EventName.AUTHORS_INVITED:
        return f"/assets/{event.subject_name}?version=draft"
    if event.name == EventName.FEEDBACK_GIVEN:
        return f"/assets/{event.subject_name}#said"
    if event.name in _OF_ASSETS:
        return f"/assets/{event.subject_name}"
    return f"/{event.subject_kind}s/{event.subject_id}"


def _names(session: Session, events: Sequence[Event]) -> dict[int, str]:
    wanted = {event.actor_id for event in events} - {None}
    query = select(Person.id, Person.name).where(col(Person.id).in_(wanted))
    return {person_id or 0: name for person_id, name in session.exec(query)}


def _responsible(session: Session, asset_ids: Iterable[int | None]) -> dict[int, list[int]]:
    """Owner, creator and authors of each asset."""
    wanted = set(asset_ids) - {None}
    found: dict[int, list[int]] = {}
    if not wanted:
        return found
    owners = select(Asset.id, Asset.owner_id, Asset.created_by).where(col(Asset.id).in_(wanted))
    for asset_id, *people in session.exec(owners):
        found[asset_id or 0] = [person_id for person_id in people if person_id is not None]
    authors = select(AssetAuthor.asset_id, AssetAuthor.person_id).where(col(AssetAuthor.asset_id).in_(wanted))
    for asset_id, person_id in session.exec(authors):
        found[asset_id].append(person_id)
    return found
