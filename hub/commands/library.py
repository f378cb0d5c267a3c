"""The library from a person's command line: `hub asset …`, through the API of a running hub with the person's own
token (`HUB_TOKEN`). So the same rules hold as everywhere: nobody approves for two teams, here neither.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.terminal import AsJson, explained, say_json, tell

if TYPE_CHECKING:
    import httpx2

app = typer.Typer(
    help="Read, write and approve assets on a running hub (HUB_BASE_URL, HUB_TOKEN).", no_args_is_help=True
)
Slug = Annotated[str, typer.Argument(help="The asset's slug, as the list shows it.")]
Note = Annotated[str, typer.Option(help="A word to the others.")]


@app.command("list")
@explained
def list_assets(
    status: Annotated[list[str] | None, typer.Option(help="draft, in_review, published, expired, retired")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="battlecard, objection, …")] = None,
    persona: Annotated[list[str] | None, typer.Option(help="key of a persona")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="awareness, consideration, decision, retention")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """Assets that you may see, newest change first."""
    wanted = {"status": status, "kind": kind, "persona": persona, "stage": stage, "limit": limit}
    page = _call("GET", "/assets", params={name: value for name, value in wanted.items() if value})
    if as_json:
        say_json(page)
        return
    for row in page["items"]:
        print(f"{row['slug']:<44} {row['status']:<10} {row['kind']:<18} {row['title']}")
    tell(f"{len(page['items'])} of {page['total']}")


@app.command()
@explained
def show(
    slug: Slug,
    draft: Annotated[bool, typer.Option("--draft", help="The newest text instead of the live one.")] = False,
    as_json: AsJson = False,
) -> None:
    """One asset: its state, its signatures, its text."""
    detail = _call("GET", f"/assets/{slug}", params={"version": "draft"} if draft else {})
    if as_json:
        say_json(detail)
        return
    _print_head(detail)
    print(detail["body"])


@app.command()
@explained
def create(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A content file: front matter and Markdown.")
    ],
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """A new draft from a content file."""
    detail = _call("POST", "/assets", body=_fields_of(file, new=True) | {"note": note})
    _answer(
        detail, as_json, f"{detail['slug']}: version 1 is a draft. `hub asset submit {detail['slug']}` asks for review."
    )


@app.command()
@explained
def write(
    slug: Slug,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The changed content file.")],
    base: Annotated[int, typer.Option(help="The version that you changed.")],
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """The next version from a content file."""
    fields = _fields_of(file, new=False)
    fields.pop("slug", None)
    detail = _call("POST", f"/assets/{slug}/versions", body=fields | {"base_version": base, "note": note})
    state = "as it was: the text is the same" if detail["version"] == base else "a draft"
    _answer(detail, as_json, f"{slug}: version {detail['version']} is {state}.")


@app.command()
@explained
def submit(slug: Slug, note: Note = "", as_json: AsJson = False) -> None:
    """Ask both teams to review the newest version."""
    number = _newest(slug)["version"]
    detail = _call("PUT", f"/assets/{slug}/versions/{number}/submission", body={"note": note})
    waiting = " and ".join((detail["submission"] or {}).get("waiting_for", [])) or "nobody"
    _answer(detail, as_json, f"{slug}: version {number} waits for {waiting}.")


@app.command()
@explained
def approve(
    slug: Slug,
    content_hash: Annotated[str, typer.Option("--hash", help="Approve this text only; without it you are asked.")] = "",
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Approve the newest version for your team, after reading it."""
    detail = _newest(slug)
    if not content_hash:
        _print_head(detail)
        print(detail["body"])
        typer.confirm(f"Approve version {detail['version']} as it stands above?", abort=True, err=True)
        content_hash = detail["content_hash"]
    after = _decide(slug, detail["version"], "approved", content_hash, note)
    waiting = " and ".join((after["submission"] or {}).get("waiting_for", []))
    _answer(after, as_json, f"{slug}: " + (f"approved; waits for {waiting}." if waiting else f"{after['status']}."))


@app.command("request-changes")
@explained
def request_changes(
    slug: Slug, note: Annotated[str, typer.Option(help="What should change, and why.")], as_json: AsJson = False
) -> None:
    """Send the newest version back to its authors."""
    detail = _newest(slug)
    after = _decide(slug, detail["version"], "changes_requested", detail["content_hash"], note)
    _answer(after, as_json, f"{slug}: version {detail['version']} went back to its authors.")


@app.command()
@explained
def queue(team: Annotated[str | None, typer.Option(help="sales or marketing")] = None, as_json: AsJson = False) -> None:
    """What waits for a review, the longest waiting first."""
    page = _call("GET", "/reviews", params={"team": team} if team else {})
    if as_json:
        say_json(page)
        return
    for item in page["items"]:
        waiting = " and ".join(item["waiting_for"])
        print(f"{item['slug']:<44} v{item['version']:<3} waits for {waiting} since {item['since'][:16]}")
    tell(f"{page['total']} in all" if page["total"] else "Nothing waits for a review.")


@app.command()
@explained
def retire(slug: Slug, note: Note = "", as_json: AsJson = False) -> None:
    """Take an asset out of use; its history stays."""
    _answer(_call("PUT", f"/assets/{slug}/retirement", body={"note": note}), as_json, f"{slug} is retired.")


@app.command("bring-back")
@explained
def bring_back(slug: Slug, as_json: AsJson = False) -> None:
    """End a retirement."""
    detail = _call("DELETE", f"/assets/{slug}/retirement")
    _answer(detail, as_json, f"{slug} is {detail['status']} again.")


def _decide(slug: str, number: int, decision: str, content_hash: str, note: str) -> dict[str, Any]:
    from hub.errors import NotAllowed

    me = _call("GET", "/me")
    if me["team"] not in ("sales", "marketing"):
        raise NotAllowed(f"Reviews are by the teams sales and marketing; {me['name']} is of the team {me['team']}.")
    body = {"decision": decision, "content_hash": content_hash, "note": note}
    return _call("PUT", f"/assets/{slug}/versions/{number}/reviews/{me['team']}", body=body)


def _newest(slug: str) -> dict[str, Any]:
    return _call("GET", f"/assets/{slug}", params={"version": "draft"})


def _fields_of(file: Path, *, new: bool) -> dict[str, Any]:
    """What the file says, as the API takes it; a new asset needs a title, so one is found in the text."""
    from hub.assets.schemas import AssetDraft
    from hub.content.front_matter import ContentError, read, title_and_summary
    from hub.errors import Invalid

    try:
        content = read(file.read_bytes())
    except ContentError as error:
        raise Invalid(f"{file}, line {error.line}: {error.reason}") from error
    known = AssetDraft.model_fields.keys() - {"attachments"}
    left_out = sorted(name for name in content.fields if name not in known)
    if left_out:
        raise Invalid(
            f"{file}: {', '.join(left_out)} cannot be sent this way. `hub content sync` takes whole files with their "
            "attachments and keys of your own; or take these lines out."
        )
    fields = {name: value for name, value in content.fields.items() if value is not None}
    if new:
        title, summary = title_and_summary(content.body)
        fields.setdefault("title", title or file.stem)
        fields.setdefault("summary", summary)
    return json.loads(json.dumps(fields | {"body": content.body}, default=str))  # type: ignore[no-any-return]


def _call(
    method: str, path: str, *, params: dict[str, Any] | None = None, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    import httpx2

    from hub.errors import Conflict, HubError, Invalid, NotAllowed, NotFound, NotSignedIn, Unavailable
    from hub.settings import Settings

    token = os.environ.get("HUB_TOKEN", "")
    if not token:
        raise NotSignedIn("Set HUB_TOKEN to a token of yours (`hub token create`, or POST /tokens).")
    base = Settings().base_url.rstrip("/") + "/api/v1"
    try:
        with httpx2.Client(headers={"Authorization": f"Bearer {token}"}, follow_redirects=True, timeout=30) as client:
            answer: httpx2.Response = client.request(method, base + path, params=params, json=body)
    except httpx2.TransportError as error:
        raise Unavailable(f"No hub answers at {base}. Is it running? HUB_BASE_URL says where it is.") from error
    if answer.is_success:
        return answer.json()  # type: ignore[no-any-return]
    kinds: dict[int, type[HubError]] = {401: NotSignedIn, 403: NotAllowed, 404: NotFound, 409: Conflict, 422: Invalid}
    reason, also = _reason(answer)
    raise kinds.get(answer.status_code, HubError)(reason, **also)


def _reason(answer: "httpx2.Response") -> tuple[str, dict[str, Any]]:
    """What the hub said, and what it gave along (both texts of a conflict)."""
    try:
        problem = answer.json()
    except ValueError:
        return f"The hub answered {answer.status_code}.", {}
    faults = "; ".join(fault["message"] for fault in problem.get("errors") or ())
    also = {name: problem[name] for name in ("newer", "yours", "changed_meanwhile") if name in problem}
    return f"{problem.get('detail')}" + (f" ({faults})" if faults else ""), also


def _print_head(detail: dict[str, Any]) -> None:
    print(f"{detail['title']}\n{detail['summary']}\n")
    print(f"{detail['slug']} · {detail['kind']} · version {detail['version']} · {detail['status']}")
    print(f"hash {detail['content_hash']}")
    if publication := detail.get("publication"):
        signed = ", ".join(f"{one['reviewer']['name']} ({one['team']})" for one in publication["signatures"])
        print(
            f"live since {publication['published_at'][:10]} by {publication['kind']} approval"
            + (f": {signed}" if signed else "")
        )
    print()


def _answer(detail: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        say_json(detail)
    else:
        tell(sentence)
