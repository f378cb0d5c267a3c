"""One asset with all that stands behind its verdict."""

from typing import Any

from sqlmodel import Session, col, select

from hub.assets.models import Asset, AssetSlug, Version
from hub.db import id_of
from hub.errors import NotFound
from hub.insights import links
from hub.insights.asset_figures import Sources, fact_sentence, figures_of, may_be_known
from hub.insights.basis import basis_of, run_shown
from hub.insights.evidence import Caution, cautions
from hub.insights.models import AssetEvidence, CellKind, EvidenceRun
from hub.insights.schemas import AssetEvidenceOut, CellDetail, Crude, Guards, HoldOutOut
from hub.people.roles import Actor, Deed, require
from hub.taxonomy.models import Term


def read_asset(session: Session, actor: Actor, slug: str, *, run_id: int | None = None) -> AssetEvidenceOut:
    """Raises NotAllowed, NotFound, Conflict for a run that cannot be shown."""
    require(actor, Deed.READ_INSIGHTS)
    run = run_shown(session, run_id)
    named = select(AssetSlug.asset_id).where(AssetSlug.slug == slug)
    query = Sources(run_id).figures().where(col(Asset.id).in_(named), may_be_known(actor))
    row = session.execute(query).first()
    if row is None:
        raise NotFound(f"There is no asset {slug!r}.")
    asset, title, kind, found, used = row
    details = found.details if found is not None else _blank_details()
    return AssetEvidenceOut(
        **figures_of(asset, title, kind, found, used, []),
        more_needed=details["more_needed"],
        as_good_as_other=found is not None and found.as_good_as_other,
        guards=_guards(session, details),
        crude=Crude(
            lift=round(found.crude_lift, 4) if found is not None else 0.0,
            observed=details["observed"],
            expected=details["expected"],
        ),
        stages=_cell_details(session, CellKind.STAGE, details["stages"], asset.slug),
        personas=_cell_details(session, CellKind.PERSONA, details["personas"], asset.slug),
        attribution=details["attribution"],
        hold_outs=hold_outs_of(run, id_of(asset)),
        updated_at=found.updated_at if isinstance(found, AssetEvidence) else None,
        basis=basis_of(run),
    )


def hold_outs_of(run: EvidenceRun | None, asset_id: int) -> list[HoldOutOut]:
    """The hold-outs of an asset as a run read them."""
    found = run.figures.get("experiments", []) if run is not None else []
    return [
        HoldOutOut(**{name: one[name] for name in HoldOutOut.model_fields})
        for one in found
        if one["asset_id"] == asset_id
    ]


def _cell_details(session: Session, kind: CellKind, cells: dict[str, dict[str, Any]], slug: str) -> list[CellDetail]:
    """Most finished stages first."""
    terms = select(Term.id, Term.key).where(col(Term.id).in_([cell["term"] for cell in cells.values()]))
    keys = dict(list(session.exec(terms)))
    found = []
    for label, cell in sorted(cells.items(), key=lambda item: (-item[1]["n"], item[0])):
        known = {name: cell[name] for name in CellDetail.model_fields if name in cell}
        key = keys.get(cell["term"])
        rows = links.deals(stage=key) if kind == CellKind.STAGE and key else links.uses(slug)
        where = f"in {label}" if kind == CellKind.STAGE else f"with {label}"
        told = {"kind": kind.value, "label": label, "sentence": fact_sentence(cell, where=where), "rows": rows}
        found.append(CellDetail(**known, **told))
    return found


def _guards(session: Session, details: dict[str, Any]) -> Guards:
    slug, title = None, ""
    if details["together_with"] is not None:
        sources = Sources(None)
        companion = sources.of(Asset.slug, Version.title).where(col(Asset.id) == details["together_with"])
        slug, title = session.execute(companion).one()
    caution = Caution(
        few_similar=details["few_similar"],
        mostly_one_rep=details["mostly_one_rep"],
        together_with=title,
        e_value=details["e_value"],
    )
    names = ("comparable", "few_similar", "kept", "mostly_one_rep", "e_value")
    return Guards(**{name: details[name] for name in names}, together_with=slug, cautions=cautions(caution))


def _blank_details() -> dict[str, Any]:
    numbers = dict.fromkeys(("observed", "expected", "comparable", "kept"), 0.0)
    flags = {"few_similar": False, "mostly_one_rep": False, "together_with": None, "e_value": 1.0, "more_needed": 0}
    return {**numbers, **flags, "stages": {}, "personas": {}, "attribution": {}}
