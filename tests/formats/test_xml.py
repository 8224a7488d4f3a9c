"""XML: plain trees out of it, nothing but the document read, and trees back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.xml import MAX_DEPTH, XmlFormat
from hub.contract.errors import DecodeError, RejectedMessage

FORMAT = XmlFormat()


def read(body: bytes):
    (tree,) = FORMAT.decode([body])
    return tree.data


def test_elements_become_text_dicts_and_lists():
    body = b"""<?xml version="1.0"?>
    <Order id="7">
      <Number>4711</Number><Note/>
      <Line><Sku>A</Sku></Line><Line><Sku>B</Sku></Line>
      <Total currency="EUR">19.90</Total>
    </Order>"""
    assert read(body) == {
        "Order": {
            "@id": "7",
            "Number": "4711",
            "Note": None,
            "Line": [{"Sku": "A"}, {"Sku": "B"}],
            "Total": {"@currency": "EUR", "#text": "19.90"},
        }
    }


def test_names_are_local_whatever_prefix_the_sender_chose():
    first = read(b'<a:Order xmlns:a="urn:o" xmlns:b="urn:p"><b:ID>1</b:ID></a:Order>')
    second = read(b'<Order xmlns="urn:o"><ID xmlns="urn:p">1</ID></Order>')
    assert first == second == {"Order": {"ID": "1"}}


def test_attributes_in_a_namespace_keep_their_prefix():
    body = b'<a xml:lang="de" xmlns:xsi="urn:i" xsi:type="T" type="t">x</a>'
    assert read(body) == {"a": {"@xml:lang": "de", "@xsi:type": "T", "@type": "t", "#text": "x"}}


def test_comments_and_instructions_leave_no_trace():
    assert read(b"<a>1<!-- no -->2<?php no?>3</a>") == {"a": "123"}


def test_encodings_are_read_as_declared():
    assert read('<?xml version="1.0" encoding="ISO-8859-1"?><a>größe</a>'.encode("latin-1")) == {"a": "größe"}
    assert read("<a>größe</a>".encode("utf-16")) == {"a": "größe"}


@pytest.mark.parametrize(
    ("body", "position"),
    [
        (b"", "1:1"),
        (b"<a>\n<b></a>", "2:8"),
        (b"<a/><b/>", "1:5"),
        (b"<a>\xff</a>", "1:4"),
        (b"<a>&x;</a>", "1:7"),
        (b"<a>", "1:4"),
    ],
)
def test_what_is_not_well_formed_is_refused_at_its_place(body, position):
    with pytest.raises(DecodeError) as refused:
        read(body)
    assert refused.value.position == position


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a>&from-the-dtd;</a>',
        b"<!DOCTYPE a [<!ELEMENT a (#PCDATA)>]><a>x</a>",
    ],
)
def test_definitions_are_refused(body):
    with pytest.raises(DecodeError, match="definitions are not taken"):
        read(body)


def test_a_billion_laughs_are_refused():
    entities = b'<!ENTITY x0 "ha">' + b"".join(
        b'<!ENTITY x%d "%s">' % (n, b"&x%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    with pytest.raises(DecodeError):
        read(b"<!DOCTYPE a [" + entities + b']><a b="&x11;">&x11;</a>')


def test_nothing_outside_the_document_is_read():
    include = b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/hostname" parse="text"/></a>'
    assert read(include) == {"a": {"include": {"@href": "/etc/hostname", "@parse": "text"}}}
    assert read(b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a>1</a>') == {"a": "1"}


def test_depth_and_size_are_bounded():
    with pytest.raises(DecodeError, match="depth"):
        read(b"<a>" * 10_000)
    with pytest.raises(DecodeError, match="32 MiB"):
        list(FORMAT.decode([b"<a>", *(b"<b>" + b"x" * 1024 * 1024 + b"</b>" for _ in range(33))]))
    tree: object = "x"
    for _ in range(MAX_DEPTH + 1):
        tree = {"a": tree}
    with pytest.raises(RejectedMessage, match=f"deeper than {MAX_DEPTH}"):
        FORMAT.encode(tree, "x")


def test_a_tree_is_written_with_its_namespaces():
    tree = {
        "Order": {
            "@xmlns": "urn:order",
            "@xmlns:cbc": "urn:basic",
            "cbc:ID": 4711,
            "Line": [{"@n": Decimal("1E+1"), "Price": Decimal("19.90"), "Gift": True}, {"Note": None}],
            "None": [],
            "Text": {"@xml:lang": "de", "#text": "größe & <b>"},
        }
    }
    assert FORMAT.encode(tree, "x").decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Order xmlns="urn:order" xmlns:cbc="urn:basic"><cbc:ID>4711</cbc:ID>'
        '<Line n="10"><Price>19.90</Price><Gift>true</Gift></Line><Line><Note/></Line>'
        '<Text xml:lang="de">größe &amp; &lt;b&gt;</Text></Order>'
    )


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"a": {"b": ["x", "\x01"]}}, "/a/b"),
        ({"a": {"@b": "\x00"}}, "/a/@b"),
        ({"a": {"b": "\ud800"}}, "/a/b"),
        ({"a": {"b": 1.5}}, "/a/b"),
        ({"a": {"b": Decimal("NaN")}}, "/a/b"),
        ({"a": {"b": [["x"]]}}, "/a/b"),
        ({"a": {"x:b": "1"}}, "/a/x:b"),
        ({"a": {"1b": "x"}}, "/a/1b"),
        ({"a": {"b c": "x"}}, "/a/b c"),
        ({"a": {7: "x"}}, "/a/7"),
        ({"a": []}, "/a"),
        ({"a": 1, "b": 2}, "/"),
        (["a"], "/"),
    ],
)
def test_what_xml_cannot_hold_is_refused_with_its_path(tree, path):
    with pytest.raises(RejectedMessage) as refused:
        FORMAT.encode(tree, "x")
    assert refused.value.where["field"] == path


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=20
)
LEAVES = st.none() | TEXT


def _contents(inner):
    values = inner | st.lists(inner, min_size=2, max_size=4)
    attributes = st.dictionaries(NAMES.map("@{}".format), TEXT, max_size=3).filter(lambda made: "@xmlns" not in made)
    return st.builds(
        lambda names, found: found | names, st.dictionaries(NAMES, values, min_size=1, max_size=4), attributes
    )


@given(st.dictionaries(NAMES, st.recursive(LEAVES, _contents, max_leaves=20), min_size=1, max_size=1))
def test_what_is_written_is_read_back_the_same(tree):
    assert read(FORMAT.encode(tree, "x")) == tree


def _outcome(body: bytes):
    """The tree, or the position at which it was refused."""
    try:
        return read(body)
    except DecodeError as refused:
        return refused.position


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused_with_a_position(body):
    assert _outcome(body) not in (None, "")


CXML = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.014/cXML.dtd">
<cXML payloadID="1" xml:lang="en-US">
  <Header><From><Credential domain="DUNS"><Identity>83528721</Identity></Credential></From></Header>
  <Request><OrderRequest>
    <OrderRequestHeader orderID="DO1234"><Total><Money currency="USD">12.34</Money></Total></OrderRequestHeader>
    <ItemOut quantity="1" lineNumber="1"><ItemDetail><UnitOfMeasure>EA</UnitOfMeasure></ItemDetail></ItemOut>
    <ItemOut quantity="2" lineNumber="2"><ItemDetail><UnitOfMeasure>EA</UnitOfMeasure></ItemDetail></ItemOut>
  </OrderRequest></Request>
</cXML>"""

UBL = b"""<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
       xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
       xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2">
  <cbc:ID>AEG012345</cbc:ID>
  <cac:OrderLine><cac:LineItem>
    <cbc:Quantity unitCode="KGM">100</cbc:Quantity>
    <cac:Price><cbc:PriceAmount currencyID="GBP">1.00</cbc:PriceAmount></cac:Price>
  </cac:LineItem></cac:OrderLine>
</Order>"""


def test_a_cxml_order_is_read_although_it_points_to_a_dtd():
    request = read(CXML)["cXML"]["Request"]["OrderRequest"]
    assert request["OrderRequestHeader"]["Total"]["Money"] == {"@currency": "USD", "#text": "12.34"}
    assert [item["@quantity"] for item in request["ItemOut"]] == ["1", "2"]


def test_an_ubl_order_is_read_by_local_names():
    item = read(UBL)["Order"]["OrderLine"]["LineItem"]
    assert item["Quantity"] == {"@unitCode": "KGM", "#text": "100"}
    assert item["Price"]["PriceAmount"]["@currencyID"] == "GBP"


@pytest.mark.parametrize("body", [CXML, UBL])
def test_what_partners_send_survives_a_round_trip(body):
    tree = read(body)
    assert read(FORMAT.encode(tree, "x")) == tree
