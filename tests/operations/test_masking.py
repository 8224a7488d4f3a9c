"""What names or reaches a person is replaced by something of the same form, the same everywhere."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.operations.masking import Masker

ORDER: dict[str, Any] = {
    "id": 6402100001001,
    "name": "#1001",
    "email": "ada.brandt@mail.example",
    "phone": "+49 (0) 170 1234567",
    "note": "Please ring Ada Brandt",
    "token": "9f8e7d6c",
    "total": Decimal("19.90"),
    "browser_ip": "203.0.113.7",
    "landing_site": "/cart?token=abc123&ref=spring; asks ada.brandt@mail.example, written by Ada Brandt",
    "shipping_address": {
        "name": "Ada Brandt",
        "first_name": "Ada",
        "address1": "12 Harbour Street",
        "zip": "04101",
        "country_code": "US",
    },
    "line_items": [{"sku": "MUG-WHITE", "name": "Mug", "title": "White Mug", "quantity": 2}],
}


def test_people_are_hidden_and_business_stays() -> None:
    masked = Masker().mask(ORDER)
    text = repr(masked)
    for private in ("Ada", "Brandt", "mail.example", "1234567", "9f8e7d6c", "203.0.113", "Harbour", "abc123"):
        assert private not in text
    for key in ("id", "name", "total", "line_items"):
        assert masked[key] == ORDER[key]
    assert masked["shipping_address"]["country_code"] == "US"
    assert "ref=spring" in masked["landing_site"]


def test_what_is_invented_has_the_same_form() -> None:
    masked = Masker().mask(ORDER)
    address = masked["shipping_address"]
    assert re.fullmatch(r"0[1-9]{1}[1-9]0[1-9]", address["zip"])
    assert re.fullmatch(r"[A-Z][a-z]{2} [A-Z][a-z]{5}", address["name"])
    assert re.fullmatch(r"[1-9]{2} [A-Z][a-z]{6} [A-Z][a-z]{5}", address["address1"])
    assert re.fullmatch(r"\+\d\d \(0\) \d{3} \d{7}", masked["phone"])
    assert re.fullmatch(r"[a-z]{3}\.[a-z]{6}@[a-z]{4}\.example", masked["email"])


def test_the_same_is_masked_by_the_same() -> None:
    masked = Masker().mask(ORDER)
    address = masked["shipping_address"]
    assert address["name"].startswith(address["first_name"] + " ")
    assert masked["email"] in masked["landing_site"]
    assert masked["landing_site"].endswith(address["name"])
    assert masked["email"].split("@")[0] == address["name"].lower().replace(" ", ".")


def test_nobody_can_guess_it_back() -> None:
    assert len({Masker().mask({"first_name": "Bartholomea"})["first_name"] for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("NAME1", "Ada"),
        ("STRAS", "Weg 1"),
        ("N102", "Acme"),
        ("PER04", "a@b.example"),
        ("X-Hmac-SHA256", "q83v"),
        ("zip", 12345),
    ],
)
def test_keys_of_other_systems_are_known(key: str, value: Any) -> None:
    segment = {key: value, "STRAS": "Weg 1"}
    assert Masker().mask({"E1EDKA1": segment})["E1EDKA1"][key] != value


_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["email", "name", "zip", "note", "items", "to"]), inner, max_size=4)
    ),
    max_leaves=20,
)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value)


@given(_TREES)
def test_any_tree_keeps_its_shape(tree: Any) -> None:
    assert shape(Masker().mask(tree)) == shape(tree)
