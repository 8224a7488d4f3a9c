"""Connections: the hub's keys and the connector's, checked without surroundings, resolved at a start."""

# ruff: noqa: E501 - a table of mistakes is read line by line

import re
from datetime import timedelta
from pathlib import PurePosixPath

import pytest
from pydantic import BaseModel, SecretStr

from hub.source import ConfigurationRefused, Problems, parse
from hub.workspace.connections import Connection, read_connection
from hub.workspace.secrets import report_clear_secrets

SHOP = """\
connection: acme-shop
type: shopify
shop: acme.example
api_token: ${env:SHOP_TOKEN}
webhook_secret: ${file:/run/secrets/shop}
"""


def read(text: str, file: str = "config/connections/acme-shop.yaml") -> tuple[Connection | None, Problems]:
    problems = Problems()
    node = parse(text, file, problems)
    assert node is not None, list(problems)
    return read_connection(node, PurePosixPath(file), problems), problems


def checked(text: str) -> list[str]:
    """What is wrong with a connection's file, the folder left out."""
    connection, problems = read(text)
    if connection is not None and not problems.errors:
        connection.check(problems)
    return [str(problem).removeprefix("config/connections/acme-shop.yaml:") for problem in problems]


def test_a_right_one_needs_neither_variables_nor_files(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    assert checked(SHOP) == []


def test_the_hubs_keys_and_their_defaults():
    connection, _ = read(SHOP)
    assert connection is not None
    spec = connection.spec
    assert (spec.name, spec.type, spec.system, spec.paused) == ("acme-shop", "shopify", "acme-shop", False)
    assert (spec.concurrency, spec.every) == (8, timedelta(seconds=30))
    assert (spec.retry.attempts, spec.retry.first, spec.retry.longest) == (8, timedelta(seconds=10), timedelta(hours=1))
    connection, _ = read(
        SHOP + "system: acme\nretry: {attempts: 3, first: 500ms, longest: 2m}\nconcurrency: 1\npaused: true\n"
    )
    assert connection is not None
    spec = connection.spec
    assert (spec.system, spec.paused, spec.concurrency) == ("acme", True, 1)
    assert (spec.retry.attempts, spec.retry.longest) == (3, timedelta(minutes=2))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SHOP + "retyr: {}\n", "6:1: unknown-key: unknown key 'retyr' of a connection of type 'shopify' (did you mean 'retry'?)"),
        (SHOP + "api_tokn: ${env:A}\n", "6:1: unknown-key: unknown key 'api_tokn' of a connection of type 'shopify' (did you mean 'api_token'?)"),
        (SHOP + "retry: {atempts: 3}\n", "6:9: unknown-key: unknown key 'atempts' (did you mean 'attempts'?)"),
        (SHOP + "retry: {first: 10}\n", "6:16: wrong-value: 'first': 10 is not a time span; write a number and one of the units ms, s, m, h, d: 30s"),
        (SHOP + "retry: {first: 2h}\n", "6:8: wrong-value: 'retry': the longest wait (1:00:00) is shorter than the first (2:00:00)"),
        (SHOP + "retry: {first: 2h, longest: 1h}\n", "6:8: wrong-value: 'retry': the longest wait (1:00:00) is shorter than the first (2:00:00)"),
        (SHOP + "concurrency: 0\n", "6:14: wrong-value: 'concurrency': input should be greater than or equal to 1"),
        (SHOP + "concurrency: ${env:N}\n", "6:14: wrong-type: 'concurrency' must be a whole number, not the text '${env:N}'"),
        (SHOP + "paused: false\n", None),
        (SHOP + "system: Acme Shop\n", "6:9: wrong-value: 'system': string should match pattern"),
        (SHOP.replace("shop: acme.example\n", ""), "1:1: missing-key: missing key 'shop'"),
        (SHOP.replace("type: shopify\n", ""), "1:1: missing-key: missing key 'type'"),
        (SHOP.replace("connection: acme-shop\n", ""), "1:1: missing-key: missing key 'connection'"),
        (SHOP.replace("type: shopify", "type: shopfy"), "2:7: unknown-connector: there is no connector 'shopfy' (did you mean 'shopify'?)"),
        (SHOP.replace("type: shopify", "type: quantum"), "2:7: unknown-connector: there is no connector 'quantum' (known are"),
        (SHOP.replace("connection: acme-shop", "connection: acme-shp"), "1:13: wrong-name: the connection is called 'acme-shp', its file acme-shop.yaml (write acme-shop)"),
        (SHOP.replace("acme.example", "'https://acme'"), "3:7: wrong-value: 'shop': string should match pattern"),
        (SHOP.replace("${env:SHOP_TOKEN}", "shpat_12345"), "4:12: secret-in-clear: the secret 'api_token' stands here in clear (write ${env:API_TOKEN} or ${file:/run/secrets/api_token})"),
        (SHOP.replace("${env:SHOP_TOKEN}", "${SHOP_TOKEN}"), "4:12: bad-reference: ${SHOP_TOKEN} is no reference (write ${env:SHOP_TOKEN})"),
        (SHOP.replace("${env:SHOP_TOKEN}", "${env:SHOP_TOKEN:-demo}"), "4:12: secret-in-clear: the default of the secret 'api_token'"),
        (SHOP.replace("${env:SHOP_TOKEN}", "12345"), "4:12: secret-in-clear: the secret 'api_token'"),
        (SHOP + "api_version: ${env:V:-2025-1}\n", "6:14: wrong-value: 'api_version': string should match pattern"),
        (SHOP + "api_version: ${env:V:-2026-01}\n", None),
        (SHOP + "api_version: ${env:V}\n", None),
        ("- connection\n", "1:1: wrong-type: a connection is a mapping of keys and values"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(text: str, problem: str | None):
    found = checked(text)
    if problem is None:
        assert found == []
    else:
        assert found
        assert found[0].startswith(problem)


def test_a_secret_in_clear_is_never_repeated_in_a_message():
    assert "shpat_12345" not in "".join(checked(SHOP.replace("${env:SHOP_TOKEN}", "shpat_12345")))


def test_settings_are_resolved_at_a_start():
    text = SHOP.replace("${file:/run/secrets/shop}", "${env:SECRET:-x}-${env:SUFFIX}")
    connection, problems = read(text + "connect_timeout: ${env:TIMEOUT}\n")
    assert connection is not None, list(problems)
    config = connection.config({"SHOP_TOKEN": "t0ken", "SUFFIX": "1", "TIMEOUT": "7"})
    values = config.model_dump()
    assert values["api_token"].get_secret_value() == "t0ken"
    assert values["webhook_secret"].get_secret_value() == "x-1"
    assert values["connect_timeout"] == 7


def test_a_start_without_a_variable_is_refused_with_its_place():
    connection, _ = read(SHOP.replace("${file:/run/secrets/shop}", "${env:SECRET}"))
    assert connection is not None
    with pytest.raises(ConfigurationRefused) as raised:
        connection.config({"SHOP_TOKEM": "x"})
    assert str(raised.value) == (
        "config/connections/acme-shop.yaml:4:12: unset-variable: the environment variable SHOP_TOKEN is not set "
        "(did you mean 'SHOP_TOKEM'?)\n"
        "config/connections/acme-shop.yaml:5:17: unset-variable: the environment variable SECRET is not set "
        "(export SECRET=…)"
    )


def test_a_resolved_value_that_is_wrong_is_not_shown():
    connection, _ = read(
        SHOP.replace("${file:/run/secrets/shop}", "${env:SECRET}") + "connect_timeout: ${env:TIMEOUT}\n"
    )
    assert connection is not None
    with pytest.raises(ConfigurationRefused) as raised:
        connection.config({"SHOP_TOKEN": "t", "SECRET": "s", "TIMEOUT": "p4ssword"})
    assert "p4ssword" not in str(raised.value)
    assert re.search(r"6:18: .*'connect_timeout' must be a number, not the text '\$\{env:TIMEOUT\}'", str(raised.value))


class Inner(BaseModel):
    password: SecretStr


class Outer(BaseModel):
    one: Inner
    some: list[Inner] = []
    keys: list[SecretStr] = []
    headers: dict[str, SecretStr] = {}
    either: SecretStr | str = ""
    maybe: SecretStr | None = None


def test_secrets_are_found_wherever_a_connector_keeps_them():
    problems = Problems()
    text = """\
one: {password: a}
some: [{password: b}, {password: '${env:B}'}]
keys: [c, '${env:C}']
headers: {Content-Language: de, X-Api-Key: d, Authorization: "Bearer ${env:D}"}
either: e
maybe: null
"""
    node = parse(text, "f.yaml", problems)
    assert node is not None
    report_clear_secrets(Outer, node, problems)
    assert [str(problem.location) for problem in problems] == [
        "f.yaml:1:17",
        "f.yaml:2:19",
        "f.yaml:3:8",
        "f.yaml:4:44",
    ]
