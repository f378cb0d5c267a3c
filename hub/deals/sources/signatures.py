"""Whether a webhook comes from where it says. Each vendor has its own way, and none answers more than yes or no."""

import base64
import hmac
import re
from datetime import datetime, timedelta
from hashlib import sha256

WINDOW = timedelta(minutes=5)

# HubSpot signs the address with these characters decoded, whichever way it writes them in the request.
_DECODED = {f"%{ord(sign):02X}": sign for sign in ":/?@!$'()*,;"}
_ENCODED = re.compile("|".join(_DECODED), re.IGNORECASE)


def is_hubspots(
    secret: str, *, method: str, uri: str, body: bytes, timestamp: str, signature: str, now: datetime
) -> bool:
    """Signature version 3: Base64 of the HMAC-SHA256 over method, address, body and timestamp. `uri` is the public one
    that HubSpot called; a timestamp further than five minutes away is refused, so that nothing can be replayed."""
    if not secret or not re.fullmatch(r"[0-9]{1,15}", timestamp):
        return False
    if abs(now.timestamp() * 1000 - int(timestamp)) > WINDOW / timedelta(milliseconds=1):
        return False
    address = _ENCODED.sub(lambda found: _DECODED[found[0].upper()], uri)
    signed = f"{method.upper()}{address}".encode() + body + timestamp.encode()
    expected = base64.b64encode(hmac.digest(secret.encode(), signed, sha256))
    return hmac.compare_digest(expected, signature.encode())


def is_the_key(expected: str, given: str) -> bool:
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode())


def is_basic(user: str, password: str, header: str) -> bool:
    """HTTP basic authentication with exactly this user and password."""
    kind, _, encoded = header.partition(" ")
    if not password or kind.lower() != "basic":
        return False
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(f"{user}:{password}".encode(), given)


def is_organization(expected: str, given: str) -> bool:
    """Salesforce writes the id of an organisation with 15 or with 18 characters; the last three are a checksum."""
    return len(given) in (15, 18) and hmac.compare_digest(expected[:15].encode(), given[:15].encode())
