"""`crossdock map`: one file through one mapping, its lineage, and the way back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hub.operations.scaffolds import init_workspace
from tests.cli.command import crossdock

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = "mappings/app/samples/order.json"
CODES = """\
mapping: app/codes
from: app.order
to: erp.order
fields:
  number: source.number
  kind: {$const: ZOR}
  articles:
    $each: source.items as item
    code: "item.alias | crosswalk('aliases') if item.alias else item.sku | crosswalk('articles')"
"""
BACK = """\
mapping: app/order_back
from: Order
to: app.order
fields:
  number: source.number
  created_at: source.ordered_at | text
  currency: source.currency
  customer: {name: source.buyer.name, email: source.buyer.email}
  items:
    $each: source.lines as line
    sku: line.sku
    quantity: line.quantity.value
    price: line.price.amount
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new workspace, in the current directory."""
    init_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add_codes(root: Path) -> None:
    (root / "mappings/app/codes.yaml").write_text(CODES)
    (root / "config/crosswalks").mkdir()
    (root / "config/crosswalks/articles.csv").write_text("from,to\nMUG,100-201\nCAP,100-900\n")
    (root / "config/crosswalks/aliases.csv").write_text("from,to\nCAP,900\n")


async def test_a_document_is_shown_as_json(root: Path) -> None:
    ended = await crossdock("map", SAMPLE, "--mapping", "app/order")
    assert ended.status == 0
    assert ended.json["buyer"] == {"name": "Ada Brandt", "email": "ada@mail.example"}
    assert ended.json["lines"][0]["price"] == {"amount": "12.50", "currency": "EUR"}


async def test_a_payload_is_written_in_the_targets_own_bytes(tmp_path: Path) -> None:
    sample = str(ROOT / "mappings/x12/samples/850.edi")
    words = ["map", sample, "--mapping", "x12/order", "--workspace", str(ROOT)]
    (tmp_path / "order.json").write_text((await crossdock(*words)).out)
    words = ["map", str(tmp_path / "order.json"), "--mapping", "x12/order_out", "--workspace", str(ROOT)]
    ended = await crossdock(*words)
    assert ended.status == 0
    assert ended.out.startswith("ISA*")
    assert "ST*850*" in ended.out
    assert "BEG" in (await crossdock(*words, "--format", "json")).json


async def test_each_field_is_explained_with_place_reads_and_rows(root: Path) -> None:
    add_codes(root)
    order = {"number": "1", "items": [{"sku": "MUG"}, {"sku": "CAP", "alias": "CAP"}, {"sku": "CAP"}]}
    (root / "order.json").write_text(json.dumps(order))
    fields = (await crossdock("map", "order.json", "--mapping", "app/codes", "--explain", "--format", "json")).json
    by_name = {one["field"]: one for one in fields}
    first = by_name["articles[0].code"]
    assert (first["file"], first["line"], first["value"]) == ("mappings/app/codes.yaml", 9, "100-201")
    assert {"path": "source.items[0].sku", "value": "MUG"} in first["reads"]
    assert first["crosswalks"] == [{"table": "articles", "value": "MUG", "target": "100-201"}]
    assert by_name["articles[1].code"]["crosswalks"] == [{"table": "aliases", "value": "CAP", "target": "900"}]
    assert by_name["articles[2].code"]["crosswalks"] == [{"table": "articles", "value": "CAP", "target": "100-900"}]
    assert (by_name["kind"]["value"], by_name["kind"]["line"]) == ("ZOR", 6)
    shown = (await crossdock("map", "order.json", "--mapping", "app/codes", "--explain")).out
    assert "crosswalk articles: MUG → 100-201" in shown
    assert 'source.items[0].sku: "MUG"' in shown


async def test_every_field_that_fails_is_told_at_once(root: Path) -> None:
    (root / "order.json").write_text(
        '{"currency": "EUR", "created_at": "noon", "customer": {"name": "A"}, "items": []}'
    )
    ended = await crossdock("map", "order.json", "--mapping", "app/order")
    assert (ended.status, ended.out) == (1, "")
    assert "mappings/app/order.yaml:7: number: source.number found nothing" in ended.err
    assert "mappings/app/order.yaml:8: ordered_at:" in ended.err
    assert "expression: source.created_at | datetime" in ended.err
    assert "source.created_at: noon" in ended.err
    errors = (await crossdock("map", "order.json", "--mapping", "app/order", "--format", "json")).json["errors"]
    assert [one["field"] for one in errors] == ["number", "ordered_at"]
    explained = await crossdock("map", "order.json", "--mapping", "app/order", "--explain")
    assert explained.status == 1
    assert "number ✗ source.number found nothing" in explained.out


async def test_what_the_document_refuses_is_told_with_its_place(root: Path) -> None:
    path = root / "mappings/app/order.yaml"
    path.write_text(path.read_text().replace("currency: source.currency", "currency: source.currency | lower"))
    ended = await crossdock("map", SAMPLE, "--mapping", "app/order")
    assert ended.status == 1
    assert "mappings/app/order.yaml:9: currency:" in ended.err


async def test_what_is_given_stands_in_for_the_hub(root: Path) -> None:
    add_codes(root)
    (root / "order.json").write_text('{"number": "1", "items": [{"sku": "TEA"}]}')
    (root / "given.yaml").write_text("crosswalk: {articles: {TEA: 200-1}}\n")
    words = ["map", "order.json", "--mapping", "app/codes", "--given"]
    assert (await crossdock(*words, "given.yaml")).json["articles"] == [{"code": "200-1"}]
    (root / "given.yaml").write_text("crosswalks: {articles: {TEA: 200-1}}\n")
    wrong = await crossdock(*words, "given.yaml")
    assert wrong.status == 4
    assert "given.yaml:1:1: unknown-key: unknown key 'crosswalks'" in wrong.err
    assert "did you mean 'crosswalk'" in wrong.err


async def test_what_comes_back_whole_does_not_differ(root: Path) -> None:
    (root / "mappings/app/order_back.yaml").write_text(BACK)
    order = json.loads((root / SAMPLE).read_text())
    del order["event"]
    (root / "order.json").write_text(json.dumps(order | {"created_at": "2026-03-02T10:15:00+01:00"}))
    ended = await crossdock("map", "order.json", "--mapping", "app/order", "--round-trip")
    assert (ended.status, ended.out) == (0, "Nothing differs: app/order and back by app/order_back.\n")
    lost = await crossdock("map", SAMPLE, "--mapping", "app/order", "--back", "app/order_back")
    assert lost.status == 1
    assert "event: expected the text '1001-1', found nothing" in lost.out


async def test_a_round_trip_over_edi_lists_what_the_way_back_does_not_keep() -> None:
    sample = str(ROOT / "mappings/x12/samples/850.edi")
    words = ["map", sample, "--mapping", "x12/order", "--round-trip", "--format", "json", "--workspace", str(ROOT)]
    ended = await crossdock(*words)
    assert ended.status == 1
    assert ended.json["back"] == "x12/order_out"
    assert any(difference.startswith("envelope.sender: ") for difference in ended.json["differences"])
    assert not any(difference.startswith("BEG") for difference in ended.json["differences"])


async def test_a_way_back_that_is_not_known_is_asked_for(root: Path) -> None:
    ended = await crossdock("map", SAMPLE, "--mapping", "app/order", "--round-trip")
    assert ended.status == 2
    assert "no mapping makes app.order of Order; name it with --back" in ended.err
    wrong = await crossdock("map", SAMPLE, "--mapping", "app/order", "--back", "app/warehouse_order")
    assert wrong.status == 2
    assert "makes warehouse.order of Order" in wrong.err


async def test_what_is_not_there_or_no_order_is_said(root: Path) -> None:
    assert (await crossdock("map", "gone.json", "--mapping", "app/order")).status == 3
    unknown = await crossdock("map", SAMPLE, "--mapping", "app/ordre")
    assert unknown.status == 1
    assert "did you mean 'app/order'" in unknown.err
    (root / "broken.json").write_bytes(b'{"number": ')
    assert (await crossdock("map", "broken.json", "--mapping", "app/order")).status == 1
    (root / "mappings/app/order.yaml").write_text("mapping: app/order\nfrom: app.order\nto: Order\nfields: {a: 'b('}\n")
    refused = await crossdock("map", SAMPLE, "--mapping", "app/order")
    assert refused.status == 4
    assert "mappings/app/order.yaml:4:" in refused.err


def test_standard_input_is_read_where_there_is_no_file(root: Path) -> None:
    words = [sys.executable, "-m", "hub.cli", "map", "-", "--mapping", "app/order", "--workspace", str(root)]
    ran = subprocess.run(words, cwd=ROOT, input=(root / SAMPLE).read_bytes(), capture_output=True, check=True)
    assert json.loads(ran.stdout)["number"] == "1001"
