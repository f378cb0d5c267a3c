"""The taxonomy: every vocabulary with its terms, the unconfirmed ones first; one term with all that is said of it; what
a merge would change, before it does; which stage of the buyer's journey a deal stage belongs to."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlmodel import Session

from hub.db import id_of
from hub.errors import HubError
from hub.http import Door, DoorDep, HubRoute, access
from hub.people.roles import Actor, Deed, require
from hub.taxonomy import assigning, catalogue, journey, references, terms, vocabulary
from hub.taxonomy.models import Term
from hub.taxonomy.nearest import probably_same
from hub.taxonomy.schemas import KEY_LENGTH, NAME_LENGTH, NewKey, Owners, TermChange, TermDetail, TermDraft
from hub.taxonomy.terms import MergePreview
from hub.web import shell
from hub.web.forms import Form, FormDep

router = APIRouter(prefix="/taxonomy", tags=["pages"], route_class=HubRoute, include_in_schema=False)
Name = Annotated[str, Path(alias="vocabulary", min_length=1, max_length=NAME_LENGTH)]
TermKey = Annotated[str, Path(alias="key", min_length=1, max_length=KEY_LENGTH)]
LIMIT = 100
_READ, _EDIT = access(Deed.READ_TAXONOMY), access(Deed.EDIT_TAXONOMY)
# What is asked for of a term of each vocabulary, besides what it has already.
_TEXTS = {"personas": ("goals", "pains", "convinced_by"), "stages": ("entry_criteria", "exit_criteria")}
DEAL_STAGES = "deal_stages"


@dataclass(frozen=True, slots=True)
class Shelf:
    name: str
    label: str
    terms: int
    unconfirmed: int


@dataclass(frozen=True, slots=True)
class TermRow:
    """`like` is the confirmed term that an unconfirmed one probably means."""

    vocabulary: str
    key: str
    label: str
    synonyms: list[str]
    confirmed: bool
    used: str
    like: str
    like_label: str


@dataclass(frozen=True, slots=True)
class MappedStage:
    key: str
    label: str
    stage: str


@dataclass(frozen=True, slots=True)
class TaxonomyPage:
    """`current` is the vocabulary shown, "" for what waits in all of them."""

    shelves: list[Shelf]
    current: str
    label: str
    rows: list[TermRow]
    total: int
    next: str | None
    deal_stages: list[MappedStage]
    stages: list[tuple[str, str]]
    typed: Form
    problem: HubError | None
    faults: dict[str, str]


@dataclass(frozen=True, slots=True)
class TermPage:
    term: TermDetail
    label: str
    used: str
    texts: list[tuple[str, str, bool]]
    deal_stages: list[str]
    deals_have_stages: bool
    others: list[tuple[str, str]]
    into: str
    preview: MergePreview | None
    moved: str
    typed: Form | None
    problem: HubError | None
    faults: dict[str, str]


@router.get("", **_READ)
def show_taxonomy(door: DoorDep) -> Response:
    return _shelf(door, "")


@router.get("/{vocabulary}", **_READ)
def show_vocabulary(door: DoorDep, name: Name, cursor: Annotated[str | None, Query(max_length=500)] = None) -> Response:
    return _shelf(door, name, cursor=cursor)


@router.post("/{vocabulary}", **_EDIT)
def add_term(door: DoorDep, name: Name, form: FormDep) -> Response:
    _require_editor(door)
    try:
        draft = form.read(
            TermDraft, label=form.text("label"), key=form.text("key") or None, synonyms=_lines(form.text("synonyms"))
        )
        with door.writing() as (session, actor):
            terms.add(session, actor, name, draft)
    except HubError as problem:
        return _shelf(door, name, problem=problem, typed=form)
    return shell.back(f"/taxonomy/{name}", told="term-added")


@router.get("/{vocabulary}/{key}", **_READ)
def show_term(
    door: DoorDep, name: Name, key: TermKey, into: Annotated[str, Query(max_length=KEY_LENGTH)] = ""
) -> Response:
    return _term(door, name, key, into=into)


@router.post("/{vocabulary}/{key}", **_EDIT)
def change_term(door: DoorDep, name: Name, key: TermKey, form: FormDep) -> Response:
    """Label, key, synonyms, texts and owners as the form has them, all of it or nothing."""
    _require_editor(door)
    try:
        change = _change(form)
        wanted = form.read(NewKey, key=form.text("key")).key if form.text("key") else key
        with door.writing() as (session, actor):
            term = terms.change(session, actor, vocabulary.find(session, name, key), change)
            if wanted != term.key:
                term = terms.rename(session, actor, term, key=wanted)
            if form.text("confirm"):
                terms.confirm(session, actor, term)
            now = term.key
    except HubError as problem:
        return _term(door, name, key, problem=problem, typed=form)
    return shell.back(f"/taxonomy/{name}/{now}", told="term-changed")


@router.post("/{vocabulary}/{key}/confirmation", **_EDIT)
def confirm_term(door: DoorDep, name: Name, key: TermKey, form: FormDep) -> Response:
    with door.writing() as (session, actor):
        terms.confirm(session, actor, vocabulary.find(session, name, key))
    return _after(door, form.text("from"), told="term-confirmed")


@router.post("/{vocabulary}/{key}/merge", **_EDIT)
def merge_term(door: DoorDep, name: Name, key: TermKey, form: FormDep) -> Response:
    try:
        with door.writing() as (session, actor):
            into = vocabulary.find(session, name, form.text("into") or "-")
            term = vocabulary.find_present(session, name, key, or_former_of=into)
            stays = terms.merge(session, actor, term, into=into).key
    except HubError as problem:
        return _term(door, name, key, problem=problem, into=form.text("into"))
    return shell.back(f"/taxonomy/{name}/{stays}", told="term-merged")


@router.post("/{vocabulary}/{key}/removal", **_EDIT)
def remove_term(door: DoorDep, name: Name, key: TermKey) -> Response:
    try:
        with door.writing() as (session, actor):
            terms.remove(session, actor, vocabulary.find_present(session, name, key))
    except HubError as problem:
        return _term(door, name, key, problem=problem)
    return shell.back(f"/taxonomy/{name}", told="term-removed")


@router.post("/deal_stages/{key}/stage", **_EDIT)
def assign_deal_stage(door: DoorDep, key: TermKey, form: FormDep) -> Response:
    with door.writing() as (session, actor):
        wanted = form.text("stage")
        stage = vocabulary.find(session, "stages", wanted) if wanted else None
        assigning.assign_deal_stage(session, actor, vocabulary.find(session, DEAL_STAGES, key), to=stage)
    return _after(door, DEAL_STAGES, told="stage-assigned")


def _require_editor(door: Door) -> None:
    with door.reading() as (_, actor):
        require(actor, Deed.EDIT_TAXONOMY)


def _after(door: Door, where: str, *, told: str) -> Response:
    """The changed list in its place, or the page with it again."""
    if shell.is_fragment(door.request):
        return _shelf(door, where)
    return shell.back(f"/taxonomy/{where}" if where else "/taxonomy", told=told)


def _shelf(
    door: Door, name: str, *, cursor: str | None = None, problem: HubError | None = None, typed: Form | None = None
) -> Response:
    with door.reading() as (session, actor):
        shelves = [
            Shelf(one.name, one.name.replace("_", " ").capitalize(), one.terms, one.unconfirmed)
            for one in catalogue.count_by_vocabulary(session, actor)
        ]
        if name:
            page = catalogue.read_page(session, actor, name, limit=LIMIT, cursor=cursor)
            found, total, following = page.items, page.total, page.next
        else:
            found = catalogue.read_unconfirmed(session, actor, limit=LIMIT)
            total, following = sum(shelf.unconfirmed for shelf in shelves), None
        rows = _rows(session, found)
        mapped = _mapped(session) if name == DEAL_STAGES else []
        stages = [(term.key, term.label) for term in vocabulary.terms_of(session, "stages")] if mapped else []
    shown = TaxonomyPage(
        shelves=shelves,
        current=name,
        label=next((one.label for one in shelves if one.name == name), ""),
        rows=sorted(rows, key=lambda row: row.confirmed),
        total=total,
        next=following,
        deal_stages=mapped,
        stages=stages,
        typed=typed or Form({}),
        problem=problem,
        faults=shell.faults_by_field(problem),
    )
    template = "admin/_terms.html" if shell.is_fragment(door.request) else "admin/taxonomy.html"
    return shell.page(door, actor, template, shown, here="taxonomy", status=problem.status if problem else 200)


def _rows(session: Session, found: list[TermDetail]) -> list[TermRow]:
    names = {term.vocabulary for term in found}
    used: dict[int, dict[str, int]] = {}
    present = vocabulary.terms_of(session, *names) if names else []
    for name in names:
        used |= references.uses_of_all(session, name)
    ids = {(term.vocabulary, term.key): id_of(term) for term in present}
    return [_row(term, used.get(ids.get((term.vocabulary, term.key), 0), {}), present) for term in found]


def _row(term: TermDetail, used: dict[str, int], present: list[Term]) -> TermRow:
    like = None
    if not term.confirmed:
        others = [it for it in present if it.vocabulary == term.vocabulary and it.confirmed]
        like = probably_same(term.label, others)
    return TermRow(
        vocabulary=term.vocabulary,
        key=term.key,
        label=term.label,
        synonyms=term.synonyms,
        confirmed=term.confirmed,
        used=references.in_words(used),
        like=like.key if like else "",
        like_label=like.label if like else "",
    )


def _mapped(session: Session) -> list[MappedStage]:
    belongs = journey.stages_of_deal_stages(session)
    return [
        MappedStage(term.key, term.label, belongs[id_of(term)].key if id_of(term) in belongs else "")
        for term in vocabulary.terms_of(session, DEAL_STAGES)
    ]


def _term(
    door: Door, name: str, key: str, *, into: str = "", problem: HubError | None = None, typed: Form | None = None
) -> Response:
    with door.reading() as (session, actor):
        term = vocabulary.find(session, name, key)
        used = references.uses(session, term)
        others = [it for it in vocabulary.terms_of(session, name) if it.id != term.id]
        preview = _preview(session, actor, term, others, into)
        detail = catalogue.detail(session, term)
        deal_stages = vocabulary.terms_of(session, DEAL_STAGES) if name == "stages" else []
    shown = TermPage(
        term=detail,
        label=name.replace("_", " ").capitalize(),
        used=references.in_words(used),
        texts=_texts(detail),
        deal_stages=list(term.text.get(DEAL_STAGES, [])),
        deals_have_stages=bool(deal_stages),
        others=[(it.key, f"{it.label}{'' if it.confirmed else ' (unconfirmed)'}") for it in others],
        into=into,
        preview=preview,
        moved=references.in_words(preview.moved) if preview else "",
        typed=typed,
        problem=problem,
        faults=shell.faults_by_field(problem),
    )
    template = "admin/_merge.html" if shell.is_fragment(door.request) else "admin/term.html"
    return shell.page(door, actor, template, shown, here="taxonomy", status=problem.status if problem else 200)


def _preview(session: Session, actor: Actor, term: Term, others: list[Term], into: str) -> MergePreview | None:
    target = next((it for it in others if it.key == into), None)
    return terms.preview_merge(session, actor, term, into=target) if target is not None else None


def _texts(term: TermDetail) -> list[tuple[str, str, bool]]:
    """(field, text, whether it is a list, which stands one a line)."""
    names = dict.fromkeys((*_TEXTS.get(term.vocabulary, ()), *(name for name in term.text if name != DEAL_STAGES)))
    found = ((name, term.text.get(name, "")) for name in names)
    return [(name, text, False) if isinstance(text, str) else (name, "\n".join(text), True) for name, text in found]


def _change(form: Form) -> TermChange:
    lists = set(form.all("list"))
    text: dict[str, object] = {
        name: _lines(form.text(f"text.{name}")) if name in lists else form.text(f"text.{name}")
        for name in form.all("text")
    }
    if form.text("has_deal_stages"):
        text[DEAL_STAGES] = _lines(form.text("deal_stages"))
    teams = [team for team in ("marketing", "sales") if form.text(f"owner.{team}") != form.text(f"was.{team}")]
    owners = form.read(Owners, **{team: form.text(f"owner.{team}").strip() or None for team in teams})
    return form.read(
        TermChange, label=form.text("label"), synonyms=_lines(form.text("synonyms")), text=text, owners=owners
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
