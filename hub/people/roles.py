"""Who may do what: one table. `require` is asked where the deed is done; a page may ask `may` to hide a button."""

from dataclasses import dataclass
from enum import StrEnum

from hub.errors import NotAllowed


class Team(StrEnum):
    SALES = "sales"
    MARKETING = "marketing"
    OTHER = "other"


class Role(StrEnum):
    READER = "reader"
    CONTRIBUTOR = "contributor"
    APPROVER = "approver"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class Scope(StrEnum):
    """What a token may be used for. A signed-in browser has all of them; the role limits both."""

    CONTENT_READ = "content:read"
    CONTENT_WRITE = "content:write"
    USAGE_WRITE = "usage:write"
    DEALS_WRITE = "deals:write"
    INSIGHTS_READ = "insights:read"
    ADMIN = "admin"


SIGNING_TEAMS = frozenset({Team.SALES, Team.MARKETING})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person as they are now, and what their token allows. `id` None is the hub itself."""

    id: int | None
    email: str | None
    name: str
    team: Team
    role: Role
    scopes: frozenset[Scope] = frozenset(Scope)
    session_id: int | None = None
    token_id: int | None = None


# Dates that pass, folders that are synced and commands of the operator act in the hub's own name. It belongs to no
# signing team, so it can never approve.
HUB = Actor(id=None, email=None, name="the hub", team=Team.OTHER, role=Role.ADMIN)


class Deed(StrEnum):
    READ_LIVE = "read live assets"
    READ_DRAFTS = "read drafts"
    CREATE_ASSET = "create an asset"
    WRITE_VERSION = "write a version"
    SUBMIT = "submit a version, take it back"
    REVIEW = "review a version"
    NOTE_PASSAGE = "note something on a passage"
    CHANGE_DETAILS = "change owner, authors and dates"
    CONFIRM = "confirm that a live asset is still right"
    RENAME = "rename an asset"
    RETIRE = "retire an asset, bring it back"
    PUBLISH_URGENTLY = "publish urgently"
    IMPORT_CONTENT = "import, sync and resolve content"
    READ_TAXONOMY = "read the taxonomy"
    EDIT_TAXONOMY = "edit the taxonomy"
    READ_PEOPLE = "see people"
    MANAGE_PEOPLE = "add and change people"
    OWN_ACCOUNT = "see and change one's own account"
    MAKE_TOKEN = "make and revoke tokens"
    READ_EVENTS = "read the event log"
    READ_FRESHNESS = "see the freshness figures"
    READ_DEALS = "see deals"
    WRITE_DEALS = "write deals"
    IMPORT_DEALS = "import deals and their stages"
    READ_SEARCHES = "see what was searched for"
    RECORD_USE = "record uses"
    READ_USES = "see uses"
    TAKE_BACK_USE = "take back a use"
    NAME_DEAL_OF_USE = "say on which deal an asset was used"
    ANSWER_STAGE_QUESTION = "say what was used in a stage"
    IMPORT_USES = "import uses"
    READ_INSIGHTS = "see the evidence and the figures"
    COMPUTE_EVIDENCE = "ask for the evidence to be computed"
    RUN_EXPERIMENT = "start and end a hold-out"
    ASK_FOR_CONTENT = "ask for content"
    READ_REQUESTS = "see what was asked for"
    TAKE_REQUEST = "take a request"
    GIVE_BACK_REQUEST = "give a request back"
    FULFIL_REQUEST = "say that a request is fulfilled"
    DECLINE_REQUEST = "decline a request"
    READ_PLAN = "see gaps, the queue and briefs"
    EDIT_BRIEF = "plan, change and drop briefs"
    DISMISS_SUGGESTION = "put a suggestion aside"
    READ_INBOX = "read one's own inbox"
    KEEP_SEARCHES = "keep searches under a name"
    GIVE_FEEDBACK = "say how an asset did"
    TAKE_BACK_FEEDBACK = "take back what was said of an asset"
    LOOK_AFTER_HUB = "see settings and health, back up, rebuild the index"


@dataclass(frozen=True, slots=True)
class Rule:
    """The least role for a deed: `role` on any object, `own` on an object of one's own (an author's, an owner's)."""

    role: Role
    scope: Scope
    own: Role | None = None
    signing_team: bool = False
    note: str = ""


POLICY: dict[Deed, Rule] = {
    Deed.READ_LIVE: Rule(Role.READER, Scope.CONTENT_READ),
    Deed.READ_DRAFTS: Rule(Role.APPROVER, Scope.CONTENT_READ, own=Role.READER, note="others are told 404"),
    Deed.CREATE_ASSET: Rule(Role.CONTRIBUTOR, Scope.CONTENT_WRITE),
    Deed.WRITE_VERSION: Rule(Role.APPROVER, Scope.CONTENT_WRITE, own=Role.CONTRIBUTOR),
    Deed.SUBMIT: Rule(Role.APPROVER, Scope.CONTENT_WRITE, own=Role.CONTRIBUTOR),
    Deed.REVIEW: Rule(
        Role.APPROVER,
        Scope.CONTENT_WRITE,
        signing_team=True,
        note="for one's own team only; nobody signs for both teams, an admin neither",
    ),
    Deed.NOTE_PASSAGE: Rule(Role.APPROVER, Scope.CONTENT_WRITE, own=Role.READER),
    Deed.CHANGE_DETAILS: Rule(Role.APPROVER, Scope.CONTENT_WRITE, own=Role.CONTRIBUTOR),
    Deed.CONFIRM: Rule(Role.APPROVER, Scope.CONTENT_WRITE, own=Role.CONTRIBUTOR),
    Deed.RENAME: Rule(Role.APPROVER, Scope.CONTENT_WRITE, own=Role.CONTRIBUTOR),
    Deed.RETIRE: Rule(Role.APPROVER, Scope.CONTENT_WRITE),
    Deed.PUBLISH_URGENTLY: Rule(Role.ADMIN, Scope.CONTENT_WRITE, note="lapses unless both teams sign"),
    Deed.IMPORT_CONTENT: Rule(Role.ADMIN, Scope.ADMIN),
    Deed.READ_TAXONOMY: Rule(Role.READER, Scope.CONTENT_READ),
    Deed.EDIT_TAXONOMY: Rule(Role.APPROVER, Scope.CONTENT_WRITE),
    Deed.READ_PEOPLE: Rule(
        Role.READER, Scope.CONTENT_READ, note="name, team and role; no e-mail addresses for readers"
    ),
    Deed.MANAGE_PEOPLE: Rule(Role.ADMIN, Scope.ADMIN),
    Deed.OWN_ACCOUNT: Rule(Role.ADMIN, Scope.CONTENT_READ, own=Role.READER),
    Deed.MAKE_TOKEN: Rule(
        Role.ADMIN, Scope.ADMIN, own=Role.READER, note="one's own when signed in; never wider than one's role"
    ),
    Deed.READ_EVENTS: Rule(Role.ADMIN, Scope.ADMIN, own=Role.READER, note="of an asset: whoever may read its drafts"),
    Deed.READ_FRESHNESS: Rule(Role.READER, Scope.CONTENT_READ),
    Deed.READ_DEALS: Rule(Role.READER, Scope.CONTENT_READ),
    Deed.WRITE_DEALS: Rule(
        Role.APPROVER, Scope.DEALS_WRITE, own=Role.CONTRIBUTOR, note="one's own: owned by oneself, before and after"
    ),
    Deed.IMPORT_DEALS: Rule(Role.ADMIN, Scope.DEALS_WRITE),
    Deed.READ_SEARCHES: Rule(Role.READER, Scope.INSIGHTS_READ, note="questions without the names of those who asked"),
    Deed.RECORD_USE: Rule(Role.READER, Scope.USAGE_WRITE, note="one's own; nobody records for somebody else"),
    Deed.READ_USES: Rule(Role.READER, Scope.INSIGHTS_READ, note="those on deals, and one's own"),
    Deed.TAKE_BACK_USE: Rule(Role.ADMIN, Scope.USAGE_WRITE, own=Role.READER),
    Deed.NAME_DEAL_OF_USE: Rule(Role.APPROVER, Scope.USAGE_WRITE, own=Role.READER),
    Deed.ANSWER_STAGE_QUESTION: Rule(
        Role.ADMIN, Scope.USAGE_WRITE, own=Role.READER, note="one's own: asked of oneself, or about one's own deal"
    ),
    Deed.IMPORT_USES: Rule(Role.ADMIN, Scope.USAGE_WRITE),
    Deed.READ_INSIGHTS: Rule(Role.READER, Scope.INSIGHTS_READ, note="both teams see the same rows; nobody is ranked"),
    Deed.COMPUTE_EVIDENCE: Rule(Role.APPROVER, Scope.INSIGHTS_READ, note="nothing of the record changes"),
    Deed.RUN_EXPERIMENT: Rule(Role.APPROVER, Scope.CONTENT_WRITE),
    Deed.ASK_FOR_CONTENT: Rule(Role.READER, Scope.USAGE_WRITE),
    Deed.READ_REQUESTS: Rule(Role.READER, Scope.CONTENT_READ),
    Deed.TAKE_REQUEST: Rule(Role.CONTRIBUTOR, Scope.CONTENT_WRITE),
    Deed.GIVE_BACK_REQUEST: Rule(
        Role.APPROVER, Scope.CONTENT_WRITE, own=Role.CONTRIBUTOR, note="one's own: taken by oneself"
    ),
    Deed.FULFIL_REQUEST: Rule(Role.CONTRIBUTOR, Scope.CONTENT_WRITE),
    Deed.DECLINE_REQUEST: Rule(
        Role.CONTRIBUTOR, Scope.CONTENT_WRITE, own=Role.READER, note="one's own: made by oneself, and joined by nobody"
    ),
    Deed.READ_PLAN: Rule(Role.READER, Scope.INSIGHTS_READ),
    Deed.EDIT_BRIEF: Rule(Role.CONTRIBUTOR, Scope.CONTENT_WRITE),
    Deed.DISMISS_SUGGESTION: Rule(Role.CONTRIBUTOR, Scope.CONTENT_WRITE),
    Deed.READ_INBOX: Rule(Role.READER, Scope.CONTENT_READ),
    Deed.KEEP_SEARCHES: Rule(Role.READER, Scope.CONTENT_READ, note="one's own; nobody sees another's"),
    Deed.GIVE_FEEDBACK: Rule(Role.READER, Scope.USAGE_WRITE, note="on live assets; both teams read it"),
    Deed.TAKE_BACK_FEEDBACK: Rule(Role.ADMIN, Scope.USAGE_WRITE, own=Role.READER),
    Deed.LOOK_AFTER_HUB: Rule(Role.ADMIN, Scope.ADMIN),
}


def may(actor: Actor, deed: Deed, *, own: bool = False) -> bool:
    rule = POLICY[deed]
    least = rule.own if own and rule.own is not None else rule.role
    if rule.signing_team and actor.team not in SIGNING_TEAMS:
        return False
    return actor.role.rank >= least.rank


def require(actor: Actor, deed: Deed, *, own: bool = False) -> None:
    """Raises NotAllowed, in words that say what would be needed."""
    if may(actor, deed, own=own):
        return
    rule = POLICY[deed]
    needed = f"the role {rule.role}" + (" in sales or marketing" if rule.signing_team else "")
    if rule.own is not None and not own:
        needed += f", or {rule.own} on what is your own"
    raise NotAllowed(f"To {deed} you need {needed}; you are {actor.role} in the team {actor.team}.")


def policy_table() -> str:
    """The policy as a Markdown table, for the docs."""
    lines = ["| deed | any object | one's own | token scope | remark |", "| --- | --- | --- | --- | --- |"]
    for deed, rule in POLICY.items():
        note = "; ".join(filter(None, ["teams sales and marketing only" if rule.signing_team else "", rule.note]))
        lines.append(f"| {deed} | {rule.role} | {rule.own or rule.role} | `{rule.scope}` | {note} |")
    return "\n".join(lines) + "\n"
