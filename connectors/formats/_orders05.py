"""Segments and fields of SAP's basic type ORDERS05, which carries ORDERS, ORDCHG and ORDRSP.

Only what sales orders use; lengths are in characters, as the segment definitions in SAP's data
dictionary give them (transaction WE60; structures E1EDK01, E1EDP01 …, and EDI_DC40 for the control
record).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CONTROL = "EDI_DC40"
"""The control record, first in every IDoc."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: the one it stands in ("" for the IDoc itself), and its fields with their lengths."""

    parent: str
    fields: Mapping[str, int]


def _fields(declared: str) -> dict[str, int]:
    """`"QUALF 3, BELNR 35"` as a dict."""
    pairs = (item.split() for item in declared.split(","))
    return {name: int(length) for name, length in pairs}


_PARTNER = _fields(
    "PARVW 3, PARTN 17, LIFNR 17, NAME1 35, NAME2 35, NAME3 35, NAME4 35, STRAS 35, STRS2 35, PFACH 35, ORT01 35, "
    "COUNC 9, PSTLZ 9, PSTL2 9, LAND1 3, ABLAD 35, PERNR 30, PARNR 30, TELF1 25, TELF2 25, TELBX 25, TELFX 25, "
    "TELTX 25, TELX1 25, SPRAS 1, BNAME 35, PAORG 30, ORGTX 35, PAGRU 30, IHREZ 30, REGIO 3"
)
_DATE = _fields("IDDAT 3, DATUM 8, UZEIT 6")
_CONDITION = _fields("ALCKZ 3, KSCHL 4, KOTXT 80, BETRG 18, KPERC 8, KRATE 15, UPRBS 9, MEAUN 3, KOBTR 18")
_TAX = _fields("MWSKZ 7, MSATZ 17, MWSBT 18")
_DELIVERY_TERMS = _fields("QUALF 3, LKOND 3, LKTEXT 70")
_PAYMENT_TERMS = _fields("QUALF 3, TAGE 8, PRZNT 8")
_TEXT_HEAD = _fields("TDID 4, TSSPRAS 3, TSSPRAS_ISO 2")
_TEXT_LINE = _fields("TDLINE 70, TDFORMAT 2")

SEGMENTS: Mapping[str, Segment] = {
    CONTROL: Segment(
        "",
        _fields(
            "TABNAM 10, MANDT 3, DOCNUM 16, DOCREL 4, STATUS 2, DIRECT 1, OUTMOD 1, EXPRSS 1, TEST 1, IDOCTYP 30, "
            "CIMTYP 30, MESTYP 30, MESCOD 3, MESFCT 3, STD 1, STDVRS 6, STDMES 6, SNDPOR 10, SNDPRT 2, SNDPFC 2, "
            "SNDPRN 10, SNDSAD 21, SNDLAD 70, RCVPOR 10, RCVPRT 2, RCVPFC 2, RCVPRN 10, RCVSAD 21, RCVLAD 70, "
            "CREDAT 8, CRETIM 6, REFINT 14, REFGRP 14, REFMES 14, ARCKEY 70, SERIAL 20"
        ),
    ),
    "E1EDK01": Segment(
        "",
        _fields(
            "ACTION 3, KZABS 1, CURCY 3, HWAER 3, WKURS 12, ZTERM 17, KUNDEUINR 20, EIGENUINR 20, BSART 4, BELNR 35, "
            "NTGEW 18, BRGEW 18, GEWEI 3, FKART_RL 4, ABLAD 25, BSTZD 4, VSART 2, VSART_BEZ 20, RECIPNT_NO 10, "
            "KZAZU 1, AUTLF 1, AUGRU 3, AUGRU_BEZ 40, ABRVW 3, ABRVW_BEZ 20, FKTYP 1, LIFSK 2, LIFSK_BEZ 20, "
            "EMPST 25, ABTNR 4, DELCO 3, WKURS_M 12"
        ),
    ),
    "E1EDK14": Segment("", _fields("QUALF 3, ORGID 35")),
    "E1EDK03": Segment("", _DATE),
    "E1EDK04": Segment("", _TAX),
    "E1EDK05": Segment("", _CONDITION),
    "E1EDKA1": Segment("", _PARTNER),
    "E1EDKA3": Segment("E1EDKA1", _fields("QUALP 3, STDPN 70")),
    "E1EDK02": Segment("", _fields("QUALF 3, BELNR 35, POSNR 6, DATUM 8, UZEIT 6")),
    "E1EDK17": Segment("", _DELIVERY_TERMS),
    "E1EDK18": Segment("", _PAYMENT_TERMS),
    "E1EDKT1": Segment("", _TEXT_HEAD),
    "E1EDKT2": Segment("E1EDKT1", _TEXT_LINE),
    "E1EDP01": Segment(
        "",
        _fields(
            "POSEX 6, ACTION 3, PSTYP 1, KZABS 1, MENGE 15, MENEE 3, BMNG2 15, PMENE 3, ABFTZ 7, VPREI 15, PEINH 9, "
            "NETWR 18, ANETW 18, SKFBP 18, NTGEW 18, GEWEI 3, EINKZ 1, CURCY 3, PREIS 18, MATKL 9, UEPOS 6, "
            "GRKOR 3, EVERS 7, ABGRU 2, ABGRT 40, KZAZU 1, WERKS 4, LGORT 4, VSTEL 4, ROUTE 6"
        ),
    ),
    "E1EDP02": Segment("E1EDP01", _fields("QUALF 3, BELNR 35, ZEILE 6, DATUM 8, UZEIT 6, BSARK 35, IHREZ 30")),
    "E1EDP03": Segment("E1EDP01", _DATE),
    "E1EDP04": Segment("E1EDP01", _TAX),
    "E1EDP05": Segment("E1EDP01", _CONDITION),
    "E1EDP20": Segment("E1EDP01", _fields("WMENG 15, AMENG 15, EDATU 8, EZEIT 6")),
    "E1EDPA1": Segment("E1EDP01", _PARTNER),
    "E1EDPA3": Segment("E1EDPA1", _fields("QUALP 3, STDPN 70")),
    "E1EDP19": Segment("E1EDP01", _fields("QUALF 3, IDTNR 35, KTEXT 70")),
    "E1EDP17": Segment("E1EDP01", _DELIVERY_TERMS),
    "E1EDP18": Segment("E1EDP01", _PAYMENT_TERMS),
    "E1EDPT1": Segment("E1EDP01", _TEXT_HEAD),
    "E1EDPT2": Segment("E1EDPT1", _TEXT_LINE),
    "E1EDS01": Segment("", _fields("SUMID 3, SUMME 18, SUNIT 3, WAERQ 3")),
}
"""Every segment that may be written, by name; extension segments, which begin with Z, may as well."""
