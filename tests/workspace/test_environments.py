"""Environments: what they lay over other files, which one is chosen, and where a mistake in one is reported."""

# ruff: noqa: E501 - a table of mistakes is read line by line

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import ConfigError
from hub.source import Location, Mapping, Node, Problems, Scalar, Sequence, parse, plain
from hub.workspace import Workspace, load, read_directory, version_of
from hub.workspace.checking import check
from hub.workspace.environments import KEPT, VARIABLE, laid_over
from hub.workspace.files import read_hub_files
from hub.workspace.loader import load_settings
from tests.workspace.shop_files import FILES

SECRETS = {"SHOP_TOKEN": "t", "SHOP_SECRET": "s", "ERP_TOKEN": "e"}
PRODUCTION = "config/environments/production.yaml"
STAGING = "config/environments/staging.yaml"

SCALED = b"""\
hub:
  database: postgresql+psycopg://hub:${env:DATABASE_PASSWORD}@db.internal/hub
  workers: 4
connections:
  erp:
    url: https://erp.production.example/orders
    retry: {attempts: 3}
"""
SHADOWED = b"connections: {erp: {shadow: true, url: https://erp.staging.example/orders}}\n"

TWO = {**FILES, PRODUCTION: SCALED, STAGING: SHADOWED}


def loaded(files: dict[str, bytes], **environ: str) -> Workspace:
    result = load(files, environ={**SECRETS, **environ})
    assert [str(problem) for problem in result.problems] == []
    assert result.workspace is not None
    return result.workspace


def url_of(workspace: Workspace) -> str:
    return str(workspace.connector_config("erp").model_dump()["url"])


def test_an_environment_changes_what_it_names_and_nothing_else():
    workspace = loaded(TWO, **{VARIABLE: "production"}, DATABASE_PASSWORD="pw")
    assert workspace.settings.environment == "production"
    assert workspace.settings.database == "postgresql+psycopg://hub:pw@db.internal/hub"
    assert workspace.settings.workers == 4
    assert url_of(workspace) == "https://erp.production.example/orders"
    spec = workspace.connections["erp"].spec
    assert (spec.retry.attempts, spec.retry.longest.total_seconds(), spec.shadow) == (3, 3600, False)
    assert workspace.connections["shop"].spec.system == "acme"
    staging = loaded(TWO, **{VARIABLE: "staging"})
    assert staging.settings.environment == "staging"
    assert staging.settings.database == "sqlite:///hub.db"
    assert staging.connections["erp"].spec.shadow


def test_without_a_choice_the_hubs_file_says_which():
    assert url_of(loaded(TWO)) == "https://erp.example/orders"
    assert loaded(TWO).settings.environment == "test"
    named = {**TWO, "config/hub.yaml": b"environment: staging\n"}
    assert url_of(loaded(named)) == "https://erp.staging.example/orders"
    outside = {**TWO, "config/hub.yaml": b"environment: ${env:STAGE:-staging}\n"}
    assert url_of(loaded(outside)) == "https://erp.staging.example/orders"
    assert (
        url_of(loaded(outside, STAGE="production", DATABASE_PASSWORD="pw")) == "https://erp.production.example/orders"
    )


def test_the_variable_stands_above_the_hubs_file():
    named = {**TWO, "config/hub.yaml": b"environment: staging\n"}
    workspace = loaded(named, **{VARIABLE: "production"}, DATABASE_PASSWORD="pw")
    assert workspace.settings.environment == "production"


def test_a_choice_that_is_none_is_refused_with_the_nearest():
    result = load(TWO, environ={**SECRETS, VARIABLE: "prodution"})
    assert result.workspace is None
    assert [str(problem) for problem in result.problems] == [
        "config/hub.yaml:1:14: unknown-environment: there is no environment 'prodution', which CROSSDOCK_ENVIRONMENT "
        "names (did you mean 'production'?)"
    ]
    own = loaded(TWO, **{VARIABLE: "test"})
    assert own.settings.environment == "test"


def test_a_name_that_stands_outside_and_is_not_there_is_refused_at_a_start():
    files = {**FILES, "config/hub.yaml": b"environment: ${env:STAGE}\n"}
    assert list(check(files)) == []
    with pytest.raises(ConfigError, match=r"config/hub\.yaml:1:14: unset-variable: .* STAGE"):
        _ = loaded(files).settings
    with pytest.raises(ConfigError, match="STAGE"):
        _ = loaded({**TWO, **files}).settings
    started = loaded({**TWO, **files}, STAGE="staging")
    assert load(started.files, environ=SECRETS).workspace is not None
    assert loaded(dict(started.files)).settings.environment == "staging"


def test_a_mistake_is_found_where_only_a_start_can_tell_the_environment():
    files = {**FILES, "config/hub.yaml": b"environment: ${env:STAGE}\nworker: 1\n"}
    for one in (files, {**files, STAGING: SHADOWED}):
        assert [f"{problem.location}: {problem.kind}" for problem in check(one)] == ["config/hub.yaml:2:1: unknown-key"]


def test_what_was_started_is_what_a_worker_loads_wherever_it_runs():
    started = loaded(TWO, **{VARIABLE: "staging"})
    again = load(started.files, environ={**SECRETS, VARIABLE: "production"}).workspace
    assert again is not None
    assert again.settings.environment == "staging"
    assert again.version == started.version
    by_itself = loaded(TWO)
    other = load(by_itself.files, environ={**SECRETS, VARIABLE: "production"}).workspace
    assert other is not None
    assert other.settings.environment == "test"


def test_the_version_covers_the_environments_and_which_one_was_chosen():
    versions = {
        loaded(FILES).version,
        loaded(TWO).version,
        loaded(TWO, **{VARIABLE: "staging"}).version,
        loaded({**TWO, STAGING: SHADOWED + b"# a note\n"}).version,
    }
    assert len(versions) == 4
    assert loaded(FILES).version == version_of(FILES)
    assert loaded(TWO, **{VARIABLE: "staging"}).files[KEPT] == b"staging\n"


def test_a_null_takes_a_key_away():
    files = {**FILES, "config/connections/erp.yaml": FILES["config/connections/erp.yaml"] + b"read_timeout: 7\n"}
    over = b"connections: {erp: {read_timeout: null}}\n"
    default = loaded(FILES).connector_config("erp").model_dump()["read_timeout"]
    assert loaded(files).connector_config("erp").model_dump()["read_timeout"] == 7
    workspace = loaded({**files, "config/environments/test.yaml": over})
    assert workspace.connector_config("erp").model_dump()["read_timeout"] == default


MISTAKES = [
    (b"connections: {epr: {shadow: true}}\n", "1:15: unknown-connection: there is no connection 'epr' (did you mean 'erp'?)"),
    (b"connections:\n  zzz: {shadow: true}\n", "2:3: unknown-connection: there is no connection 'zzz' (add config/connections/zzz.yaml)"),
    (b"conections: {}\n", "1:1: unknown-key: unknown key 'conections' of an environment (did you mean 'connections'?)"),
    (b"hub: {environment: staging}\n", "1:7: not-allowed: the name of this environment is that of its file, 'staging' (leave it out)"),
    (b"hub:\n  worker: 2\n", "2:3: unknown-key: unknown key 'worker' (did you mean 'workers'?)"),
    (b"hub:\n  log: {level: loud}\n", "2:16: wrong-value: 'level' cannot be the text 'loud'"),
    (b"hub: {database: postgresql://hub:secret@db/hub}\n", "1:17: secret-in-clear: the password of the database stands here in clear"),
    (b"hub: [a]\n", "1:6: wrong-type: 'hub' is a mapping of keys and values"),
    (b"- hub\n", "1:1: wrong-type: an environment is a mapping of keys and values"),
    (b"connections: {erp: soon}\n", "1:20: wrong-type: 'erp' is a mapping of keys and values"),
    (b"connections:\n  erp:\n    ulr: https://erp.example\n", "3:5: unknown-key: unknown key 'ulr' of a connection of type 'http' (did you mean 'url'?)"),
    (b"connections:\n  erp:\n    url: ftp://erp.example\n", "3:10: wrong-value: 'url': string should match pattern"),
    (b"connections:\n  erp:\n    bearer_token: hush\n", "3:19: secret-in-clear: the secret 'bearer_token' stands here in clear"),
    (b"connections:\n  erp:\n    url: null\n", "3:10: missing-key: missing key 'url'"),
    (b"connections:\n  erp: {retry: {first: 2h}}\n", "2:16: wrong-value: 'retry': the longest wait (1:00:00) is shorter than the first (2:00:00)"),
    (b"connections: {erp: {every: 5s}}\n", "1:28: not-allowed: a connection of type 'http' does not pull, so 'every' means nothing (leave it out)"),
    (b"connections: {erp: {connection: other}}\n", "1:33: wrong-name: the connection is called 'other', its file erp.yaml (write erp)"),
    (b"connections: {erp: {type: htpt}}\n", "1:27: unknown-connector: there is no connector 'htpt' (did you mean 'http'?)"),
    (b"hub: {workers: 1\n", "2:1: syntax:"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), MISTAKES, ids=[problem for _, problem in MISTAKES])
def test_a_mistake_is_reported_where_it_stands(text: bytes, problem: str):
    found = [str(one) for one in check({**FILES, STAGING: text})]
    assert [one for one in found if one.startswith(f"{STAGING}:{problem}")], found


def test_a_file_below_that_is_no_mapping_stays_wrong():
    files = {**TWO, "config/hub.yaml": b"- a\n", "config/connections/erp.yaml": b"[b]\n"}
    assert {f"{one.location}: {one.kind}" for one in check(files) if one.location.file.startswith("config/")} == {
        "config/hub.yaml:1:1: wrong-type",
        "config/connections/erp.yaml:1:1: wrong-type",
    }


def test_all_environments_are_checked_and_what_is_wrong_in_all_is_said_once():
    files = {**TWO, "config/connections/erp.yaml": FILES["config/connections/erp.yaml"] + b"colour: red\n"}
    files[STAGING] = b"connections: {erp: {idempotent: perhaps}}\n"
    files[PRODUCTION] = b"hub: {workers: 0}\n"
    assert [f"{one.location}: {one.kind}" for one in check(files)] == [
        "config/connections/erp.yaml:5:1: unknown-key",
        "config/environments/production.yaml:1:16: wrong-value",
        "config/environments/staging.yaml:1:33: wrong-type",
    ]


def test_a_hub_that_is_whole_in_its_environments_only_is_right():
    erp = b"connection: erp\ntype: http\nbearer_token: ${env:ERP_TOKEN}\n"
    files = {**TWO, "config/connections/erp.yaml": erp, "config/hub.yaml": b"environment: staging\n"}
    assert list(check(files)) == []
    assert [str(one.location) for one in check({**files, "config/hub.yaml": b"environment: test\n"})] == [
        "config/connections/erp.yaml:1:1"
    ]


@pytest.mark.parametrize("path", ["config/environments/Prod.yaml", "config/environments/a b.yaml"])
def test_the_name_of_an_environment_fits_into_an_idempotency_key(path: str):
    assert next(f"{one.location}: {one.kind}" for one in check({**FILES, path: b""})) == f"{path}:1:1: wrong-name"


def test_the_hubs_own_files_are_enough_to_find_the_database(tmp_path: Path):
    for name, content in TWO.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "config/connections/erp.yaml").write_bytes(b": broken")
    files = read_hub_files(tmp_path)
    assert sorted(files) == [
        "config/environments/production.yaml",
        "config/environments/staging.yaml",
        "config/hub.yaml",
    ]
    settings = load_settings(files, environ={VARIABLE: "production", "DATABASE_PASSWORD": "pw"})
    assert settings.database.endswith("@db.internal/hub")
    assert load_settings(files, environ={}).database == "sqlite:///hub.db"
    with pytest.raises(ConfigError, match="did you mean 'production'"):
        load_settings(files, environ={VARIABLE: "productoin"})
    assert load_settings({}, environ={}).environment == "development"


def test_files_of_environments_are_part_of_a_workspace(tmp_path: Path):
    for name in (STAGING, "config/environment", "config/environments/eu/x.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"hub: {}\n")
    files = read_directory(tmp_path)
    assert sorted(files) == ["config/environments/eu/x.yaml", STAGING]
    assert [f"{one.location}: {one.kind}" for one in check(files)] == ["config/environments/eu/x.yaml:1:1: unused-file"]


KEYS = st.sampled_from(["a", "b", "c"])
TREES = st.recursive(
    st.one_of(st.integers(0, 9), st.sampled_from(["x", "y"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
OVERLAYS = st.recursive(
    st.one_of(st.none(), st.integers(0, 9), st.sampled_from(["x", "y"])),
    lambda inner: st.one_of(st.lists(TREES, max_size=2), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


def mapping_of(tree: dict[str, object], file: str) -> Mapping:
    node = node_of(tree, file)
    assert isinstance(node, Mapping)
    return node


def node_of(tree: object, file: str) -> Node:
    where = Location(file, 1, 1)
    if isinstance(tree, dict):
        return Mapping(where, {key: (where, node_of(value, file)) for key, value in tree.items()})
    if isinstance(tree, list):
        return Sequence(where, [node_of(item, file) for item in tree])
    assert tree is None or isinstance(tree, int | str)
    return Scalar(where, tree, str(tree), plain=True)


def merged(base: object, above: object) -> object:
    """What RFC 7396 says of a patch, except that a null where nothing stands is left for validation to see."""
    if not isinstance(base, dict) or not isinstance(above, dict):
        return above
    result = dict(base)
    for key, value in above.items():
        if value is None and key in result:
            del result[key]
        else:
            result[key] = merged(base[key], value) if key in base else value
    return result


@given(st.dictionaries(KEYS, TREES, max_size=3), st.dictionaries(KEYS, OVERLAYS, max_size=3))
def test_laying_over_is_a_merge_by_key(base: dict[str, object], above: dict[str, object]):
    assert plain(laid_over(mapping_of(base, "below"), mapping_of(above, "above"))) == merged(base, above)


@given(st.binary(max_size=60))
def test_a_garbled_environment_is_reported_and_never_a_crash(noise: bytes):
    for text in (noise, SCALED[:40] + noise + SCALED[60:]):
        for problem in check({**FILES, STAGING: text}):
            assert problem.location.file in {*FILES, STAGING}


def test_positions_of_both_files_stay_true():
    problems = Problems()
    base, above = parse("a: {b: 1}\nc: 2\n", "below", problems), parse("a:\n  d: 3\n", "above", problems)
    assert isinstance(base, Mapping)
    assert isinstance(above, Mapping)
    node = laid_over(base, above)
    inner = node.get("a")
    assert isinstance(inner, Mapping)
    assert [str(place) for place, _ in inner.entries.values()] == ["below:1:5", "above:2:3"]
