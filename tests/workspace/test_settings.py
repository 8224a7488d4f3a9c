"""config/hub.yaml."""

# ruff: noqa: E501 - a table of mistakes is read line by line

from pathlib import Path

import pytest

from hub.source import ConfigurationRefused, Problems, parse
from hub.workspace.hub_file import HubFile
from hub.workspace.settings import HubSettings


def file_of(text: str) -> HubFile:
    return HubFile(parse(text, "config/hub.yaml", Problems()))


def checked(text: str) -> list[str]:
    problems = Problems()
    file_of(text).check(problems)
    return [str(problem).removeprefix("config/hub.yaml:") for problem in problems]


@pytest.mark.parametrize("file", [HubFile(), HubFile(parse("# nothing yet\n", "config/hub.yaml", Problems()))])
def test_an_absent_or_empty_file_has_defaults(file: HubFile):
    assert file.settings({}) == HubSettings()


def test_all_keys():
    text = """\
environment: prod
database: postgresql+psycopg://hub:${env:PW}@db/hub
listen: '[::1]:${env:PORT:-9000}'
workers: ${env:WORKERS}
limits: {body: 1MB, batch: 7}
log: {level: warning, format: json}
"""
    assert checked(text) == []
    settings = file_of(text).settings({"PW": "p:w@/", "WORKERS": "4"})
    assert settings.environment == "prod"
    assert (settings.listen.host, settings.listen.port, settings.workers) == ("::1", 9000, 4)
    assert (settings.limits.body, settings.limits.batch) == (1_000_000, 7)
    assert (settings.log.level, settings.log.format) == ("warning", "json")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("enviroment: x", "1:1: unknown-key: unknown key 'enviroment' (did you mean 'environment'?)"),
        ("environment: Prod!", "1:14: wrong-value: 'environment': string should match pattern"),
        ("log: {levl: info}", "1:7: unknown-key: unknown key 'levl' (did you mean 'level'?)"),
        ("log: {level: warn}", "1:14: wrong-value: 'level' cannot be the text 'warn'; it is one of 'debug', 'info', 'warning' or 'error' (did you mean 'warning'?)"),
        ("limits: {body: 10 quarts}", "1:16: wrong-value: 'body'"),
        ("limits: {body: 0MB}", "1:16: wrong-value: 'body'"),
        ("limits: {batch: many}", "1:17: wrong-type: 'batch' must be a whole number, not the text 'many'"),
        ("workers: 0", "1:10: wrong-value: 'workers'"),
        ("listen: 8400", "1:9: wrong-value: 'listen': 8400 is not an address; write host:port"),
        ("database: mysql://localhost/x", "1:11: wrong-value: 'database': mysql is no database of the hub; it is one of sqlite, postgresql"),
        ("database: 'sqlite://'", "1:11: wrong-value: 'database': this database is gone when the hub stops"),
        ("database: 'sqlite:///:memory:'", "1:11: wrong-value: 'database': this database is gone when the hub stops"),
        ("database: var/hub.db", "1:11: wrong-value: 'database': this is not a database URL"),
        ("database: postgresql://hub:geheim@db/hub", "1:11: secret-in-clear: the password of the database stands here in clear"),
        ("broker: redis://:geheim@redis:6379/0", "1:9: secret-in-clear: the password of the broker stands here in clear"),
        ("database: postgresql://hub:geheim@${env:HOST}/hub", "1:11: secret-in-clear"),
        ("- environment", "1:1: wrong-type: this must be a mapping"),
        ("just text", "1:1: wrong-type: this must be a mapping"),
        ("workers: ${WORKERS}", "1:10: bad-reference: ${WORKERS} is no reference (write ${env:WORKERS})"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(text: str, problem: str):
    found = checked(text)
    assert len(found) == 1
    assert found[0].startswith(problem)
    assert "geheim" not in found[0]


@pytest.mark.parametrize("text", ["database: ${env:URL}", "database: postgresql://${env:USER}:${env:PW}@db/hub"])
def test_unresolved_references_are_taken_for_right(text: str):
    assert checked(text) == []


def test_a_start_without_a_variable_is_refused():
    with pytest.raises(ConfigurationRefused, match=r"config/hub.yaml:1:10: unset-variable: .* WORKERS is not set"):
        file_of("workers: ${env:WORKERS}").settings({})
    with pytest.raises(
        ConfigurationRefused, match=r"config/hub.yaml:1:10: wrong-type: 'workers' must be a whole number"
    ):
        file_of("workers: ${env:WORKERS}").settings({"WORKERS": "many"})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///var/crossdock.db", "sqlite:////srv/hub/var/crossdock.db"),
        ("sqlite:////data/hub.db", "sqlite:////data/hub.db"),
        ("postgresql://db/hub", "postgresql://db/hub"),
    ],
)
def test_a_relative_database_file_starts_at_the_workspace(url: str, expected: str):
    settings = HubSettings(database=url)
    assert settings.database_url(Path("/srv/hub")).render_as_string(hide_password=False) == expected
