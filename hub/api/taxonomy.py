"""The vocabularies: reading them, and adding, changing, renaming, merging and removing their terms."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from hub.http import DoorDep, HubRoute, access, matches
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed
from hub.taxonomy import catalogue, terms, vocabulary
from hub.taxonomy.schemas import KEY_LENGTH, NAME_LENGTH, Merge, NewKey, Taxonomy, TermChange, TermDetail, TermDraft

router = APIRouter(prefix="/taxonomy", tags=["taxonomy"], route_class=HubRoute)

Name = Annotated[str, Path(alias="vocabulary", min_length=1, max_length=NAME_LENGTH, examples=["personas"])]
TermKey = Annotated[str, Path(alias="key", min_length=1, max_length=KEY_LENGTH, examples=["cfo"])]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500)]


@router.get("", response_model=Taxonomy, **access(Deed.READ_TAXONOMY))
def read_taxonomy(door: DoorDep, request: Request, response: Response) -> Taxonomy | Response:
    """All vocabularies with all their terms, in order."""
    with door.reading() as (session, actor):
        headers = {"ETag": catalogue.etag(session), "Cache-Control": "private, no-cache"}
        if matches(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return catalogue.read_all(session, actor)


@router.get("/{vocabulary}", **access(Deed.READ_TAXONOMY))
def list_terms(door: DoorDep, name: Name, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[TermDetail]:
    """The terms of one vocabulary, in order."""
    with door.reading() as (session, actor):
        return catalogue.read_page(session, actor, name, limit=limit, cursor=cursor)


@router.post("/{vocabulary}", status_code=201, **access(Deed.EDIT_TAXONOMY))
def add_term(door: DoorDep, name: Name, draft: TermDraft) -> TermDetail:
    """Add a term. Without `key` one is made from the label."""
    with door.writing() as (session, actor):
        return catalogue.detail(session, terms.add(session, actor, name, draft))


@router.get("/{vocabulary}/{key}", response_model=TermDetail, **access(Deed.READ_TAXONOMY))
def read_term(door: DoorDep, request: Request, response: Response, name: Name, key: TermKey) -> TermDetail | Response:
    """One term, by its key or one that it had before; the answer says how it is called now."""
    with door.reading() as (session, actor):
        headers = {"ETag": catalogue.etag(session), "Cache-Control": "private, no-cache"}
        if matches(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return catalogue.read_one(session, actor, name, key)


@router.patch("/{vocabulary}/{key}", **access(Deed.EDIT_TAXONOMY))
def change_term(door: DoorDep, name: Name, key: TermKey, changes: TermChange) -> TermDetail:
    """Change label, synonyms, texts, owners or position; what is left out stays."""
    with door.writing() as (session, actor):
        term = vocabulary.find(session, name, key)
        return catalogue.detail(session, terms.change(session, actor, term, changes))


@router.put("/{vocabulary}/{key}/key", **access(Deed.EDIT_TAXONOMY))
def rename_term(door: DoorDep, name: Name, key: TermKey, new: NewKey) -> TermDetail:
    """Give a term another key. Every tag follows, and the former key goes on finding it."""
    with door.writing() as (session, actor):
        term = vocabulary.find(session, name, key)
        return catalogue.detail(session, terms.rename(session, actor, term, key=new.key))


@router.put("/{vocabulary}/{key}/merge", **access(Deed.EDIT_TAXONOMY))
def merge_term(door: DoorDep, name: Name, key: TermKey, merge: Merge) -> TermDetail:
    """Make this term and `into` one. Every tag follows; answers the term that stays."""
    with door.writing() as (session, actor):
        into = vocabulary.find(session, name, merge.into)
        term = vocabulary.find_present(session, name, key, or_former_of=into)
        return catalogue.detail(session, terms.merge(session, actor, term, into=into))


@router.put("/{vocabulary}/{key}/confirmation", **access(Deed.EDIT_TAXONOMY))
def confirm_term(door: DoorDep, name: Name, key: TermKey) -> TermDetail:
    """Confirm a word that an import brought."""
    with door.writing() as (session, actor):
        return catalogue.detail(session, terms.confirm(session, actor, vocabulary.find(session, name, key)))


@router.delete("/{vocabulary}/{key}", status_code=204, **access(Deed.EDIT_TAXONOMY))
def remove_term(door: DoorDep, name: Name, key: TermKey) -> None:
    """Remove a term that nothing uses; one in use can be merged."""
    with door.writing() as (session, actor):
        terms.remove(session, actor, vocabulary.find_present(session, name, key))
