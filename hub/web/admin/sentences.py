"""What happened, as a sentence: one for each name of an event. `{subject}` is what it happened to, another such mark a
fact of it.
"""

from collections.abc import Mapping
from typing import Any

from hub.events.names import EventName

SENTENCES: Mapping[EventName, str] = {
    EventName.ASSET_CREATED: "wrote {subject}",
    EventName.VERSION_CREATED: "wrote a new version of {subject}",
    EventName.DETAILS_CHANGED: "changed owner, authors or dates of {subject}",
    EventName.ASSET_RENAMED: "renamed {subject}",
    EventName.SUBMITTED: "submitted {subject} for review",
    EventName.SUBMISSION_WITHDRAWN: "took the submission of {subject} back",
    EventName.APPROVED: "approved {subject} for {team}",
    EventName.CHANGES_REQUESTED: "asked for changes to {subject} for {team}",
    EventName.PUBLISHED: "put {subject} live, signed by both teams",
    EventName.PUBLISHED_URGENTLY: "put {subject} live urgently",
    EventName.PUBLISHED_BY_IMPORT: "put {subject} live as an imported approval",
    EventName.URGENT_LAPSED: "ended the urgent publication of {subject}",
    EventName.EXPIRED: "let {subject} expire on its date",
    EventName.EXPIRY_ENDED: "brought {subject} back, its date having moved",
    EventName.RETIRED: "retired {subject}",
    EventName.RETURNED: "brought {subject} back from retirement",
    EventName.CONFIRMED: "said that {subject} is still right",
    EventName.REVIEW_DUE: "reminded of the review of {subject}",
    EventName.EXPIRY_DUE: "reminded that {subject} expires soon",
    EventName.ATTACHMENT_STORED: "attached the file {subject}",
    EventName.TERM_ADDED: "added the term {subject}",
    EventName.TERM_CHANGED: "changed the term {subject}",
    EventName.TERM_RENAMED: "renamed the term {subject}",
    EventName.TERM_MERGED: "merged the term {subject} into {into}",
    EventName.TERM_REMOVED: "removed the term {subject}",
    EventName.PERSON_ADDED: "added {subject}",
    EventName.PERSON_CHANGED: "changed what is known of {subject}",
    EventName.PASSWORD_CHANGED: "changed the password of {subject}",
    EventName.SIGNED_IN: "signed in",
    EventName.SIGNED_OUT: "signed {subject} out",
    EventName.TOKEN_CREATED: "made the token {subject}",
    EventName.TOKEN_REVOKED: "revoked the token {subject}",
    EventName.CONTENT_SYNCED: "synced {subject}",
    EventName.CONFLICT_FOUND: "found that {subject} changed in its file and here",
    EventName.CONFLICT_RESOLVED: "settled the conflict about {subject}",
    EventName.DEAL_CREATED: "brought the deal {subject}",
    EventName.DEAL_CHANGED: "changed the deal {subject}",
    EventName.DEAL_STAGE_CHANGED: "moved the deal {subject} to another stage",
    EventName.DEAL_CLOSED: "closed the deal {subject}",
    EventName.DEAL_REOPENED: "opened the deal {subject} again",
    EventName.DEALS_IMPORTED: "imported deals of {subject}",
    EventName.USES_RECORDED: "recorded uses of {subject}",
    EventName.USES_IMPORTED: "imported uses of {subject}",
    EventName.USES_JOINED: "joined uses to their deals, {subject}",
    EventName.USE_TAKEN_BACK: "took a use back, {subject}",
    EventName.DEAL_OF_USE_NAMED: "named the deal of a use, {subject}",
    EventName.STAGE_QUESTION_ANSWERED: "answered what was used in a stage, {subject}",
    EventName.EVIDENCE_ASKED: "asked for the evidence to be computed",
    EventName.EVIDENCE_COMPUTED: "computed the evidence, {subject}",
    EventName.VERDICT_CHANGED: "found another verdict for {subject}",
    EventName.EXPERIMENT_STARTED: "began a hold-out of {subject}",
    EventName.EXPERIMENT_ENDED: "ended a hold-out of {subject}",
    EventName.REQUEST_MADE: "asked for {subject}",
    EventName.REQUEST_JOINED: "asked for {subject} too",
    EventName.REQUEST_TAKEN: "took the request {subject}",
    EventName.REQUEST_GIVEN_BACK: "gave the request {subject} back",
    EventName.REQUEST_FULFILLED: "fulfilled the request {subject}",
    EventName.REQUEST_DECLINED: "declined the request {subject}",
    EventName.BRIEF_PLANNED: "planned {subject}",
    EventName.BRIEF_CHANGED: "changed the brief {subject}",
    EventName.BRIEF_FINISHED: "finished the brief {subject}",
    EventName.BRIEF_DROPPED: "dropped the brief {subject}",
    EventName.SUGGESTION_DISMISSED: "put the suggestion {subject} aside",
    EventName.SUGGESTION_RETURNED: "brought the suggestion {subject} back",
    EventName.FEEDBACK_GIVEN: "said how {subject} did",
    EventName.FEEDBACK_TAKEN_BACK: "took back what was said of {subject}",
    EventName.AUTHORS_INVITED: "invited others to write {subject}",
    EventName.PASSAGE_NOTED: "noted something beside {subject}",
    EventName.ERRAND_ASKED: "asked for: {errand}",
    EventName.ERRAND_FINISHED: "had done: {errand}",
}
_ERRANDS = {
    "import": "import of {table} from {subject}",
    "sync": "sync of the folder {subject}",
    "archive": "an archive of the {subject}",
    "rebuild": "the search index built anew",
    "check": "the search index compared with the library",
    "backup": "a backup",
}


def parts(name: str, subject: str, data: Mapping[str, Any]) -> tuple[str, str, str]:
    """The sentence without who did it: before the subject, the subject, after it. An event of another version of
    the hub that has no sentence here is told by its name."""
    pattern = SENTENCES.get(EventName(name)) if name in list(EventName) else None
    if pattern is None:
        return f"{name.replace('.', ' ').replace('_', ' ')}: ", subject, ""
    pattern = pattern.replace("{errand}", _ERRANDS.get(str(data.get("kind")), "{subject}"))
    before, marked, after = pattern.partition("{subject}")
    facts = {"team": data.get("team"), "into": data.get("into"), "table": data.get("table", "a table")}
    return _filled(before, facts), subject if marked else "", _filled(after, facts) + _came_to_nothing(data)


def _filled(text: str, facts: Mapping[str, Any]) -> str:
    for name, fact in facts.items():
        text = text.replace(f"{{{name}}}", str(fact) if fact else "somebody")
    return text


def _came_to_nothing(data: Mapping[str, Any]) -> str:
    return ", which failed" if data.get("state") == "failed" else ""
