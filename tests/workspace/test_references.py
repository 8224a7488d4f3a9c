"""References to environment variables and files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.source import Node, Problems, parse, plain
from hub.workspace import references
from hub.workspace.references import offline, resolve


def node_of(text: str) -> Node:
    problems = Problems()
    node = parse(text, "config/connections/shop.yaml", problems)
    assert node is not None, list(problems)
    return node


def resolved(text: str, **environ: str) -> tuple[object, list[str]]:
    problems = Problems()
    return plain(resolve(node_of(text), environ, problems)), [str(problem) for problem in problems]


def test_references_stand_anywhere_in_a_text():
    found, problems = resolved(
        "url: https://${env:HOST}:${env:PORT:-443}/v1\nlist: [a, '${env:HOST}', 5]\nheaders:\n  X: Bearer ${env:TOKEN}",
        HOST="shop.example",
        TOKEN="s3cret",
    )
    assert problems == []
    assert found == {
        "url": "https://shop.example:443/v1",
        "list": ["a", "shop.example", 5],
        "headers": {"X": "Bearer s3cret"},
    }


def test_a_file_is_read_without_its_last_line_end(tmp_path: Path):
    (tmp_path / "token").write_text("line one\nline two\r\n\n")
    found, problems = resolved(f"token: ${{file:{tmp_path}/token}}")
    assert (found, problems) == ({"token": "line one\nline two"}, [])


@pytest.mark.parametrize(
    ("environ", "text", "value"),
    [
        ({"A": "x"}, "${env:A:-y}", "x"),
        ({"A": ""}, "${env:A:-y}", "y"),
        ({"A": ""}, "${env:A}", ""),
        ({}, "${env:A:-}", ""),
        ({}, "${env:A:-a:-b}", "a:-b"),
        ({"A": "${env:B}", "B": "x"}, "${env:A}", "${env:B}"),
        ({"A": "null"}, "${env:A}", "null"),
    ],
)
def test_what_a_variable_stands_for(environ: dict[str, str], text: str, value: str):
    assert resolved(f"key: '{text}'", **environ) == ({"key": value}, [])


def test_a_variable_that_is_not_set_is_named_with_its_place_and_the_nearest():
    _, problems = resolved("a: 1\ntoken: ${env:SHOPIFY_TOKN}", SHOPIFY_TOKEN="s3cret")
    assert problems == [
        "config/connections/shop.yaml:2:8: unset-variable: the environment variable SHOPIFY_TOKN is not set "
        "(did you mean 'SHOPIFY_TOKEN'?)"
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    (tmp_path / "large").write_bytes(b"x" * (references.MAX_SECRET_FILE + 1))
    for name, reason in {
        "absent": "cannot be read: No such file or directory",
        "binary": "is not UTF-8 text",
        "large": "is larger than 64 KiB",
        ".": "cannot be read: Is a directory",
    }.items():
        _, problems = resolved(f"token: ${{file:{tmp_path}/{name}}}")
        assert problems == [f"config/connections/shop.yaml:1:8: unreadable-file: {tmp_path}/{name} {reason}"]


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("${TOKEN}", "write ${env:TOKEN}"),
        ("${ TOKEN }", "write ${env:TOKEN}"),
        ("${env:TOKEN", "write ${env:NAME}, ${env:NAME:-default} or ${file:/path}"),
        ("${file:token}", "the path of a file begins with /: ${file:/run/secrets/token}"),
        ("${vault:a}", "write ${env:NAME}, ${env:NAME:-default} or ${file:/path}"),
        ("${env:A-B}", "write ${env:NAME}, ${env:NAME:-default} or ${file:/path}"),
        ("${}", "write ${env:NAME}, ${env:NAME:-default} or ${file:/path}"),
    ],
)
def test_what_is_no_reference_is_refused(text: str, suggestion: str):
    for run in (lambda node, found: resolve(node, {"TOKEN": "x"}, found), offline):
        problems = Problems()
        run(node_of(f"key: 'a {text}'"), problems)
        assert [(problem.kind, problem.suggestion) for problem in problems] == [("bad-reference", suggestion)]


def test_a_check_takes_defaults_and_leaves_the_rest_open():
    problems = Problems()
    node, unknown = offline(node_of("a: ${env:A}\nb: ${env:B:-5}\nc: ${file:/run/c}\nd: ${env:A}${env:B:-5}"), problems)
    assert list(problems) == []
    assert plain(node)["b"] == "5"
    assert sorted(place.line for place in unknown) == [1, 3, 4]


@given(st.text("${}env:fil/A-x", max_size=30))
def test_any_text_is_resolved_or_refused(text: str):
    problems = Problems()
    quoted = text.replace("'", "''")
    found = plain(resolve(node_of(f"key: '{quoted}'"), {"A": "value"}, problems))
    if "${" not in text:
        assert found == {"key": text}
        assert list(problems) == []
    else:
        assert len(problems) or "value" in found["key"] or "${" not in found["key"]
