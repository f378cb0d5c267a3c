"""Guesses at columns and words: right where they are made, and none where there is doubt."""

import pytest

from hub.deals.import_rows import DEAL_COLUMNS
from hub.imports import guessing
from hub.usage.import_rows import COLUMNS as USE_COLUMNS


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        (
            ["Record ID", "Deal Name", "Deal Stage", "Close Date", "Create Date", "Amount", "Deal owner"],
            {
                "deal_id": "Record ID", "owner": "Deal owner", "name": "Deal Name", "amount": "Amount",
                "created": "Create Date", "closed": "Close Date", "stage": "Deal Stage",
            },
        ),
        (
            [
                *("opportunity_id", "sales_agent", "product", "account"),
                *("deal_stage", "engage_date", "close_date", "close_value"),
            ],
            {
                "deal_id": "opportunity_id", "owner": "sales_agent", "account": "account", "amount": "close_value",
                "created": "engage_date", "closed": "close_date", "products": "product", "stage": "deal_stage",
            },
        ),
        (["foo", "bar"], {}),
        ([], {}),
    ],
)  # fmt: skip
def test_the_columns_of_known_systems_are_found(theirs: list[str], expected: dict[str, str]) -> None:
    assert guessing.columns(DEAL_COLUMNS, theirs) == expected


def test_each_of_their_columns_is_taken_once() -> None:
    found = guessing.columns(USE_COLUMNS, ["id", "type", "when", "user"])
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    ("word", "means"),
    [("Closed Won", "won"), ("closed-lost", "lost"), ("OPEN", "open"), ("Prospecting", ""), ("", ""), ("Wonder", "")],
)
def test_a_word_is_understood_or_left_alone(word: str, means: str) -> None:
    assert guessing.meaning(word, ["open", "won", "lost"]) == means
