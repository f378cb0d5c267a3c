"""Looking a text over while it is written: how it will look, and what the checks say. Writes nothing."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from hub import clock
from hub.assets import renderings
from hub.assets.checks import Finding, Rules, Written, check
from hub.assets.renderings import slug_of_target, slug_owners
from hub.assets.texts import AttachedFile
from hub.assets.typed_fields import AUTHOR_TEAMS, Typed, understood
from hub.errors import Fault, Invalid
from hub.people.roles import Actor, Deed, require


@dataclass(frozen=True, slots=True)
class Look:
    """`html` is safe to show, as it would stand on a page; `problem` is why there is none."""

    html: str
    words: int
    findings: list[Finding]
    problem: str


def look(session: Session, actor: Actor, typed: Typed, rules: Rules) -> Look:
    """A preview and what the checks find. Four queries at most, more only for unknown words."""
    require(actor, Deed.CREATE_ASSET)
    refused: list[Fault] = []
    fields: dict[str, Any] = {}
    try:
        fields = understood(session, typed)
    except Invalid as problem:
        refused = list(problem.errors)
    files = [AttachedFile(file.digest, file.name) for file in typed.attachments]
    html, words, broken, unrendered = "", len(typed.body.split()), [], ""
    try:
        made = renderings.rendered(typed.body, path=None, attachments=files)
        html, words = made.html, made.words
        targets = {slug for link in made.links if (slug := slug_of_target(link.target, None)) is not None}
        broken = sorted(targets - set(slug_owners(session, targets)))
    except Invalid as problem:
        unrendered = problem.detail
        refused = [*refused, *problem.errors]
    written = Written(
        title=typed.title,
        summary=typed.summary,
        body=typed.body,
        kind=typed.kind,
        personas=typed.personas,
        stages=typed.stages,
        authors={str(team): getattr(typed, team) for team in AUTHOR_TEAMS},
        review_by=_date(fields.get("review_by"), typed.review_by),
        expires_on=_date(fields.get("expires_on"), typed.expires_on),
        words=words,
        broken_links=broken,
        refused=refused,
    )
    return Look(html, words, check(written, rules, today=clock.today()), unrendered)


def _date(understood_as: date | None, typed: str) -> date | None:
    """Another field's fault must not hide what a date says."""
    if understood_as is not None:
        return understood_as
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None
