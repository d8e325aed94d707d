"""Canonical bytes: RFC 8785, known answers, and what has no canonical form."""

import pytest

from magi.core.canonical import canonical, digest


def test_keys_are_sorted_by_utf16_and_nothing_is_escaped_needlessly():
    """The property order of RFC 8785, section 3.2.3, with its own example."""
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    values = ("\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33")
    expected = ",".join(f'"{key}":{keys[key]}'.replace("\r", "\\r") for key in values)

    assert canonical(keys) == f"{{{expected}}}".encode()


def test_equal_values_in_another_order_give_equal_bytes():
    """The order in which a mapping was made does not show."""
    assert canonical({"b": [1, None], "a": {"d": True, "c": "甲"}}) == canonical(
        {"a": {"c": "甲", "d": True}, "b": [1, None]}
    )


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", float("nan"), float("inf")])
def test_what_has_no_canonical_form_is_refused(value):
    """Integers that JSON readers round, lone surrogates and non-numbers are refused."""
    with pytest.raises(ValueError):  # noqa: PT011  # the library's subclasses are its own affair
        canonical({"x": value})


def test_the_digest_is_sha256_in_hex():
    """The known answer for the empty text (FIPS 180-4 example)."""
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
