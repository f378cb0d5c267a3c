"""The policy as a truth table, written out by hand: every deed, role and team, on one's own and on other objects.

A new deed or a changed rule is a line changed here, on purpose. `rcpa` are reader, contributor, approver and admin in
the order of their power; who is not named is refused.
"""

from itertools import product

import pytest

from hub.errors import NotAllowed
from hub.people import roles
from hub.people.roles import HUB, POLICY, Actor, Deed, Role, Scope, Team

LETTERS = {"r": Role.READER, "c": Role.CONTRIBUTOR, "p": Role.APPROVER, "a": Role.ADMIN}

#                            in sales and marketing      in the team other         scope of a token
#                            any object   one's own      any object   one's own
EXPECTED = {
    "READ_LIVE":            ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "content:read"),
    "READ_DRAFTS":          ("--pa",      "rcpa",        "--pa",      "rcpa",      "content:read"),
    "CREATE_ASSET":         ("-cpa",      "-cpa",        "-cpa",      "-cpa",      "content:write"),
    "WRITE_VERSION":        ("--pa",      "-cpa",        "--pa",      "-cpa",      "content:write"),
    "SUBMIT":               ("--pa",      "-cpa",        "--pa",      "-cpa",      "content:write"),
    "REVIEW":               ("--pa",      "--pa",        "----",      "----",      "content:write"),
    "NOTE_PASSAGE":         ("--pa",      "rcpa",        "--pa",      "rcpa",      "content:write"),
    "CHANGE_DETAILS":       ("--pa",      "-cpa",        "--pa",      "-cpa",      "content:write"),
    "CONFIRM":              ("--pa",      "-cpa",        "--pa",      "-cpa",      "content:write"),
    "RENAME":               ("--pa",      "-cpa",        "--pa",      "-cpa",      "content:write"),
    "RETIRE":               ("--pa",      "--pa",        "--pa",      "--pa",      "content:write"),
    "PUBLISH_URGENTLY":     ("---a",      "---a",        "---a",      "---a",      "content:write"),
    "IMPORT_CONTENT":       ("---a",      "---a",        "---a",      "---a",      "admin"),
    "READ_TAXONOMY":        ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "content:read"),
    "EDIT_TAXONOMY":        ("--pa",      "--pa",        "--pa",      "--pa",      "content:write"),
    "READ_PEOPLE":          ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "content:read"),
    "MANAGE_PEOPLE":        ("---a",      "---a",        "---a",      "---a",      "admin"),
    "OWN_ACCOUNT":          ("---a",      "rcpa",        "---a",      "rcpa",      "content:read"),
    "MAKE_TOKEN":           ("---a",      "rcpa",        "---a",      "rcpa",      "admin"),
    "READ_EVENTS":          ("---a",      "rcpa",        "---a",      "rcpa",      "admin"),
    "READ_FRESHNESS":       ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "content:read"),
    "READ_DEALS":           ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "content:read"),
    "WRITE_DEALS":          ("--pa",      "-cpa",        "--pa",      "-cpa",      "deals:write"),
    "IMPORT_DEALS":         ("---a",      "---a",        "---a",      "---a",      "deals:write"),
    "READ_SEARCHES":        ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "insights:read"),
    "RECORD_USE":           ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "usage:write"),
    "READ_USES":            ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "insights:read"),
    "TAKE_BACK_USE":        ("---a",      "rcpa",        "---a",      "rcpa",      "usage:write"),
    "NAME_DEAL_OF_USE":     ("--pa",      "rcpa",        "--pa",      "rcpa",      "usage:write"),
    "ANSWER_STAGE_QUESTION": ("---a",      "rcpa",        "---a",      "rcpa",      "usage:write"),
    "IMPORT_USES":          ("---a",      "---a",        "---a",      "---a",      "usage:write"),
    "READ_INSIGHTS":        ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "insights:read"),
    "COMPUTE_EVIDENCE":     ("--pa",      "--pa",        "--pa",      "--pa",      "insights:read"),
    "RUN_EXPERIMENT":       ("--pa",      "--pa",        "--pa",      "--pa",      "content:write"),
    "ASK_FOR_CONTENT":      ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "usage:write"),
    "READ_REQUESTS":        ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "content:read"),
    "TAKE_REQUEST":         ("-cpa",      "-cpa",        "-cpa",      "-cpa",      "content:write"),
    "GIVE_BACK_REQUEST":    ("--pa",      "-cpa",        "--pa",      "-cpa",      "content:write"),
    "FULFIL_REQUEST":       ("-cpa",      "-cpa",        "-cpa",      "-cpa",      "content:write"),
    "DECLINE_REQUEST":      ("-cpa",      "rcpa",        "-cpa",      "rcpa",      "content:write"),
    "READ_PLAN":            ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "insights:read"),
    "EDIT_BRIEF":           ("-cpa",      "-cpa",        "-cpa",      "-cpa",      "content:write"),
    "DISMISS_SUGGESTION":   ("-cpa",      "-cpa",        "-cpa",      "-cpa",      "content:write"),
    "READ_INBOX":           ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "content:read"),
    "KEEP_SEARCHES":        ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "content:read"),
    "GIVE_FEEDBACK":        ("rcpa",      "rcpa",        "rcpa",      "rcpa",      "usage:write"),
    "TAKE_BACK_FEEDBACK":   ("---a",      "rcpa",        "---a",      "rcpa",      "usage:write"),
    "LOOK_AFTER_HUB":       ("---a",      "---a",        "---a",      "---a",      "admin"),
}  # fmt: skip


def _cells() -> list[tuple[Deed, Team, Role, bool, bool]]:
    cells = []
    for deed, (signing, signing_own, other, other_own, _) in EXPECTED.items():
        for team, letter, own in product(Team, LETTERS, (False, True)):
            signs = team in (Team.SALES, Team.MARKETING)
            allowed = (signing_own if own else signing) if signs else (other_own if own else other)
            cells.append((Deed[deed], team, LETTERS[letter], own, letter in allowed))
    return cells


def test_every_deed_is_in_the_table_and_has_a_rule() -> None:
    assert list(EXPECTED) == [deed.name for deed in Deed], "write the new deed into EXPECTED, as it should be"
    assert set(POLICY) == set(Deed)


@pytest.mark.parametrize(("deed", "team", "role", "own", "allowed"), _cells())
def test_the_policy_is_the_expected_one(deed: Deed, team: Team, role: Role, own: bool, allowed: bool) -> None:
    actor = Actor(id=1, email="ana@example.com", name="Ana", team=team, role=role)
    assert roles.may(actor, deed, own=own) is allowed
    if allowed:
        roles.require(actor, deed, own=own)
    else:
        with pytest.raises(NotAllowed, match=f"To {deed} you need the role"):
            roles.require(actor, deed, own=own)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_scope_of_a_deed_is_the_expected_one(name: str) -> None:
    assert POLICY[Deed[name]].scope == Scope(EXPECTED[name][4])


def test_the_hub_itself_may_everything_but_sign_for_a_team() -> None:
    assert [deed for deed in Deed if not roles.may(HUB, deed)] == [Deed.REVIEW]
