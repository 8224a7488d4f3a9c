"""Tables of codes that filters read: countries, and the states of three of them.

`countries.csv` holds ISO 3166-1 and, under `also`, other names that people write. `regions.csv`
holds ISO 3166-2 for the United States, Canada and Australia, and what else the US post counts as
states (Publication 28): three for the military and three countries in free association.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Country:
    """A country of ISO 3166-1; `numeric` has three digits."""

    alpha_2: str
    alpha_3: str
    numeric: str
    name: str


@dataclass(frozen=True, slots=True)
class Region:
    """A state, province or territory; `code` is without its country: `CA`, not `US-CA`."""

    code: str
    name: str


@lru_cache(4096)
def key_of(text: str) -> str:
    """A name without case, accents, full stops and signs, by which it is found: `Côte d'Ivoire` as `cote d ivoire`."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace(".", ""))
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", letters))


@cache
def countries() -> dict[str, Country]:
    """All countries by each of their codes and names, as `key_of` makes them."""
    found: dict[str, Country] = {}
    for row in _rows("countries.csv"):
        country = Country(row["alpha_2"], row["alpha_3"], row["numeric"], row["name"])
        names = [country.alpha_2, country.alpha_3, country.numeric, country.name, *filter(None, row["also"].split(";"))]
        found.update((key_of(name), country) for name in names)
    return found


@cache
def regions() -> dict[str, dict[str, Region]]:
    """By a country's alpha-2 code, its regions by their codes and names, as `key_of` makes them."""
    found: dict[str, dict[str, Region]] = {}
    for row in _rows("regions.csv"):
        region = Region(row["code"], row["name"])
        of_country = found.setdefault(row["country"], {})
        of_country.update({key_of(region.code): region, key_of(region.name): region})
    return found


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())
