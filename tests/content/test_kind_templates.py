"""Templates and house rules: a company's own, else the starter library's, and never an error for a broken file."""

from pathlib import Path

import pytest

from hub.assets.models import Kind
from hub.content.kind_templates import rules, template

MINE = """---
title: "Us: "
kind: faq
audience: shareable
---
*Target: three lines.*

## A question

> - **Sales checks:** is it so?
"""


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_begins_with_a_template_whose_advice_is_no_text(kind: Kind, tmp_path: Path) -> None:
    found = template(tmp_path, kind)
    assert found.body.strip()
    assert found.advice.startswith("Target:")
    assert "*Target:" not in found.body
    assert "checks:**" not in found.body
    assert found.problem == ""


def test_a_companys_own_template_comes_first(tmp_path: Path) -> None:
    (tmp_path / "_templates").mkdir()
    (tmp_path / "_templates" / "faq.md").write_text(MINE)
    found = template(tmp_path, Kind.FAQ)
    assert (found.title, found.audience, found.body) == ("Us: ", "shareable", "## A question\n")
    assert (found.advice, found.questions) == ("Target: three lines.", "- **Sales checks:** is it so?")


def test_a_template_that_cannot_be_read_is_named_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "_templates").mkdir()
    (tmp_path / "_templates" / "faq.md").write_text("---\ntitle: [\n---\n")
    found = template(tmp_path, Kind.FAQ)
    assert "_templates/faq.md cannot be read" in found.problem
    assert found.body.strip()


def test_the_starter_librarys_rules_know_every_kind(tmp_path: Path) -> None:
    found = rules(tmp_path)
    assert set(found.lengths) == set(Kind)
    assert all(0 < least < most for least, most in found.lengths.values())
    assert found.avoid
    assert found.leftovers


@pytest.mark.parametrize("text", ["lengths: {faq: [x, y]}", "- a", "avoid: [{say: x}]", "\x00", "a: &b\nc: *b"])
def test_rules_that_cannot_be_read_leave_those_of_the_starter_library(tmp_path: Path, text: str) -> None:
    (tmp_path / "_templates").mkdir()
    (tmp_path / "_templates" / "checks.yaml").write_text(text)
    assert rules(tmp_path) == rules(tmp_path / "nowhere")


def test_a_companys_own_rules_hold(tmp_path: Path) -> None:
    (tmp_path / "_templates").mkdir()
    (tmp_path / "_templates" / "checks.yaml").write_text("lengths: {faq: [1, 2]}\navoid: [{word: no, say: yes}]\n")
    found = rules(tmp_path)
    assert (dict(found.lengths), list(found.avoid)) == ({"faq": (1, 2)}, [("no", "yes")])
