"""Validation names the place and the right key, in words."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from hub.source import Problems, parse, validate


class Level(StrEnum):
    INFO = "info"
    DEBUG = "debug"


class Retry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    attempts: int = 8
    first: str = "10s"


class Connection(BaseModel):
    model_config = ConfigDict(extra="forbid")

    connection: str
    type: Literal["shopify", "http"] = "http"
    source: str = Field(default="x", alias="from")
    token: SecretStr | None = None
    level: Level = Level.INFO
    retry: Retry = Retry()
    routes: list[Retry] = []
    names: dict[str, int] = {}
    either: Retry | int = 1
    port: int = Field(default=1, ge=1, le=65535)

    @field_validator("connection")
    @classmethod
    def _no_space(cls, name: str) -> str:
        if " " in name:
            raise ValueError("a name has no spaces")
        return name


def problems_of(text: str) -> list[str]:
    problems = Problems()
    node = parse(text, "config/c.yaml", problems)
    assert node is not None
    assert (validate(Connection, node, problems) is None) == bool(problems.errors)
    return [str(problem) for problem in problems]


def test_what_is_right_becomes_the_model():
    problems = Problems()
    node = parse("connection: a\nfrom: b\nretry: {attempts: 3}\n", "c.yaml", problems)
    assert node is not None

    made = validate(Connection, node, problems)

    assert made is not None
    assert (made.connection, made.source, made.retry.attempts) == ("a", "b", 3)
    assert len(problems) == 0


def test_an_unknown_key_is_named_with_the_nearest_right_one():
    assert problems_of("connection: a\nretry:\n  attemts: 5\n") == [
        "config/c.yaml:3:3: unknown-key: unknown key 'attemts' (did you mean 'attempts'?)"
    ]


def test_the_nearest_name_is_the_one_written_in_yaml_and_of_that_place():
    assert "(did you mean 'from'?)" in problems_of("connection: a\nform: x\n")[0]
    assert "unknown key 'zzz' (known are attempts, first)" in problems_of("connection: a\nroutes: [{zzz: 1}]")[0]


def test_a_missing_key_is_reported_where_it_should_stand():
    assert problems_of("# head\ntype: http\n") == ["config/c.yaml:2:1: missing-key: missing key 'connection'"]


def test_a_wrong_type_says_what_it_must_be_and_what_it_is():
    assert problems_of("connection: 12\n") == [
        "config/c.yaml:1:13: wrong-type: 'connection' must be text, not the number 12 (put it in quotes)"
    ]
    assert (
        "2:23: wrong-type: 'attempts' must be a whole number, not the text 'x'"
        in problems_of("connection: a\nroutes: [ {attempts:  x}]")[0]
    )
    assert "2:9: wrong-type: 'routes' must be a list, not a mapping" in problems_of("connection: a\nroutes: {}")[0]
    assert "2:13: wrong-type: 'routes' item 2 must be a mapping" in problems_of("connection: a\nroutes: [{},1]")[0]
    assert "'connection' must be text, not nothing" in problems_of("connection:\n")[0]


def test_a_wrong_choice_names_the_choices_and_the_nearest():
    assert problems_of("connection: a\ntype: shopfy\nlevel: inf\n") == [
        "config/c.yaml:2:7: wrong-value: 'type' cannot be the text 'shopfy'; it is one of 'shopify' or 'http' "
        "(did you mean 'shopify'?)",
        "config/c.yaml:3:8: wrong-value: 'level' cannot be the text 'inf'; it is one of 'info' or 'debug' "
        "(did you mean 'info'?)",
    ]


def test_what_a_model_says_itself_is_said_at_the_value():
    assert problems_of("connection: a b\n") == ["config/c.yaml:1:13: wrong-value: 'connection': a name has no spaces"]
    assert problems_of("connection: a\nport: 70000\n") == [
        "config/c.yaml:2:7: wrong-value: 'port': input should be less than or equal to 65535"
    ]


def test_each_way_a_union_fails_is_at_the_value_that_is_wrong():
    found = problems_of("connection: a\neither:\n  attempts: x\n")

    assert any(
        problem.startswith("config/c.yaml:3:13: wrong-type: 'attempts' must be a whole number") for problem in found
    )


def test_a_secret_is_not_shown():
    assert problems_of("connection: a\ntoken: 48151623\n") == [
        "config/c.yaml:2:8: wrong-type: 'token' must be text, not the number (put it in quotes)"
    ]


def test_values_of_a_mapping_with_any_keys_have_their_places():
    assert "3:6: wrong-type: 'b' must be a whole number" in problems_of("connection: a\nnames:\n  b: x\n")[0]


def test_a_file_that_is_no_mapping_is_said_to_be_none():
    assert problems_of("- a\n") == [
        "config/c.yaml:1:1: wrong-type: this must be a mapping (keys and values), not a list"
    ]
