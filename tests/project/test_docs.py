"""Every link of every page leads somewhere."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.project.tree import ROOT, files


def tokens(page: Path) -> list[Token]:
    """The page's Markdown, block and inline tokens in one list."""
    found: list[Token] = []
    for token in MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text(encoding="utf-8")):
        found += [token, *(token.children or ())]
    return found


def links(page: Path) -> list[str]:
    """What the page's links and images point to."""
    targets = (token.attrGet("href") or token.attrGet("src") for token in tokens(page))
    return [str(target) for target in targets if target]


def anchors(page: Path) -> set[str]:
    """The names by which its headings can be linked to: lower case, hyphens for spaces, no punctuation."""
    found: dict[str, int] = {}
    named: set[str] = set()
    for opening, inline in pairwise(tokens(page)):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inline.children or ())
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            count = found.get(slug, 0)
            named.add(f"{slug}-{count}" if count else slug)
            found[slug] = count + 1
    return named


def is_broken(page: Path, target: str) -> bool:
    """Whether a link within the project leads nowhere; those to other sites are taken as they are."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return False
    goal = (ROOT / page).parent / unquote(parts.path) if parts.path else ROOT / page
    if not goal.exists():
        return True
    return bool(parts.fragment) and goal.suffix == ".md" and unquote(parts.fragment) not in anchors(goal)


def test_every_link_leads_somewhere() -> None:
    pages = [path for path in files() if path.suffix == ".md"]
    assert pages
    assert [f"{page}: {target}" for page in pages for target in links(page) if is_broken(page, target)] == []


def test_the_check_sees_broken_links(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Two words\n\n[a](#two-words) [b](#three) [c](https://example.com) [d](gone.md) [e](page.md)\n")
    assert [target for target in links(page) if is_broken(page, target)] == ["#three", "gone.md"]
