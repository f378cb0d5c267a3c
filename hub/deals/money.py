"""Amounts as exact hundredths of their currency, and the currencies there are (ISO 4217).

Figures are told per currency and never added across: a rate of the day of closing is a question for finance. A deal
without a currency is in the one that its source never names.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from hub.imports.cells import is_nothing
from hub.imports.report import Refused
from hub.taxonomy.nearest import nearest_names, shown

LARGEST = 10**13  # of a currency's units: more than any deal, also in rupiah or dong
_LONGEST = 40
_PLAIN = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,2})?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,2})?")
# A sign or a code around the number says what the currency column says better.
_AROUND = re.compile(r"^(?P<minus>-?)(?:[A-Z]{3}|[$€£¥₹])?(?P<number>.*?)(?:[A-Z]{3}|[$€£¥₹])?$")
_GAPS = re.compile(r"[\s'’]")
_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
    UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"""
CURRENCIES = frozenset(_CODES.split())


def hundredths(amount: Decimal) -> int:
    """Of a finite amount; a half is rounded up."""
    return int((amount * 100).to_integral_value(ROUND_HALF_UP))


def units(amount: int | None) -> float | None:
    """An amount as programs read it: exact, because no amount has more digits than a double."""
    return None if amount is None else amount / 100


def amount(column: str, cell: str, *, decimal_comma: bool = False) -> int | None:
    """Hundredths, or None where nothing stands. `1,234.50` has groups of three; with `decimal_comma` it is written
    `1.234,50`. Raises Refused for what is no amount of a deal: negative, infinite, absurd or no number."""
    if _PLAIN.fullmatch(cell) and not decimal_comma:
        whole, _, part = cell.partition(".")
        found = int(whole) * 100 + int(part.ljust(2, "0") if part else 0)
    elif is_nothing(cell):
        return None
    else:
        found = hundredths(_number(column, cell, decimal_comma=decimal_comma))
    if found < 0:
        raise Refused(column, f"{shown(cell)} is negative; the amount of a deal is zero or more, empty when unknown")
    if found > LARGEST * 100:
        raise Refused(column, f"{shown(cell)} cannot be the amount of a deal; the hub takes up to {LARGEST:,}")
    return found


def currency(column: str, cell: str) -> str | None:
    """An ISO code in capitals. Raises Refused, naming the nearest."""
    if is_nothing(cell):
        return None
    code = cell.upper()
    if code not in CURRENCIES:
        near = ", ".join(nearest_names(code[:_LONGEST], CURRENCIES))
        cure = f"or map it with [deals.values.{column}]"
        raise Refused(column, f"{shown(cell)} is no currency of ISO 4217; nearest: {near}, {cure}")
    return code


def _number(column: str, cell: str, *, decimal_comma: bool) -> Decimal:
    text = _GAPS.sub("", cell[: _LONGEST + 1])
    if text.startswith("(") and text.endswith(")"):  # how accounts write a negative number
        text = f"-{text[1:-1]}"
    if found := _AROUND.match(text):
        text = found["minus"] + found["number"]
    if decimal_comma:
        text = text.translate(str.maketrans(",.", ".,"))
    if len(cell) > _LONGEST or not _NUMBER.fullmatch(text) or not any(c.isdigit() for c in text):
        other = "1234.50" if decimal_comma else "1234,50"
        cure = (
            f"write 1234.50; for numbers like {other} set `decimal_comma = {str(not decimal_comma).lower()}` in [deals]"
        )
        raise Refused(column, f"{shown(cell)} is no amount; {cure}")
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise Refused(column, f"{shown(cell)} is no amount; write 1234.50") from None
