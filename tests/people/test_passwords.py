"""What a good password is, and that a hash opens only for it."""

from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pwdlib.hashers.argon2 import Argon2Hasher

from hub.errors import Invalid, Unavailable
from hub.people import passwords
from hub.people.passwords import MAX_LENGTH, MIN_LENGTH

GOOD = "seven otters juggle plums"


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short one", "it has 9 characters; use at least 12"),
        ("x" * 201, "it has 201 characters; use at most 200"),
        ("aaaaaaaaaaaa", "fewer than 5 different characters"),
        ("AaBbAaBbAaBbCc", "fewer than 5 different characters"),
        ("Ana.Silva@Example.com", "own name or e-mail"),
        ("ana silva 1990!", "own name or e-mail"),
        ("AnaSilva-1234", "own name or e-mail"),
        ("Password-12345", "everybody thinks of"),
        ("correct horse battery staple", "everybody thinks of"),
        ("123456789012", "everybody thinks of"),
        ("1Q2W3E4R5T6Y", "everybody thinks of"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.require_good(password, email="ana.silva@example.com", name="Ana Silva")
    [fault] = refused.value.errors
    assert said in fault.message
    assert fault.loc == ("body", "password")
    assert password not in fault.message + refused.value.detail


@pytest.mark.parametrize("password", [GOOD, "パスワードは秘密にしておく", "x7$Kq!pW2@zL", "a" * 8 + "bcde"])
def test_a_password_of_twelve_different_enough_characters_is_good(password: str) -> None:
    passwords.require_good(password, email="ana@example.com", name="Ana Silva")


def test_a_person_whose_name_has_no_letters_may_have_digits_in_the_password() -> None:
    passwords.require_good("802 531 9764 2", email=None, name="007")


@settings(deadline=None)
@given(st.text(max_size=250))
def test_any_text_is_either_good_or_refused_with_one_reason(password: str) -> None:
    try:
        passwords.require_good(password, email="ana@example.com", name="Ana")
        faults = 0
    except Invalid as refused:
        faults = len(refused.errors)
    assert faults == 1 or MIN_LENGTH <= len(password) <= MAX_LENGTH


def test_only_the_right_password_is_verified() -> None:
    kept = passwords.hashed(GOOD, email=None, name="Ana")
    assert kept.text.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.verified(GOOD, kept.text) == (True, None)
    assert passwords.verified(GOOD + " ", kept.text) == (False, None)
    assert passwords.verified("", kept.text) == (False, None)


def test_both_ways_to_write_an_accent_open_the_same_door() -> None:
    composed, decomposed = "d\u00e9j\u00e0 vu encore une fois", "de\u0301ja\u0300 vu encore une fois"
    kept = passwords.hashed(composed, email=None, name="Ana")
    assert passwords.verified(decomposed, kept.text) == (True, None)


def test_text_that_is_not_even_unicode_is_only_a_wrong_password() -> None:
    kept = passwords.hashed("half a pair \ud83d is still text", email=None, name="Ana")
    assert passwords.verified("half a pair \ud83d is still text", kept.text) == (True, None)
    assert passwords.verified("half a pair \ud83e is still text", kept.text) == (False, None)


def test_nobody_has_the_password_of_a_missing_person() -> None:
    assert passwords.verified(GOOD, None) == (False, None)


def test_the_stand_in_for_a_missing_person_costs_the_same_work_as_a_real_hash() -> None:
    """Equal parameters and lengths, so that the time of the answer tells nothing."""
    real = passwords.hashed(GOOD, email=None, name="Ana").text.split("$")
    stand_in = passwords._NOBODYS_HASH.split("$")
    assert stand_in[:4] == real[:4]
    assert [len(part) for part in stand_in] == [len(part) for part in real]


def test_a_hash_of_an_older_make_is_renewed_when_the_password_is_right() -> None:
    old = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1).hash(GOOD)
    right, renewed = passwords.verified(GOOD, old)
    assert right
    assert renewed is not None
    assert passwords.verified(GOOD, renewed.text) == (True, None)
    assert passwords.verified("another guess", old) == (False, None)


def test_no_more_than_a_few_are_hashed_at_once_and_the_rest_are_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A crowd of strangers must not take 64 MiB each."""
    monkeypatch.setattr(passwords, "_WAIT_SECONDS", 0.01)
    with ExitStack() as others:
        for _ in range(passwords._AT_ONCE):
            others.enter_context(passwords._slot())
        with pytest.raises(Unavailable) as told:
            passwords.verified(GOOD, None)
    assert told.value.extra["retry_after"] == 5
    assert passwords.verified(GOOD, None) == (False, None)


def test_a_hash_is_not_shown_when_printed() -> None:
    kept = passwords.hashed(GOOD, email=None, name="Ana")
    assert "argon2" not in f"{kept} {kept!r}"
