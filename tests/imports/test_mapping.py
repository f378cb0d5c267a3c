import pytest

from hub.deals.import_rows import DEAL_COLUMNS, DealMapping, StageMapping
from hub.errors import Invalid
from hub.imports.csv_rows import Row, columns_for
from hub.imports.mapping import Mapping, Meaning


def read(text: str) -> Mapping:
    return Mapping.read(text, section="deals", ours=DEAL_COLUMNS)


def test_a_mapping_of_nothing_leaves_everything_as_it_is() -> None:
    assert read("") == Mapping()
    assert Mapping().source == "csv"


def test_the_source_stands_once_for_all_tables() -> None:
    text = 'source = "crm"\n[deals.columns]\ndeal_id = "Id"\n[stages.columns]\ndeal_id = "Id"\n'
    assert DealMapping.of(text).source == StageMapping.of(text).source == "crm"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[deals", "not TOML"),
        ("[deal.columns]\nname = 'x'", "nearest: deals"),
        ("[deals.values.outcom]\na = 'won'", "nearest: outcome"),
        ("[deals.defaults]\ncurency = 'EUR'", "nearest: currency"),
        ("[deals]\nrows = 1", "deals.rows"),
        ("deals = 1", "must be a section"),
        ("source = 'My CRM'", "deals.source"),
        ("source = 1", "deals.source"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_where(text: str, part: str) -> None:
    with pytest.raises(Invalid, match=part):
        read(text)


def test_one_of_their_columns_may_be_read_as_several_of_ours() -> None:
    mapping = read(
        '[deals.columns]\noutcome = "Status"\nstage = "status"\n'
        '[deals.values.outcome]\n"Closed  Won" = "won"\n[deals.values.stage]\n"closed won" = ""\n'
    )
    columns = columns_for(["STATUS"], mapping.columns, ours=DEAL_COLUMNS, required=(), what="deals")
    meaning = Meaning(columns, mapping, present=["STATUS"])
    assert meaning.of(Row(2, {"STATUS": " closed won "})) == {"outcome": "won", "stage": ""}
    assert meaning.column("stage") == "STATUS"


def test_a_default_stands_where_the_cell_is_empty_or_the_column_missing() -> None:
    mapping = read('[deals.defaults]\ncurrency = "EUR"\nsegment = "smb"\n')
    columns = columns_for(["segment"], {}, ours=DEAL_COLUMNS, required=(), what="deals")
    meaning = Meaning(columns, mapping, present=["segment"])
    assert meaning.of(Row(2, {"segment": ""})) == {"currency": "EUR", "segment": "smb"}
    assert meaning.of(Row(2, {"segment": "mid"})) == {"currency": "EUR", "segment": "mid"}


def test_what_the_hub_has_no_use_for_is_left_over() -> None:
    meaning = Meaning({"name": "Name"}, Mapping(), present=["Name", "Region", "Note", ""])
    row = Row(2, {"Name": "A", "Region": " North ", "Note": "", "": "x"})
    assert meaning.left_over(row) == {"Region": "North"}
