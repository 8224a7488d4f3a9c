"""What is read from a workspace's directory, and what is not."""

import os
from pathlib import Path

import pytest

from hub.contract.errors import ConfigError
from hub.workspace import files as workspace_files
from hub.workspace.files import overlay, read_directory, version_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    home = tmp_path / "workspace"
    for name, content in {
        "config/hub.yaml": "environment: test\n",
        "config/connections/shop.yaml": "connection: shop\n",
        "config/crosswalks/sap/materials.csv": "from,to\n",
        "config/stories/demo.yaml": "story: demo\n",
        "config/key.pem": "PRIVATE",
        "config/.env": "TOKEN=1",
        "mappings/shop/order.yaml": "mapping: shop/order\n",
        "mappings/shop/samples/order.json": "{}",
        "mappings/shop/README.md": "# Shop",
        "pipelines/orders.yaml": "pipeline: orders\n",
        "pipelines/helper.py": "import os",
        "var/crossdock.db": "data",
        "README.md": "# Ours",
    }.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return home


def test_only_configuration_and_samples_are_read(root: Path):
    assert sorted(read_directory(root)) == [
        "config/connections/shop.yaml",
        "config/crosswalks/sap/materials.csv",
        "config/hub.yaml",
        "mappings/shop/order.yaml",
        "mappings/shop/samples/order.json",
        "pipelines/orders.yaml",
    ]


def test_a_directory_without_configuration_is_no_workspace(tmp_path: Path):
    with pytest.raises(ConfigError, match="is no workspace"):
        read_directory(tmp_path)
    with pytest.raises(ConfigError, match="is no workspace"):
        read_directory(tmp_path / "absent")


@pytest.mark.parametrize("link", ["config/connections/leak.yaml", "mappings/leak"])
def test_a_link_out_of_the_workspace_is_refused(root: Path, tmp_path: Path, link: str):
    secret = tmp_path / "outside"
    secret.mkdir()
    (secret / "leak.yaml").write_text("password: x")
    (root / link).symlink_to(secret / "leak.yaml" if link.endswith(".yaml") else secret)
    with pytest.raises(ConfigError, match="leaves the workspace") as raised:
        read_directory(root)
    assert raised.value.where["file"] == link


def test_a_folder_that_kubernetes_mounted_is_read(root: Path):
    mounted = root / "config/connections/..2026_11_25"
    mounted.mkdir()
    (mounted / "erp.yaml").write_text("connection: erp\n")
    (root / "config/connections/..data").symlink_to(mounted.name)
    (root / "config/connections/erp.yaml").symlink_to("..data/erp.yaml")
    assert read_directory(root)["config/connections/erp.yaml"] == b"connection: erp\n"
    assert "config/connections/..2026_11_25/erp.yaml" not in read_directory(root)


def test_a_name_that_is_no_utf8_is_refused(root: Path):
    (root / os.fsdecode(b"mappings/caf\xe9.txt")).write_text("is no part of a configuration")
    read_directory(root)
    (root / os.fsdecode(b"mappings/shop/samples/caf\xe9.json")).write_text("{}")
    with pytest.raises(ConfigError, match=r"The name of mappings/shop/samples/caf\\xe9\.json is not UTF-8"):
        read_directory(root)


def test_links_that_go_in_circles_are_refused(root: Path):
    (root / "mappings/loop").symlink_to(root / "mappings")
    with pytest.raises(ConfigError, match="nested deeper"):
        read_directory(root)


def test_a_file_too_large_is_refused_by_name(root: Path):
    (root / "mappings/shop/samples/huge.json").write_bytes(b" " * (workspace_files.MAX_FILE + 1))
    with pytest.raises(ConfigError, match=r"samples/huge.json is larger than 4 MiB"):
        read_directory(root)


def test_too_many_files_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workspace_files, "MAX_FILES", 5)
    with pytest.raises(ConfigError, match="more than 5 files"):
        read_directory(root)


def test_the_version_changes_with_every_path_and_content(root: Path):
    files = dict(read_directory(root))
    version = version_of(files)
    assert version == version_of(dict(reversed(files.items())))
    renamed = {**files, "pipelines/other.yaml": files["pipelines/orders.yaml"]}
    del renamed["pipelines/orders.yaml"]
    edited = {**files, "config/hub.yaml": b"environment: prod\n"}
    moved = {"a": b"bc", "d": b""}
    assert (
        len({version, version_of(renamed), version_of(edited), version_of(moved), version_of({"a": b"b", "cd": b""})})
        == 5
    )


def test_a_workspace_stands_above_the_library():
    library = {"mappings/shop/order.yaml": b"theirs", "mappings/sap/orders05.yaml": b"theirs"}
    assert overlay({"mappings/shop/order.yaml": b"ours"}, library) == {
        "mappings/shop/order.yaml": b"ours",
        "mappings/sap/orders05.yaml": b"theirs",
    }
