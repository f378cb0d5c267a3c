"""Tokens for programs: one's own, and for admins everybody's."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from hub.db import id_of
from hub.http import DoorDep, HubRoute, access
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people import directory, tokens
from hub.people.models import Token
from hub.people.roles import Deed, Scope
from hub.people.schemas import MAX_ID, MadeToken, NewToken, TokenDetail

router = APIRouter(prefix="/tokens", tags=["account"], route_class=HubRoute)


@router.post("", status_code=201, **access(Deed.MAKE_TOKEN))
def make_token(door: DoorDep, body: NewToken) -> MadeToken:
    """Answers the secret, this once. A token cannot make one with scopes that it has not itself."""
    with door.writing() as (session, actor):
        person = directory.person_with_id(session, actor, body.person or actor.id or 0)
        token, secret = tokens.create(
            session, actor, person, name=body.name, scopes=body.scopes, expires_in_days=body.expires_in_days
        )
        return MadeToken(
            token=secret, id=id_of(token), name=token.name, scopes=_scopes(token), expires_at=token.expires_at
        )


@router.get("", **access(Deed.MAKE_TOKEN))
def list_tokens(
    door: DoorDep,
    person: Annotated[int | None, Query(ge=1, le=MAX_ID, description="for admins; else one's own")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[TokenDetail]:
    """The tokens that are not revoked, newest first, with their last use (noted at most every five minutes)."""
    with door.reading() as (session, actor):
        found, total, following = tokens.tokens_of(session, actor, person or actor.id, limit=limit, cursor=cursor)
        return Page(items=[_detail(token) for token in found], total=total, next=following)


@router.delete("/{token_id}", status_code=204, **access(Deed.MAKE_TOKEN))
def revoke_token(door: DoorDep, token_id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> None:
    """From now on it opens nothing."""
    with door.writing() as (session, actor):
        tokens.revoke(session, actor, token_id)


def _detail(token: Token) -> TokenDetail:
    return TokenDetail(
        id=id_of(token),
        person=token.person_id,
        name=token.name,
        scopes=_scopes(token),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )


def _scopes(token: Token) -> list[Scope]:
    return [Scope(scope) for scope in token.scopes]
