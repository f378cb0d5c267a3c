from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.deals import money
from hub.imports.report import Refused


@pytest.mark.parametrize(
    ("cell", "hundredths"),
    [
        ("0", 0),
        ("1234", 123_400),
        ("1234.5", 123_450),
        ("44313.69", 4_431_369),
        ("1,234,567.89", 123_456_789),
        ("1 234.50", 123_450),
        ("1\u202f234.50", 123_450),
        ("1'234.50", 123_450),
        ("$1,234.50", 123_450),
        ("EUR 12", 1_200),
        ("12 €", 1_200),
        ("1.5E+06", 150_000_000),
        ("0.005", 1),
        ("0.004", 0),
        ("-0", 0),
        (".5", 50),
    ],
)
def test_an_amount_is_read_exactly(cell: str, hundredths: int) -> None:
    assert money.amount("amount", cell) == hundredths


@pytest.mark.parametrize("cell", ["", "-", "n/a", "NaN", "null", "None"])
def test_what_programs_write_for_no_value_is_no_amount(cell: str) -> None:
    assert money.amount("amount", cell) is None


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("-5", "negative"),
        ("(1,200.00)", "negative"),
        ("-$3", "negative"),
        ("1e14", "cannot be"),
        ("99999999999999", "cannot be"),
        ("inf", "no amount"),
        ("-Infinity", "no amount"),
        ("1e999", "no amount"),
        ("12,34", "decimal_comma"),
        ("1,23,456", "no amount"),
        ("twelve", "no amount"),
        ("1.2.3", "no amount"),
        ("+", "no amount"),
        ("٣", "no amount"),
        ("9" * 50, "no amount"),
        ("1" * 1_000_000, "no amount"),
    ],
)
def test_what_cannot_be_a_deals_amount_is_refused_with_its_reason(cell: str, part: str) -> None:
    with pytest.raises(Refused, match=part) as refused:
        money.amount("amount", cell)
    assert refused.value.column == "amount"
    assert len(refused.value.reason) < 300


@pytest.mark.parametrize(("cell", "hundredths"), [("1.234,50", 123_450), ("1234,5", 123_450), ("12", 1_200)])
def test_a_decimal_comma_is_read_where_the_mapping_says_so(cell: str, hundredths: int) -> None:
    assert money.amount("amount", cell, decimal_comma=True) == hundredths


@given(st.integers(0, money.LARGEST * 100))
def test_every_amount_comes_back_as_it_was_written(hundredths: int) -> None:
    written = f"{Decimal(hundredths) / 100:.2f}"
    assert money.amount("amount", written) == hundredths
    assert money.amount("amount", f"{Decimal(written):,}") == hundredths
    assert money.amount("amount", written.replace(".", ","), decimal_comma=True) == hundredths
    assert money.hundredths(Decimal(repr(money.units(hundredths)))) == hundredths


@given(st.text(max_size=30))
def test_any_text_is_an_amount_nothing_or_refused(cell: str) -> None:
    for decimal_comma in (False, True):
        try:
            found = money.amount("amount", cell, decimal_comma=decimal_comma)
        except Refused:
            continue
        assert found is None or 0 <= found <= money.LARGEST * 100


def test_a_currency_is_a_code_of_iso_4217() -> None:
    assert money.currency("currency", "eur") == "EUR"
    assert money.currency("currency", "") is None
    with pytest.raises(Refused, match="nearest: EUR"):
        money.currency("currency", "EURO")
