"""Units: unit between code lists, convert between measures of one kind.

Code lists: `rec20` is UN/ECE Recommendation 20 with packages, as order documents name them (CS) and
by Recommendation 21 (XCS), `x12` is element 355, `sap` are SAP's internal keys (table T006).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.filters.numbers import to_decimal
from hub.mapping.values import divide, multiply, shown, to_text

SCHEMES: Final = ("rec20", "x12", "sap")

# A line for a unit: its codes in the order of SCHEMES, `-` where a list has none, `/` between codes
# that mean the same, of which the first is written.
_CODES: Final = """
EA       EA  EA    each
H87/PCE  PC  ST    piece
C62      UN  -     unit
DZN      DZ  DZ    dozen
GRO      GS  GRO   gross
CEN      HU  -     hundred
MIL      TH  TS    thousand
PR       PR  PAA   pair
SET      ST  -     set
KT       KT  -     kit
CS/XCS   CA  CV    case
CT/XCT   CT  KAR   carton
BX/XBX   BX  -     box
PK/XPK   PK  PAK   pack
PF/XPX   PL  PAL   pallet
BG/XBG   BG  BAG   bag
BO/XBO   BO  -     bottle
CA       CN  -     can
DR/XDR   DR  DR    drum
RO/XRO   RL  ROL   roll
KGM      KG  KG    kilogram
GRM      GR  G     gram
MGM      ME  MG    milligram
TNE      MP  TO    metric ton
LBR      LB  LB    pound
ONZ      OZ  OZ    ounce
STN      TN  TON   short ton
LTR      LT  L     litre
MLT      ML  ML    millilitre
GLL      GA  GAL   US gallon
MTR      MR  M     metre
CMT      CM  CM    centimetre
MMT      MM  MM    millimetre
KMT      DK  KM    kilometre
INH      IN  "     inch
FOT      FT  FT    foot
YRD      YD  YD    yard
MTK      SM  M2    square metre
FTK      SF  FT2   square foot
MTQ      CR  M3    cubic metre
FTQ      CF  FT3   cubic foot
HUR      HR  STD   hour
DAY      DA  TAG   day
"""

_MEASURES: Final = {
    "weight": {
        "KGM": "1",
        "GRM": "0.001",
        "MGM": "0.000001",
        "TNE": "1000",
        "LBR": "0.45359237",
        "ONZ": "0.028349523125",
        "STN": "907.18474",
        "LTN": "1016.0469088",
    },
    "length": {
        "MTR": "1",
        "MMT": "0.001",
        "CMT": "0.01",
        "DMT": "0.1",
        "KMT": "1000",
        "INH": "0.0254",
        "FOT": "0.3048",
        "YRD": "0.9144",
        "SMI": "1609.344",
    },
}
"""What one of a unit is in kilograms or metres: exact, by the international yard and pound of 1959."""
_FACTORS: Final = {
    code: (measure, Decimal(factor)) for measure, units in _MEASURES.items() for code, factor in units.items()
}


def _read_codes() -> dict[tuple[str, str], dict[str, str]]:
    """By scheme and code, the code that is written in each scheme."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for line in _CODES.strip().splitlines():
        codes = {scheme: cell.split("/") for scheme, cell in zip(SCHEMES, line.split(), strict=False) if cell != "-"}
        written = {scheme: alike[0] for scheme, alike in codes.items()}
        found.update({(scheme, code): written for scheme, alike in codes.items() for code in alike})
    return found


_BY_CODE: Final = _read_codes()


def unit(value: Any, from_scheme: str, to_scheme: str) -> str:
    """The code that another list has for a unit; one that is not in the table is refused."""
    source, target = _scheme(from_scheme), _scheme(to_scheme)
    code = to_text(value).strip()
    known = _BY_CODE.get((source, code))
    if known is None or target not in known:
        why = f"is no unit of {source!r} that is known here" if known is None else f"has no code in {target!r}"
        raise ValueRefused(f"{shown(code)} {why}; a crosswalk can say what it is", value)
    return known[target]


def convert(value: Any, from_unit: str, to_unit: str) -> Decimal:
    """A weight or length in another unit of Recommendation 20; 34 digits where it is not exact."""
    number = to_decimal(value)
    source, factor = _factor(from_unit)
    target, divisor = _factor(to_unit)
    if source != target:
        raise ValueRefused(f"{from_unit} is a {source} and {to_unit} a {target}", from_unit)
    result = multiply(number, factor)
    return _plain(result if divisor == 1 else divide(result, divisor))


def _plain(number: Decimal | int) -> Decimal:
    """Written out: 1500, not 1.5E+3."""
    return Decimal(format(Decimal(number), "f"))


def _scheme(scheme: Any) -> str:
    if scheme not in SCHEMES:
        raise ValueRefused(f"a list of units is {', '.join(map(repr, SCHEMES))}, not {shown(scheme)}", scheme)
    return str(scheme)


def _factor(code: Any) -> tuple[str, Decimal]:
    found = _FACTORS.get(code) if isinstance(code, str) else None
    if found is None:
        raise ValueRefused(f"{shown(code)} is none of the units {', '.join(_FACTORS)}", code)
    return found


def _check_unit(from_scheme: str, to_scheme: str) -> None:
    _scheme(from_scheme)
    _scheme(to_scheme)


def _check_convert(from_unit: Any, to_unit: Any) -> None:
    convert(1, from_unit, to_unit)


FILTERS: Final = (
    Filter("unit", unit, check=_check_unit, short=True),
    Filter("convert", convert, check=_check_convert, short=True),
)
