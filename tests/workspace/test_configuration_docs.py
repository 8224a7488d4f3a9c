"""docs/reference/configuration.md says what the models say."""

import re
from pathlib import Path, PurePosixPath

import pytest
from pydantic import BaseModel

from hub.ledger.policy import FulfilmentFile, NodeClause, ReleaseClause, compile_policy
from hub.pipelines.clauses import FromClause, PipelineFile, RouteClause, StepClause, SubjectClause
from hub.source import Problems, parse, validate
from hub.workspace.connections import ConnectionSpec, Retry, read_connection
from hub.workspace.environments import read_environment
from hub.workspace.hub_file import HubFile
from hub.workspace.schedule import Schedule
from hub.workspace.settings import HubSettings, Limits, Log
from hub.workspace.units import parse_address, parse_duration

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")

MODELS = [
    HubSettings,
    Limits,
    Log,
    ConnectionSpec,
    Retry,
    Schedule,
    PipelineFile,
    FromClause,
    SubjectClause,
    StepClause,
    RouteClause,
    FulfilmentFile,
    ReleaseClause,
    NodeClause,
]


def table_of(model: type[BaseModel]) -> dict[str, list[str]]:
    """Key to the other cells of the table that documents a model."""
    marker = f"<!-- keys: {model.__name__} -->\n"
    assert PAGE.count(marker) == 1
    rows = PAGE.split(marker)[1].split("\n\n")[0].splitlines()[2:]
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in rows]
    return {row[0].strip().strip("`"): [cell.strip() for cell in row[1:]] for row in cells}


@pytest.mark.parametrize("model", MODELS)
def test_every_key_is_documented_and_none_else(model: type[BaseModel]):
    assert list(table_of(model)) == [field.alias or name for name, field in model.model_fields.items()]


def test_every_table_of_keys_is_one_of_these():
    assert sorted(re.findall(r"<!-- keys: (\w+) -->", PAGE)) == sorted(model.__name__ for model in MODELS)


@pytest.mark.parametrize("model", [HubSettings, Limits, Log, Retry, Schedule, ConnectionSpec])
def test_documented_defaults_are_those_of_the_models(model: type[BaseModel]):
    readers = {"timedelta": parse_duration, "Address": parse_address}
    for key, cells in table_of(model).items():
        text = cells[0].strip("`")
        default = model.model_fields[key].get_default(call_default_factory=True, validated_data={})
        if cells[0].startswith("`"):
            read = readers.get(type(default).__name__)
            expected = read(text) if read else default
            assert expected == default, key
            if read is None and type(default).__name__ == "ByteSize":
                assert default.human_readable(decimal=False).replace(".0", "") == text
            elif read is None:
                assert str(default).lower() == text.lower(), key


def example(key: str) -> str:
    """The YAML block that begins with a key."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (block,) = [block for block in blocks if block.startswith(key)]
    return str(block)


def test_the_example_of_the_hubs_file_is_right():
    problems = Problems()
    node = parse(example("environment:"), "config/hub.yaml", problems)
    HubFile(node).check(problems)
    assert list(problems) == []
    settings = HubFile(node).settings({"DATABASE_PASSWORD": "x"})
    assert settings.limits.body == 20 * 1024 * 1024


def test_the_example_of_a_connection_is_right():
    problems = Problems()
    node = parse(example("connection:"), "config/connections/acme-shop.yaml", problems)
    assert node is not None
    connection = read_connection(node, PurePosixPath("config/connections/acme-shop.yaml"), problems)
    assert connection is not None
    connection.check(problems)
    assert list(problems) == []


def test_the_example_of_an_environment_is_right():
    problems = Problems()
    path = PurePosixPath("config/environments/production.yaml")
    node = parse(example("hub:"), str(path), problems)
    assert node is not None
    environment = read_environment(node, path, problems)
    HubFile(environment.over_hub(None)).check(problems)
    assert list(problems) == []
    assert sorted(environment.connections) == ["acme-sap", "acme-shop"]


def test_the_example_of_what_the_ledger_makes_is_right():
    problems = Problems()
    node = parse(example("acknowledge:"), "config/fulfilment.yaml", problems)
    assert node is not None
    assert compile_policy(node, problems) is not None, list(problems)


@pytest.mark.parametrize("name", ["orders-from-shop", "acknowledgements-to-shop"])
def test_the_examples_of_pipelines_have_the_right_keys(name: str):
    problems = Problems()
    node = parse(example(f"pipeline: {name}"), "pipelines/x.yaml", problems)
    assert node is not None
    assert validate(PipelineFile, node, problems) is not None, list(problems)
