"""The page of a report, for people, whatever stood in the messages."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html

from hub.operations.gate import Example, Group, Kind, Place, Report, page_of
from hub.operations.gate.words import HEADINGS

HOSTILE = '<script>alert(1)</script><img src=x onerror="a">{{ 7 * 7 }}\x1b[31m\u202e\x00\x9b'


def report(*groups: Group, **changes: Any) -> Report:
    said: dict[str, Any] = {
        "active": "a" * 64,
        "new": "b" * 64,
        "messages": 1,
        "documents": 1,
        "deliveries": 1,
        "differs": bool(groups),
        "summary": "1 message, 1 document, 1 delivery: 1 would change.",
        "counts": {},
        "groups": list(groups),
        "files": [],
        "notes": [],
    }
    return Report(**{**said, **changes})


def group(kind: Kind, text: str = "text") -> Group:
    noted = kind in (Kind.FAILS, Kind.AS_BEFORE)
    values = {} if noted else {"before": text, "after": None}
    example = Example(text, text, path=f"lines[0].{text}", note=text if noted else "", masked=True, **values)
    return Group(kind, Place(text, text, text, text, text), count=3, examples=[example])


@pytest.mark.parametrize("kind", [Kind.CHANGES, Kind.FAILS, Kind.IDENTITY])
def test_what_stood_in_a_message_stays_text(kind: Kind) -> None:
    page = page_of(report(group(kind, HOSTILE), summary=HOSTILE, notes=[HOSTILE]))
    tree = html.document_fromstring(page)
    assert tree.xpath("//script | //img | //link | //iframe | //@src | //@onerror") == []
    assert not set("\x1b\u202e\x00\x9b") & set(page)
    assert "{{ 7 * 7 }}" in tree.text_content()
    assert "<script>alert(1)</script>" in tree.text_content()


def test_a_page_needs_nothing_from_elsewhere_and_no_script() -> None:
    page = page_of(report(*(group(kind) for kind in Kind)))
    tree = html.document_fromstring(page)
    assert all(link.startswith("#") for link in tree.xpath("//@href"))
    assert "url(" not in page
    assert "@import" not in page
    ids = tree.xpath("//@id")
    assert {link[1:] for link in tree.xpath("//@href")} <= set(ids)
    assert len(ids) == len(set(ids))


def test_every_kind_has_its_part_with_now_and_then() -> None:
    page = page_of(report(*(group(kind) for kind in Kind)))
    tree = html.document_fromstring(page)
    assert tree.xpath("//h2/text()") == list(HEADINGS.values())
    assert len(tree.xpath("//details/summary")) == len(Kind)
    [part] = tree.xpath(f"//section[@aria-labelledby='{Kind.CHANGES}']")
    assert part.xpath(".//th/text()") == ["Now", "Then", "Order", "First message", "Times"]
    assert "nothing" in part.text_content()
    assert "And 2 more that are not shown." in part.text_content()
    assert "Dangerous" in tree.text_content()


def test_without_a_difference_it_says_so() -> None:
    tree = html.document_fromstring(page_of(report(summary="nothing would be otherwise.")))
    assert tree.xpath("//p[contains(@class, 'same')]//text()") == ["nothing would be otherwise."]
    assert tree.xpath("//details") == []
