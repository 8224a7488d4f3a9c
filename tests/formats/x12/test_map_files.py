"""The maps are pyx12's: it loads each, by name and by its index, and they hold what our nodes say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from xml.etree import ElementTree

import pytest
from lxml import etree
from pyx12.map_if import load_map_file
from pyx12.map_index import map_index
from pyx12.params import ParamsBase

from connectors.formats.x12 import sets
from connectors.formats.x12.nodes import LoopNode
from connectors.formats.x12.sets import MAPS, RELEASES, known_segments, known_sets, load_set
from tests.formats.x12.set_examples import KNOWN, example

INTERCHANGE_VERSIONS = {"004010": "00401", "005010": "00501"}


def test_these_sets_are_known():
    both = {"180", "204", "210", "214", "810", "820", "832", "846", "850", "852", "855", "856", "860", "865"}
    both |= {"940", "943", "944", "945", "990", "997"}
    assert known_sets("004010") == both
    assert known_sets("005010") == both | {"753", "754", "999"}


@pytest.mark.parametrize(("transaction", "release"), KNOWN)
def test_pyx12_loads_each_map(transaction, release):
    loaded = load_map_file(f"{transaction}.xml", ParamsBase(), str(MAPS / release))
    assert (loaded.id, loaded.icvn) == (transaction, INTERCHANGE_VERSIONS[release])
    begin = load_set(transaction, release).body.children[0]
    assert loaded.getnodebypath(f"/ISA_LOOP/GS_LOOP/ST_LOOP/{begin.id}").usage == "R"


@pytest.mark.parametrize("release", RELEASES)
def test_every_map_is_in_the_index(release):
    index = map_index(str(MAPS / release))
    assert {entry["map_file"] for entry in index.maps} == {f"{known}.xml" for known in known_sets(release)}
    assert index.get_filename(INTERCHANGE_VERSIONS[release], release, "PO") == "850.xml"
    assert index.get_filename(INTERCHANGE_VERSIONS[release], release, "FA") == "997.xml"


@pytest.mark.parametrize("release", RELEASES)
def test_maps_fit_the_schemas_of_pyx12(release):
    packaged = files("pyx12").joinpath("map")
    maps = etree.XMLSchema(etree.fromstring(packaged.joinpath("map.v2.xsd").read_bytes()))
    for path in [*(MAPS / release).glob("[0-9]*.xml"), *(MAPS / release).glob("x12.control.*.xml")]:
        maps.assertValid(etree.parse(path))
    for name in ("dataele", "maps"):
        schema = etree.XMLSchema(etree.fromstring(packaged.joinpath(f"{name}.xsd").read_bytes()))
        schema.assertValid(etree.parse(MAPS / release / f"{name}.xml"))


@pytest.mark.parametrize("release", RELEASES)
def test_every_element_of_a_map_has_its_type_and_length(release):
    elements = ElementTree.parse(MAPS / release / "dataele.xml").iter("data_ele")
    defined = {element.get("ele_num") for element in elements}
    for path in (MAPS / release).glob("[0-9]*.xml"):
        used = {element.get("data_ele") for element in ElementTree.parse(path).iter("element")}
        assert used <= defined, path.name


@pytest.mark.parametrize(("transaction", "release"), KNOWN)
def test_no_map_has_codes_or_texts(transaction, release):
    root = ElementTree.parse(MAPS / release / f"{transaction}.xml").getroot()
    codes = [code.text for code in root.iter("code")]
    assert codes == [INTERCHANGE_VERSIONS[release]]  # of ISA12, by which pyx12 tells the version of a map
    names = {node.get("name") for tag in ("segment", "element", "composite") for node in root.iter(tag)}
    assert names == {node.get("xid") for tag in ("segment", "element", "composite") for node in root.iter(tag)}


def test_nodes_say_what_the_map_says():
    body = load_set("850", "004010").body
    line = next(child for child in body.children if child.key == "PO1_loop")
    assert (line.id, line.mandatory, line.most) == ("PO1", True, 100000)
    price = line.children[0].elements[3]
    assert (price.ref, price.number, price.mandatory, price.kind, price.least, price.most) == (
        "PO104",
        "212",
        False,
        "R",
        1,
        17,
    )
    reference = next(child for child in body.children if child.key == "REF")
    assert [part.ref for part in reference.elements[3].components][:2] == ["REF0401", "REF0402"]
    assert {"PO1_loop", "REF"} <= body.lists
    assert "CTT_loop" not in body.lists


def test_a_loop_has_the_id_of_the_standard():
    body = load_set("940", "004010").body
    ids = {child.key: child.id for child in body.children if isinstance(child, LoopNode)}
    assert ids == {"N1_loop": "0100", "LM_loop": "0200", "LX_loop": "0300"}


def test_a_set_is_loaded_once_whoever_asks_first(monkeypatch):
    loads = []
    monkeypatch.setattr(sets, "_loaded", {})
    monkeypatch.setattr(sets, "load_map_file", lambda *given: loads.append(given) or load_map_file(*given))
    with ThreadPoolExecutor(8) as threads:
        nodes = list(threads.map(lambda _: load_set("997", "004010"), range(16)))
    assert len(loads) == 1
    assert all(node is nodes[0] for node in nodes)


@pytest.mark.parametrize("release", RELEASES)
def test_segments_of_a_release_are_known(release):
    own = {line.split("*")[0] for known in known_sets(release) for line in example(known, release).splitlines()}
    assert own <= known_segments(release)
    assert "ZZZ" not in known_segments(release)
