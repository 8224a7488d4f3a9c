"""Values, secrets, partners and unused files: what `crossdock check` tells beyond its reference's examples."""

# ruff: noqa: E501 - a table of mistakes is read line by line

from __future__ import annotations

from pathlib import Path

import pytest

from hub.contract.registry import connector_types, find_connector
from hub.workspace import read_directory, standard_library
from hub.workspace.checking import check
from tests.workspace.shop_files import FILES

ROOT = Path(__file__).parents[2]
PARTNER = """\
connection: {name}
type: x12
directory: /var/edi/{name}
inbox: {{directory: in, pattern: "*.edi", ready: renamed}}
outbox: {{directory: out}}
us: {us}
them: {them}
"""
ACME = "{qualifier: ZZ, id: ACME}"


def found(files: dict[str, bytes], library: dict[str, bytes] | None = None) -> list[str]:
    return [str(problem) for problem in check(files, library=library)]


def changed(path: str, before: str, after: str) -> dict[str, bytes]:
    text = FILES[path].decode()
    assert before in text
    return {**FILES, path: text.replace(before, after, 1).encode()}


def partners(*settings: tuple[str, str, str]) -> dict[str, bytes]:
    return {
        f"config/connections/{name}.yaml": PARTNER.format(name=name, us=us, them=them).encode()
        for name, us, them in settings
    }


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("  payment_status: {$const: payed}", "5:28: wrong-value: 'payed' cannot stand here"),
        ("  type: \"'standard' if source.email else 'drop-ship'\"", "5:9: wrong-value: 'drop-ship' cannot stand here: input should be 'standard', 'drop_ship', 'blanket', 'replacement' or 'sample' (did you mean 'drop_ship'?)"),
        ("  payment_status: {$value: source.email, $default: {$const: unpaid}}", "5:61: wrong-value: 'unpaid' cannot stand here"),
        ("  ship_to: {country: {$const: Germany}}", "5:31: wrong-value: 'Germany' cannot stand here: string should match pattern"),
        ("  ship_by: {$const: 2026-02-30}", "5:21: wrong-value: '2026-02-30' cannot stand here"),
        ("  ship_by: \"'30.02.2026' | date('%d.%m.%Y')\"", "5:12: never-works: \"'30.02.2026' | date('%d.%m.%Y')\" fails for every message"),
        ("  cancelled: {$const: maybe}", "5:23: wrong-value: 'maybe' cannot stand here"),
    ],
)  # fmt: skip
def test_a_value_that_is_never_right_is_named(field: str, told: str) -> None:
    files = changed("mappings/shop/order.yaml", "  number: source.name", f"{field}\n  number: source.name")
    assert [one for one in found(files) if one.startswith(f"mappings/shop/order.yaml:{told}")], found(files)


@pytest.mark.parametrize(
    "field",
    [
        "  payment_status: {$const: paid}",
        "  payment_status: null",
        "  ship_by: {$const: 2026-02-28}",
        "  ship_by: \"'28.02.2026' | date('%d.%m.%Y')\"",
        "  extensions: {anything: {$const: [at, all]}}",
        "  po_number: (1 + 1) | text",
    ],
)
def test_a_value_that_is_right_is_left_alone(field: str) -> None:
    files = changed("mappings/shop/order.yaml", "  number: source.name", f"{field}\n  number: source.name")
    assert found(files) == []


@pytest.mark.parametrize(
    ("path", "before", "after", "told"),
    [
        ("config/hub.yaml", "${env:DATABASE:-sqlite:///hub.db}", "postgresql://hub:s3cret@db/hub", "2:11: secret-in-clear: the password of the database"),
        ("config/connections/erp.yaml", "https://erp.example", "https://hub:s3cret@erp.example", "3:6: secret-in-clear: the password of the url"),
        ("config/connections/erp.yaml", "type: http", "type: http\nheaders: {X-Note: s3cret shpat_0123456789abcdef0123}", "3:19: secret-in-clear: the token of 'X-Note'"),
        ("config/connections/erp.yaml", "type: http", "type: http\nheaders: {X-Note: ghp_s3cret0123456789abcdef0123}", "3:19: secret-in-clear: the token of 'X-Note'"),
        ("config/connections/erp.yaml", "type: http", "type: http\nheaders: {X-Note: \"-----BEGIN RSA PRIVATE KEY----- s3cret\"}", "3:19: secret-in-clear: the private key of 'X-Note'"),
        ("config/connections/erp.yaml", "type: http", "type: http\nheaders: {X-Api-Key: s3cret}", "3:22: secret-in-clear: the secret 'X-Api-Key'"),
    ],
)  # fmt: skip
def test_a_secret_is_found_by_what_it_looks_like(path: str, before: str, after: str, told: str) -> None:
    said = found(changed(path, before, after))
    assert [one for one in said if one.startswith(f"{path}:{told}")], said
    assert len([one for one in said if "secret-in-clear" in one]) == 1
    assert "s3cret" not in "".join(said)


def test_a_password_behind_a_reference_is_none_in_clear() -> None:
    assert found(changed("config/connections/erp.yaml", "https://erp", "https://hub:${env:PASSWORD}@erp")) == []


@pytest.mark.parametrize(
    ("them", "told"),
    [
        ("{qualifier: ZZ, id: northwind}", "'northwind' has small letters, which ids in X12 have not; write NORTHWIND"),
        ("{qualifier: ZZ, id: NORTHWIND-TRADERS}", "string should have at most 15 characters"),
        ('{qualifier: "01", id: "12345"}', "an id with the qualifier 01 is a D-U-N-S number of 9 digits, and '12345' is none"),
        ('{qualifier: "1", id: NORTHWIND}', "string should match pattern"),
        ("{id: NORTHWIND, group_id: nw}", "'nw' has small letters"),
    ],
)  # fmt: skip
def test_an_id_that_no_partner_can_have_is_named(them: str, told: str) -> None:
    [said] = found(partners(("north", ACME, them)))
    assert said.startswith("config/connections/north.yaml:7:")
    assert told in said


def test_two_connections_to_one_partner_are_warned_of() -> None:
    files = partners(
        ("a", ACME, "{id: NORTHWIND}"), ("b", ACME, "{qualifier: ZZ, id: NORTHWIND}"), ("c", ACME, "{id: X}")
    )
    [said] = found(files)
    assert said.startswith("config/connections/b.yaml:7:7: same-partner: us and them are those of another connection")
    unknown = partners(("a", ACME, "{id: '${env:ID}'}"), ("b", ACME, "{id: '${env:ID}'}"))
    assert found(unknown) == []


def test_what_an_own_mapping_reads_is_used_though_no_pipeline_uses_it() -> None:
    mapping = b"mapping: own\nfrom: Order\nto: x\nfields: {a: source.number | crosswalk('own')}\n"
    said = found({**FILES, "mappings/own.yaml": mapping, "config/crosswalks/own.csv": b"from,to\na,b\n"})
    assert [one.split(": ")[1] for one in said] == ["unused-mapping"]


def test_samples_that_files_of_tests_name_are_used() -> None:
    trial = b"pipeline: orders\ntests:\n  - {name: x, input: {$file: samples/x.json}, expect: {documents: []}}\n"
    tests = b"mapping: shop/order\ntests:\n  - {name: x, input: {}, expect: {$file: samples/out.json}}\n"
    files = {
        **FILES,
        "pipelines/orders.test.yaml": trial,
        "pipelines/samples/x.json": b"{}",
        "mappings/shop/order.test.yaml": tests,
        "mappings/shop/samples/out.json": b"{}",
    }
    assert found(files) == []
    assert [one.split(":")[0] for one in found({**files, "pipelines/samples/y.json": b"{}"})] == [
        "pipelines/samples/y.json"
    ]


def test_the_librarys_samples_and_tables_are_not_called_unused() -> None:
    library = {"mappings/a/samples/x.json": b"{}"}
    assert found({**FILES, **library}, library) == []


def test_what_a_mapping_of_the_library_makes_is_held_against_the_payload() -> None:
    wrong = b"mapping: shopify/refunded\nfrom: Order\nto: shopify.refund\nfields: {order: source.number, amout: source.totals.grand.amount}\n"
    kinds = {one.split(": ")[1] for one in found({"mappings/shopify/refunded.yaml": wrong})}
    assert kinds == {"missing-field", "unknown-field"}


@pytest.mark.parametrize("name", connector_types())
def test_what_connectors_declare_of_payloads_and_partners_is_theirs(name: str) -> None:
    connector = find_connector(name)
    assert set(connector.payloads) <= set(connector.accepts)
    assert set(connector.partner) <= set(connector.Config.model_fields)


def test_the_workspace_shipped_here_is_right_in_every_way() -> None:
    said = found(dict(read_directory(ROOT)), dict(standard_library()))
    assert said == []
    everything = found(dict(read_directory(ROOT)))
    assert {one.split(": ")[1] for one in everything} == {"unused-mapping"}
