"""The policy in the docs is the policy in the code."""

from pathlib import Path

from hub.people.roles import policy_table

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"


def test_the_page_shows_the_table_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = text[text.index("| deed |") :]
    assert shown == policy_table(), "docs/policy.md is behind the code: run `make docs`"
