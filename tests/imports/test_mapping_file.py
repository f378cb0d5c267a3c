"""A mapping written as TOML is read again as the same mapping."""

from hypothesis import given
from hypothesis import strategies as st

from hub.deals.import_rows import DEAL_COLUMNS, DealMapping
from hub.imports.joins import Join
from hub.imports.mapping_file import written

ours = st.sampled_from(DEAL_COLUMNS)
text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@given(
    columns=st.dictionaries(ours, text, max_size=4),
    values=st.dictionaries(ours, st.dictionaries(text, text, min_size=1, max_size=3), max_size=3),
    defaults=st.dictionaries(ours, text, max_size=2),
    decimal_comma=st.booleans(),
    dates=text,
)
def test_what_is_written_is_read_as_it_was(
    columns: dict[str, str],
    values: dict[str, dict[str, str]],
    defaults: dict[str, str],
    decimal_comma: bool,
    dates: str,
) -> None:
    mapping = DealMapping(
        source="old-crm", columns=columns, values=values, defaults=defaults, decimal_comma=decimal_comma, dates=dates,
        join={"accounts": Join(file="a b.csv", on="account", key='the "key"')},
    )  # fmt: skip
    assert DealMapping.of(written("deals", mapping)) == mapping


def test_what_says_nothing_is_an_empty_file() -> None:
    assert DealMapping.of(written("deals", DealMapping())) == DealMapping()
