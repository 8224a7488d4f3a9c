"""Addresses: country, state, postcode, phone."""

from __future__ import annotations

import re
from typing import Any, Final

import phonenumbers

from hub.contract.registry import nearest
from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.filters.tables import Country, countries, key_of, regions
from hub.mapping.values import shown, to_text

COUNTRY_FORMS: Final = ("alpha_2", "alpha_3", "numeric", "name")
STATE_FORMS: Final = ("code", "name")
_MAX_NAME: Final = 100
_MAX_PHONE: Final = 60

# Canada Post uses no D, F, I, O, Q, U, and neither W nor Z in the first place.
_CANADIAN: Final = re.compile(r"([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z])[ -]?(\d[ABCEGHJ-NPRSTV-Z]\d)", re.ASCII)
# The forms of BS 7666: an outward code of two to four characters, an inward one of three.
_BRITISH: Final = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?|GIR) ?(\d[ABD-HJLNP-UW-Z]{2}|0AA)", re.ASCII)
_AMERICAN: Final = re.compile(r"(\d{5})(?:[ -]?(\d{4}))?", re.ASCII)
_GERMAN: Final = re.compile(r"(?:D-?)?(\d{5})", re.ASCII)
_POSTCODES: Final = {
    "US": (_AMERICAN, "-", "04101 or 04101-2345"),
    "CA": (_CANADIAN, " ", "K1A 0B1"),
    "GB": (_BRITISH, " ", "SW1A 1AA"),
    "DE": (_GERMAN, "", "10115"),
}


def country(value: Any, form: str = "alpha_2") -> str:
    """A country's code or name, from any of its codes or names."""
    found: str = getattr(_country(value), _form(form, COUNTRY_FORMS))
    return found


def state(value: Any, country: Any, form: str = "code") -> str:
    """The code or the name of a state, province or territory of US, CA and AU; what other countries have stays."""
    wanted, text = _form(form, STATE_FORMS), to_text(value).strip()
    where = _country(country)
    known = regions().get(where.alpha_2)
    if known is None:
        return text
    region = known.get(key_of(re.sub(f"^{where.alpha_2}-", "", _short(text, "state"), flags=re.IGNORECASE)))
    if region is None:
        names = {one.name for one in known.values()}
        raise ValueRefused(
            f"{shown(text)} is no state of {where.name}, such as 'CA' or 'California'{nearest(text, names)}", value
        )
    return region.code if wanted == "code" else region.name


def postcode(value: Any, country: Any) -> str:
    """A postcode as its country writes it; checked for US, CA, GB and DE, of others in capitals as it is."""
    text, where = to_text(value).strip().upper(), _country(country)
    if where.alpha_2 not in _POSTCODES:
        return text
    form, between, example = _POSTCODES[where.alpha_2]
    found = form.fullmatch(text) if len(text) <= _MAX_NAME else None
    if found is None:
        lost = (
            "; it may have lost a leading zero"
            if where.alpha_2 in ("US", "DE") and re.fullmatch("[0-9]{4}", text)
            else ""
        )
        raise ValueRefused(f"{shown(text)} is no postcode of {where.name}, such as {example}{lost}", value)
    return between.join(part for part in found.groups() if part)


def phone(value: Any, country: Any = None) -> str:
    """A telephone number as ITU-T E.164 writes it: `+12075550123`; `country` is for those without a plus.

    Raises ValueRefused for what the country's numbering plan cannot have.
    """
    text = to_text(value).strip()
    region = None if country is None else _country(country).alpha_2
    example = "write it as +12075550123" if region else "write it as +12075550123, or name its country: phone('US')"
    try:
        number = phonenumbers.parse(text if len(text) <= _MAX_PHONE else "", region)
    except phonenumbers.NumberParseException:
        raise ValueRefused(f"{shown(text)} is no telephone number; {example}", value) from None
    if not phonenumbers.is_valid_number(number):
        raise ValueRefused(f"no telephone can have the number {text!r}; {example}", value)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _country(value: Any) -> Country:
    text = _short(to_text(value), "country")
    # A number has lost its leading zeros: Afghanistan is 004.
    found = countries().get(text.zfill(3) if text.isdecimal() else key_of(text))
    if found is None:
        names = {one.name for one in countries().values()}
        raise ValueRefused(
            f"{shown(text)} is no country of ISO 3166, such as 'DE', 'DEU', '276' or 'Germany'{nearest(text, names)}",
            value,
        )
    return found


def _short(text: str, what: str) -> str:
    if len(text) > _MAX_NAME:
        raise ValueRefused(f"{shown(text)} is too long to be the name of a {what}", text)
    return text.strip()


def _form(form: Any, forms: tuple[str, ...]) -> str:
    if form not in forms:
        raise ValueRefused(f"a form is {', '.join(map(repr, forms))}, not {shown(form)}", form)
    return str(form)


def _check_country(form: str = "alpha_2") -> None:
    _form(form, COUNTRY_FORMS)


def _check_state(country: Any, form: str = "code") -> None:
    _form(form, STATE_FORMS)
    _check_place(country)


def _check_place(country: Any = None) -> None:
    if country is not None:
        _country(country)


FILTERS: Final = (
    Filter("country", country, check=_check_country, short=True),
    Filter("state", state, check=_check_state),
    Filter("postcode", postcode, check=_check_place),
    Filter("phone", phone, check=_check_place, short=True),
)
