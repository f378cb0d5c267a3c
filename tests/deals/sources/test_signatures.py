"""Who may send webhooks."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.deals.sources import signatures

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
BODY = b'[{"eventId": 1}]'
URI = "https://hub.example.com/api/v1/webhooks/hubspot"


def signature(secret: str, source: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), source, sha256).digest()).decode()


def call(**changed: Any) -> bool:
    timestamp = f"{NOW.timestamp() * 1000:.0f}"
    right = {
        "method": "POST",
        "uri": URI,
        "body": BODY,
        "timestamp": timestamp,
        "signature": signature("secret", b"POST" + URI.encode() + BODY + timestamp.encode()),
        "now": NOW,
    }
    return signatures.is_hubspots(changed.pop("secret", "secret"), **(right | changed))


def test_hubspots_signature_is_recognised() -> None:
    assert call()


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"uri": URI + "?x=1"},
        {"uri": URI.replace("https", "http")},
        {"body": BODY + b" "},
        {"signature": ""},
        {"signature": "é"},
        {"secret": "another"},
        {"secret": ""},
        {"timestamp": ""},
        {"timestamp": "soon"},
        {"timestamp": "-1"},
        {"timestamp": "9" * 400},
        {"timestamp": "١٨٠٣٠٠٠٠٠٠٠٠٠"},
    ],
    ids=str,
)
def test_anything_else_is_not(changed: dict[str, Any]) -> None:
    assert not call(**changed)


@pytest.mark.parametrize(("seconds", "good"), [(299, True), (301, False), (-299, True), (-301, False)])
def test_a_signature_is_good_for_five_minutes(seconds: int, good: bool) -> None:
    assert call(now=NOW + timedelta(seconds=seconds)) is good


def test_hubspot_signs_the_decoded_address() -> None:
    timestamp = f"{NOW.timestamp() * 1000:.0f}"
    signed = signature("secret", b"POSThttps://hub.example.com/a?b=c:d" + timestamp.encode())
    assert call(uri="https://hub.example.com/a%3fb=c%3Ad", body=b"", signature=signed)


@given(st.binary(max_size=40))
def test_no_other_body_has_the_signature(body: bytes) -> None:
    assert call(body=body) is (body == BODY)


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ("Basic " + base64.b64encode(b"hub:pass:word").decode(), True),
        ("basic " + base64.b64encode(b"hub:pass:word").decode(), True),
        ("Basic " + base64.b64encode(b"hub:pass").decode(), False),
        ("Basic " + base64.b64encode(b"other:pass:word").decode(), False),
        ("Basic %%%", False),
        ("Bearer hub:pass:word", False),
        ("", False),
    ],
)
def test_pipedrive_sends_the_user_and_password_that_were_set_there(header: str, good: bool) -> None:
    assert signatures.is_basic("hub", "pass:word", header) is good
    assert not signatures.is_basic("hub", "", "Basic " + base64.b64encode(b"hub:").decode())


def test_an_organisation_is_the_same_with_and_without_its_checksum() -> None:
    assert signatures.is_organization("00D5g000004mXkPEAU", "00D5g000004mXkP")
    assert signatures.is_organization("00D5g000004mXkP", "00D5g000004mXkPEAU")
    assert not signatures.is_organization("00D5g000004mXkPEAU", "00D5g000004mXkQ")
    assert not signatures.is_organization("00D5g000004mXkPEAU", "")


def test_an_empty_key_opens_nothing() -> None:
    assert signatures.is_the_key("key", "key")
    assert not signatures.is_the_key("key", "kez")
    assert not signatures.is_the_key("", "")
