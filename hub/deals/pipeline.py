"""Deals as readers see them: lists with filters, and one deal with its history. Only reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, false, or_
from sqlmodel import Session, col, func, select

from hub.db import id_of
from hub.deals import reading
from hub.deals.models import Account, Contact, Deal, DealContact, DealProduct, Outcome, StageEntry, StageResult
from hub.deals.money import units
from hub.deals.schemas import AccountOut, ContactOut, DealDetail, DealRow, PersonOut, StageOut, WordOut
from hub.errors import Fault, Invalid, NotFound
from hub.paging import Page, cursor_of, position_of
from hub.people.models import Person
from hub.people.roles import Actor, Deed, require
from hub.taxonomy import vocabulary
from hub.taxonomy.journey import stages_of_deal_stages
from hub.taxonomy.models import Term
from hub.taxonomy.nearest import nearest_names, shown


@dataclass(frozen=True)
class Filters:
    """Values within a field widen, fields together narrow. `stage` takes keys of deal stages and of the buyer's
    journey, `lead_source` and `segment` keys; `owner` ids of people; `q` is a part of the deal's name or id, or of its
    account's name; `closed_in` a month (`2026-05`)."""

    outcome: Sequence[Outcome] = ()
    owner: Sequence[int] = ()
    stage: Sequence[str] = ()
    source: Sequence[str] = ()
    q: str = ""
    mine: bool = False
    lead_source: Sequence[str] = ()
    segment: Sequence[str] = ()
    closed_in: str | None = None


def find(session: Session, source: str, external_id: str) -> Deal:
    """Raises NotFound."""
    sound = external_id.isprintable() and source.isprintable()  # what cannot be there is not asked for
    query = select(Deal).where(Deal.external_id == external_id, Deal.source == source)
    deal = session.exec(query).first() if sound else None
    if deal is None:
        raise NotFound(f"There is no deal {shown(external_id)} from {shown(source)}.")
    return deal


def read_deal(session: Session, actor: Actor, source: str, external_id: str) -> DealDetail:
    """Raises NotAllowed, NotFound."""
    require(actor, Deed.READ_DEALS)
    return detail(session, find(session, source, external_id))


def list_deals(session: Session, actor: Actor, filters: Filters, *, limit: int, cursor: str | None) -> Page[DealRow]:
    """Those that the hub learnt of last come first. The same few statements whatever the number of rows.

    Raises NotAllowed, and Invalid for an unknown stage.
    """
    require(actor, Deed.READ_DEALS)
    conditions = _conditions(session, actor, filters)
    total = session.exec(select(func.count()).select_from(Deal).where(*conditions)).one()
    query = select(Deal).where(*conditions)
    if position := position_of(cursor, int):
        query = query.where(col(Deal.id) < position[0])
    found = session.exec(query.order_by(col(Deal.id).desc()).limit(limit + 1)).all()
    page = found[:limit]
    following = cursor_of(page[-1].id) if len(found) > limit else None
    return Page[DealRow](items=rows(session, page), total=total, next=following)


def detail(session: Session, deal: Deal) -> DealDetail:
    entries = reading.stays(session, deal)
    contacts = _contacts(session, deal)
    product_ids = session.exec(select(DealProduct.term_id).where(DealProduct.deal_id == id_of(deal))).all()
    names = _Names(
        session,
        [deal],
        [*product_ids, *(entry.stage_id for entry in entries), *(link.persona_id for link, _ in contacts)],
    )
    products = [word for term_id in product_ids if (word := names.word(term_id)) is not None]
    return DealDetail(
        **dict(names.row(deal)),
        lost_reason=names.word(deal.lost_reason_id),
        segment=names.word(deal.segment_id),
        industry=names.word(deal.industry_id),
        buyer_persona=names.word(deal.persona_id),
        competitor=names.word(deal.competitor_id),
        lead_source=names.word(deal.lead_source_id),
        products=sorted(products, key=lambda it: it.label),
        stages=[names.stage(entry) for entry in entries],
        contacts=[_contact(names, link, contact) for link, contact in contacts],
        extra=deal.extra,
        learnt_at=deal.learnt_at,
    )


def _conditions(session: Session, actor: Actor, filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.outcome:
        conditions.append(col(Deal.outcome).in_(filters.outcome))
    if filters.owner:
        conditions.append(col(Deal.owner_id).in_(filters.owner))
    if filters.mine:
        conditions.append(col(Deal.owner_id) == actor.id if actor.id is not None else false())
    if filters.source:
        conditions.append(col(Deal.source).in_(_printable(filters.source)))
    if filters.stage:
        conditions.append(col(Deal.stage_id).in_(_stage_ids(session, filters.stage)))
    for keys, name, column in (
        (filters.lead_source, "sources", col(Deal.lead_source_id)),
        (filters.segment, "segments", col(Deal.segment_id)),
    ):
        if keys:
            terms = vocabulary.terms_of(session, name)
            conditions.append(column.in_([it.id for it in terms if it.key in keys]))
    if filters.closed_in:
        first = datetime.strptime(filters.closed_in, "%Y-%m").replace(tzinfo=UTC)
        after = (first + timedelta(days=31)).replace(day=1)
        conditions += [col(Deal.closed_at) >= first, col(Deal.closed_at) < after]
    return [*conditions, *named(filters.q)]


def named(words: str) -> list[ColumnElement[bool]]:
    """The condition that a deal's name or id, or its account's name, has these words in it; none without words."""
    part = " ".join(words.split())
    if not part:
        return []
    if not part.isprintable():
        return [false()]
    accounts = select(Account.id).where(col(Account.name).icontains(part, autoescape=True))
    deal = (col(Deal.name), col(Deal.external_id))
    return [or_(*(it.icontains(part, autoescape=True) for it in deal), col(Deal.account_id).in_(accounts))]


def _stage_ids(session: Session, keys: Sequence[str]) -> set[int]:
    """The deal stages that these keys mean. Raises Invalid, naming the nearest."""
    own = {term.key: {id_of(term)} for term in vocabulary.terms_of(session, "deal_stages")}
    journey: dict[str, set[int]] = {term.key: set() for term in vocabulary.terms_of(session, "stages")}
    for stage_id, term in stages_of_deal_stages(session).items():
        journey[term.key].add(stage_id)
    known = {key: own.get(key, set()) | journey.get(key, set()) for key in {*own, *journey}}
    faults = [
        Fault(
            ("query", "stage", place),
            f"there is no stage {shown(key)}; nearest: {', '.join(nearest_names(key, known))}",
        )
        for place, key in enumerate(keys)
        if key not in known
    ]
    if faults:
        raise Invalid(f"The filter cannot be used: {faults[0].message}.", errors=faults)
    return {stage_id for key in keys for stage_id in known[key]}


def _printable(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text.isprintable()]


def rows(session: Session, deals: Sequence[Deal]) -> list[DealRow]:
    """Deals as lists show them, in their order: the same few statements whatever their number."""
    names = _Names(session, deals, [])
    return [names.row(deal) for deal in deals]


class _Names:
    """The words, people and accounts that these deals name, each sort looked up once."""

    def __init__(self, session: Session, deals: Sequence[Deal], further: Iterable[int | None]) -> None:
        ids = {
            *further,
            *(
                term_id
                for it in deals
                for term_id in (it.stage_id, it.lost_reason_id, it.segment_id, it.industry_id, it.persona_id)
            ),
            *(term_id for it in deals for term_id in (it.competitor_id, it.lead_source_id)),
        } - {None}
        self._terms = {term.id: term for term in session.exec(select(Term).where(col(Term.id).in_(ids)))}
        people = select(Person.id, Person.name).where(col(Person.id).in_({it.owner_id for it in deals} - {None}))
        self._people = {person_id: PersonOut(id=person_id or 0, name=name) for person_id, name in session.exec(people)}
        accounts = select(Account).where(col(Account.id).in_({it.account_id for it in deals} - {None}))
        self._accounts = {it.id: AccountOut(external_id=it.external_id, name=it.name) for it in session.exec(accounts)}
        self._journey = stages_of_deal_stages(session)

    def word(self, term_id: int | None) -> WordOut | None:
        term = self._terms.get(term_id)
        return None if term is None else WordOut(key=term.key, label=term.label, confirmed=term.confirmed)

    def journey(self, stage_id: int | None) -> str | None:
        stage = self._journey.get(stage_id) if stage_id is not None else None
        return None if stage is None else stage.key

    def row(self, deal: Deal) -> DealRow:
        return DealRow(
            source=deal.source,
            external_id=deal.external_id,
            name=deal.name,
            account=self._accounts.get(deal.account_id),
            owner=self._people.get(deal.owner_id),
            outcome=Outcome(deal.outcome),
            no_decision=deal.no_decision,
            amount=units(deal.amount),
            currency=deal.currency,
            stage=self.word(deal.stage_id),
            journey=self.journey(deal.stage_id),
            created=deal.created_at,
            closed=deal.closed_at,
            updated_at=deal.updated_at,
        )

    def stage(self, entry: StageEntry) -> StageOut:
        term = self._terms[entry.stage_id]
        return StageOut(
            stage=WordOut(key=term.key, label=term.label, confirmed=term.confirmed),
            journey=self.journey(entry.stage_id),
            entered=entry.entered_at,
            left=entry.left_at,
            result=StageResult(entry.result) if entry.result is not None else None,
            learnt_at=entry.learnt_at,
        )


def _contacts(session: Session, deal: Deal) -> Sequence[tuple[DealContact, Contact]]:
    query = select(DealContact, Contact).join(Contact, col(Contact.id) == DealContact.contact_id)
    query = query.where(DealContact.deal_id == id_of(deal))
    return session.exec(query.order_by(col(DealContact.is_primary).desc(), col(Contact.external_id))).all()


def _contact(names: _Names, link: DealContact, contact: Contact) -> ContactOut:
    return ContactOut(
        external_id=contact.external_id,
        name=contact.name,
        role=link.role,
        persona=names.word(link.persona_id),
        primary=link.is_primary,
    )
