"""Which stage of the buyer's journey a deal stage belongs to, said anew: taken out where it stood, put where it
belongs, in one transaction.
"""

from sqlmodel import Session

from hub.errors import Invalid
from hub.people.roles import Actor, Deed, require
from hub.taxonomy import terms
from hub.taxonomy.models import Term
from hub.taxonomy.nearest import folded
from hub.taxonomy.schemas import TermChange
from hub.taxonomy.vocabulary import terms_of


def assign_deal_stage(session: Session, actor: Actor, deal_stage: Term, *, to: Term | None) -> None:
    """`to` None: it belongs to no stage. Raises NotAllowed, Invalid for what is no deal stage or no stage."""
    require(actor, Deed.EDIT_TAXONOMY)
    if deal_stage.vocabulary != "deal_stages" or (to is not None and to.vocabulary != "stages"):
        raise Invalid("A deal stage belongs to a stage of the buyer's journey.")
    names = {folded(name) for name in (deal_stage.key, deal_stage.label, *deal_stage.synonyms)}
    for stage in terms_of(session, "stages"):
        before = list(stage.text.get("deal_stages", []))
        after = [name for name in before if folded(name) not in names]
        if to is None or stage.id != to.id:
            _write(session, actor, stage, before, after)
    if to is not None:
        before = list(to.text.get("deal_stages", []))
        if not names & {folded(name) for name in before}:
            _write(session, actor, to, before, [*before, deal_stage.label])


def _write(session: Session, actor: Actor, stage: Term, before: list[str], after: list[str]) -> None:
    if after != before:
        terms.change(session, actor, stage, TermChange(text={"deal_stages": after}))
