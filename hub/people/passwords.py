"""Passwords: what a good one is, and its Argon2id hash.

Hashing and verifying take about a third of a second and 64 MiB, on purpose. Never do it while a transaction is open:
on SQLite everybody who wants to write would wait for it.
"""

import base64
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from hub.errors import Fault, Invalid, Unavailable

MIN_LENGTH = 12
MAX_LENGTH = 200
MIN_DIFFERENT = 5

# RFC 9106, section 4: the second recommended choice.
_TIME, _MEMORY_KIB, _LANES = 3, 64 * 1024, 4
_hasher = PasswordHash((Argon2Hasher(time_cost=_TIME, memory_cost=_MEMORY_KIB, parallelism=_LANES),))

# However many strangers knock at once, a process spends no more than this many times 64 MiB on them.
_AT_ONCE = 4
_WAIT_SECONDS = 5.0
_slots = threading.BoundedSemaphore(_AT_ONCE)

# What people make of the rule "twelve characters"; compared without case, digits and signs.
_COMMON_LETTERS = """
    abcabcabc abcdefgh abcdefghij abcdefghijkl abcdefghijklmnop administrator admin asdfghjkl asdfghjklqwertyuiop
    changeme changemechangeme changemenow correcthorsebatterystaple default demo dragon football gotohell hallo
    hellohello hubadmin iloveyou iloveyouiloveyou letmein letmeinletmein letmeinplease marketing messaginghub monkey
    motdepasse mypassword newpassword pass passphrase passpass password passwordpassword passwort passwortpasswort
    princess pssword pw qazwsx qazwsxedc qwer qwerty qwertyqwerty qwertyuiop qwertyuiopasdf qwertyuiopasdfghjkl
    qwertz qwertzuiop sales salesandmarketing secret secretpassword secretsecret starwars sunshine superman superuser
    temporarypassword test testpassword testtest testtesttest thisisapassword thisismypassword trustno trustnoone
    welcome welcomewelcome welcometothehub whatever yourpassword zaqwsx
"""
_COMMON_WHOLE = """
    012345678901 0123456789012 098765432109 112233445566 123123123123 123412341234 1234567890-= 123456789012
    1234567890123 12345678901234 1234567890ab 1234567890abc 1234567890qwerty 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc
    1qaz2wsx3edc4rfv 210987654321 987654321098 a1b2c3d4e5f6 abc123abc123 q1w2e3r4t5y6 qwe123qwe123 zaq12wsxcde3
"""
COMMON_LETTERS = frozenset(_COMMON_LETTERS.split())
COMMON_WHOLE = frozenset(_COMMON_WHOLE.split())


_SAYABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is taken for something else


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password that was found good, as its hash."""

    text: str

    def __repr__(self) -> str:
        return "Hashed(…)"  # a hash has no place in a traceback or a log line either


def made_up() -> str:
    """A password for somebody's first sign-in: seventy random bits, easy to read out."""
    return "-".join("".join(secrets.choice(_SAYABLE) for _ in range(5)) for _ in range(3))


def hashed(password: str, *, email: str | None, name: str, field: str = "password") -> Hashed:
    """Slow. Raises Invalid, naming the field, when it is too weak for the person with this e-mail and name."""
    require_good(password, email=email, name=name, field=field)
    with _slot():
        return Hashed(_hasher.hash(_bytes(password)))


def verified(password: str, kept: str | None) -> tuple[bool, Hashed | None]:
    """Whether the password is the one kept, and a new hash to keep when the kept one is of an older make.

    `kept` None (nobody there, or nobody who may sign in) costs the same work and is always false.
    """
    with _slot():
        right, renewed = _hasher.verify_and_update(_bytes(password[: MAX_LENGTH + 1]), kept or _NOBODYS_HASH)
    return right and kept is not None, Hashed(renewed) if renewed else None


def require_good(password: str, *, email: str | None, name: str, field: str = "password") -> None:
    """Raises Invalid that says what is wrong with the password and what a better one is like."""
    if fault := _fault(password, email or "", name):
        raise Invalid("This password cannot be used.", errors=[Fault(("body", field), fault)])


def _fault(password: str, email: str, name: str) -> str | None:
    length = len(password)
    if length < MIN_LENGTH:
        return f"it has {length} characters; use at least {MIN_LENGTH}: four or five words that do not belong together"
    if length > MAX_LENGTH:
        return f"it has {length} characters; use at most {MAX_LENGTH}"
    if len(set(_normal(password).casefold())) < MIN_DIFFERENT:
        return f"it is made of fewer than {MIN_DIFFERENT} different characters; mix more of them"
    if password.casefold() == email.casefold() or _letters(password) in _own_words(email, name):
        return "it is the person's own name or e-mail address; strangers try these first"
    if password.casefold() in COMMON_WHOLE or _letters(password) in COMMON_LETTERS:
        return "it is one of the passwords that everybody thinks of; strangers try these first"
    return None


def _own_words(email: str, name: str) -> set[str]:
    return {_letters(text) for text in (email, email.partition("@")[0], name)} - {""}


def _letters(text: str) -> str:
    return "".join(c for c in _normal(text).casefold() if c.isalpha())


def _normal(password: str) -> str:
    # A keyboard writes "é" as one code point, another one as two; both must open the same door.
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    # JSON can bring half of a surrogate pair, which is no character but must not be an error either.
    return _normal(password).encode("utf-8", "surrogatepass")


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=_WAIT_SECONDS):
        raise Unavailable("Too many people are signing in at this moment. Try again in a few seconds.", retry_after=5)
    try:
        yield
    finally:
        _slots.release()


def _random_hash() -> str:
    """A hash of the same make that no password has; written down rather than computed, so that importing is cheap."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={_MEMORY_KIB},t={_TIME},p={_LANES}${salt}${digest}"


_NOBODYS_HASH = _random_hash()
