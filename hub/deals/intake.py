"""One deal at a time, from a program that sends it with its history: the API, a webhook, a pull client."""

from typing import Any

from sqlmodel import Session, col, select

from hub import clock
from hub.db import id_of
from hub.deals import changes, history, pipeline, telling
from hub.deals.lines import Columns, DealLine, StageLine, settle
from hub.deals.models import Contact, Deal, DealContact, DealPayload
from hub.deals.money import hundredths
from hub.deals.schemas import ContactIn, DealIn
from hub.deals.words import Lookup, Names
from hub.errors import Fault, Invalid
from hub.people import directory
from hub.people.roles import Actor, Deed, require

_COLUMNS = {"name": "name", "currency": "currency", "created": "created_at", "closed": "closed_at"}
_WORDS = {
    **{name: name for name in ("segment", "industry", "buyer_persona", "competitor", "lost_reason", "stage")},
    "lead_source": "source",
}


def put(session: Session, actor: Actor, source: str, external_id: str, deal: DealIn) -> Deal:
    """Make the deal equal to what is said of it; what is as it was writes nothing. Unknown words, owners, accounts and
    contacts are added. Raises NotAllowed, Invalid."""
    changes.wait_for_others(session)
    known = changes.known_deals(session, source, [external_id]).get(external_id)
    require(actor, Deed.WRITE_DEALS, own=_is_own(actor, known, deal))
    lookup = Lookup(session, actor, Names(source))
    if deal.contacts:
        lookup.learn_terms("personas", (contact.role for contact in deal.contacts if contact.role))
    if deal.stages:
        lookup.learn_terms("deal_stages", (entry.stage for entry in deal.stages))
    done = changes.take_deals(session, lookup, [_line(external_id, deal)])
    if done.refused:
        _, column, reason = done.refused[0]
        field = next((theirs for theirs, ours in _WORDS.items() if ours == column), column)
        raise Invalid(f"The deal cannot be taken: {reason}.", errors=[Fault(("body", field), reason)])
    stored = pipeline.find(session, source, external_id)
    if known is not None and changes.is_stale(deal.updated_at, known["source_updated_at"]):
        return stored
    staged = None
    if deal.stages is not None:
        staged = history.replace_stages(session, lookup, external_id, _stages(external_id, deal))
    if deal.contacts is not None and _put_contacts(session, lookup, stored, deal.contacts):
        done.changed.setdefault(id_of(stored), {})["contacts"] = [None, len(deal.contacts)]
    if deal.raw is not None:
        _keep_payload(session, stored, deal.raw)
    telling.tell_one(session, actor, id_of(stored), external_id, done, staged)
    session.flush()
    session.refresh(stored)
    return stored


def _is_own(actor: Actor, known: Columns | None, deal: DealIn) -> bool:
    """Whether the deal is the caller's, before and after."""
    said = "owner" in deal.model_fields_set
    if known is not None and known["owner_id"] != actor.id:
        return False
    if not said:
        return known is not None
    address = directory.email_of(deal.owner or "")
    return address == actor.email if address else deal.owner == actor.name


def _line(external_id: str, deal: DealIn) -> DealLine:
    given = deal.model_fields_set
    line = DealLine(external_id, columns={"outcome": deal.outcome.value}, no_decision=deal.no_decision)
    for field, column in _COLUMNS.items():
        if field in given:
            line.columns[column] = getattr(deal, field)
    if "name" in given:
        line.columns["name"] = deal.name or ""
    if "amount" in given:
        line.columns["amount"] = None if deal.amount is None else hundredths(deal.amount)
    if deal.updated_at is not None:
        line.columns["source_updated_at"] = deal.updated_at
    for field, word in _WORDS.items():
        if field in given:
            line.words[word] = getattr(deal, field) or ""
    if "owner" in given:
        line.owner = deal.owner or ""
    if "account" in given:
        account = deal.account
        line.account = ("", "") if account is None else (account.external_id or account.name, account.name)
    if "products" in given:
        line.products = deal.products or []
    settle(line)
    return line


def _stages(external_id: str, deal: DealIn) -> list[StageLine]:
    return [
        StageLine(external_id, it.stage, it.entered, it.left, it.result.value if it.result is not None else None)
        for it in deal.stages or ()
    ]


def _put_contacts(session: Session, lookup: Lookup, deal: Deal, said: list[ContactIn]) -> bool:
    """Whether anything changed."""
    known = _known_contacts(session, deal.source, [it.external_id for it in said])
    changed = False
    for it in said:
        contact = known.setdefault(it.external_id, Contact(source=deal.source, external_id=it.external_id))
        if contact.id is None or contact.name != it.name:
            contact.name, changed = it.name, True
            session.add(contact)
    session.flush()
    links = [
        DealContact(
            deal_id=id_of(deal),
            contact_id=id_of(known[it.external_id]),
            role=it.role or "",
            persona_id=lookup.term("personas", it.role) if it.role else None,
            is_primary=it.primary,
        )
        for it in said
    ]
    there = session.exec(select(DealContact).where(DealContact.deal_id == id_of(deal))).all()
    if sorted(map(_as_tuple, there)) == sorted(map(_as_tuple, links)):
        return changed
    for link in there:
        session.delete(link)
    session.flush()
    session.add_all(links)
    session.flush()
    return True


def _as_tuple(link: DealContact) -> tuple[int, str, int, bool]:
    return link.contact_id, link.role, link.persona_id or 0, link.is_primary


def _known_contacts(session: Session, source: str, external_ids: list[str]) -> dict[str, Contact]:
    query = select(Contact).where(col(Contact.external_id).in_(external_ids), Contact.source == source)
    return {contact.external_id: contact for contact in session.exec(query)}


def _keep_payload(session: Session, deal: Deal, raw: dict[str, Any]) -> None:
    kept = session.get(DealPayload, id_of(deal))
    if kept is None:
        session.add(DealPayload(deal_id=id_of(deal), payload=raw, received_at=clock.now()))
    elif kept.payload != raw:
        kept.payload, kept.received_at = raw, clock.now()
