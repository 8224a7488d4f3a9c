"""Pipelines compiled from text, with small mappings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.mapping import Mapping, compile_mapping
from hub.pipelines import Pipeline, Surroundings, compile_pipeline
from hub.source import Mapping as MappingNode
from hub.source import Problems, parse
from tests.pipelines.shop import MAPPINGS, PIPELINE, SYSTEMS


@pytest.fixture(scope="session")
def mappings() -> dict[str, Mapping | None]:
    compiled: dict[str, Mapping | None] = {}
    for name, text in MAPPINGS.items():
        problems = Problems()
        node = parse(text, f"mappings/{name}.yaml", problems)
        assert isinstance(node, MappingNode)
        compiled[name] = compile_mapping(node, problems)
        assert list(problems) == []
    return compiled


@pytest.fixture(scope="session")
def compiled(mappings: dict[str, Mapping | None]) -> Callable[[str], tuple[Pipeline | None, list[str]]]:
    """Compiles the text of a pipeline; its problems as text, the file's name left out."""

    def compile_text(text: str) -> tuple[Pipeline | None, list[str]]:
        problems = Problems()
        node = parse(text, "pipelines/orders.yaml", problems)
        pipeline = None
        if node is not None:
            pipeline = compile_pipeline(node, Surroundings({**mappings, "shop/broken": None}, SYSTEMS), problems)
        return pipeline, [str(problem).removeprefix("pipelines/orders.yaml:") for problem in problems]

    return compile_text


@pytest.fixture(scope="session")
def pipeline(compiled: Callable[[str], tuple[Pipeline | None, list[str]]]) -> Pipeline:
    made, problems = compiled(PIPELINE)
    assert problems == []
    assert made is not None
    return made
