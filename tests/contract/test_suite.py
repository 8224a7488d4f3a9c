"""The contract suite itself: it passes a good connector and names what is wrong with others."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.contract.installed import environment, install

VIOLATIONS: dict[str, tuple[dict[str, tuple[str, str]], str]] = {
    "otherwise": (
        {"connector.py": ('name: ClassVar[str] = "otherwise"', 'name: ClassVar[str] = "other"')},
        "test_name_is_its_type_and_folder",
    ),
    "undescribed": (
        {"connector.py": ('Field(description="Base URL of the account.")', "Field()")},
        "test_settings_are_described_and_secrets_hidden",
    ),
    "opensecret": (
        {"connector.py": ("webhook_secret: SecretStr =", "webhook_secret: str =")},
        "test_settings_are_described_and_secrets_hidden",
    ),
    "noformat": (
        {"connector.py": ('{"acme.label": "json"}', '{"acme.label": "jsn"}')},
        "test_payload_types_have_formats",
    ),
    "undeclared": (
        {"connector.py": ('frozenset({"receive", "pull", "push"})', 'frozenset({"receive", "push"})')},
        "test_manifest_directions_are_what_the_code_does",
    ),
    "unexplained": (
        {"connector.py": ('"labels are numbered"', '" "')},
        "test_manifest_qualities_are_explained_and_possible",
    ),
    "exampleless": ({"README.md": ("url: https", "uri: https")}, "test_readme_example_is_a_valid_connection"),
    "unlimited": ({"README.md": ("## Limits", "## Other")}, "test_readme_tells_what_users_need"),
    "unsigned": (
        {"connector.py": ("if not hmac.", 'if "x-acme-signature" not in request.headers and not hmac.')},
        "test_a_changed_body_is_refused",
    ),
    "typeerror": (
        {"connector.py": ('"x-acme-signature", "").encode()', '"x-acme-signature", "").encode("ascii")')},
        "test_hostile_webhooks_are_refused_or_taken_never_worse",
    ),
    "chatty": (
        {"connector.py": ('("The signature', '(f"{secret!r}: the signature')},
        "test_a_missing_signature_is_refused",
    ),
    "optimist": (
        {
            "connector.py": (
                'effect=Effect.ONCE)\n        await context.checkpoint({"parcel": parcel, ',
                'effect=Effect.SAFE)\n        await context.checkpoint({"parcel": parcel, ',
            )
        },
        "test_under_a_fault_halfway_the_error_tells_the_truth[apply_and_close]",
    ),
    "twice": (
        {"simulator.py": ('["confirmed"] = 1', '["confirmed"] += 1')},
        "test_sent_again_it_still_has_one_effect",
    ),
    "forgetful": (
        {"connector.py": ("key=f\"label:{label['id']}\"", "key=f\"label:{id(response)}:{label['id']}\"")},
        "test_what_was_not_stored_is_offered_again_under_its_key",
    ),
    "cursorless": (
        {"connector.py": ('str(labels[-1]["id"]) if labels else cursor', '"0"')},
        "test_what_was_acknowledged_is_not_offered_again",
    ),
    "blind": (
        {"connector.py": ('if parcel["confirmed"]]', 'if not parcel["confirmed"]]')},
        "test_find_tells_whether_it_arrived",
    ),
    "fragile": (
        {"connector.py": ("if self._http is not None:\n            await", "if True:\n            await")},
        "test_close_never_raises",
    ),
    "meddler": (
        {
            "connector.py": (
                '"GET", "/labels", effect=Effect.SAFE, params={"after": "0"})',
                '"POST", "/parcels", effect=Effect.SAFE, headers={"idempotency-key": "x"})',
            )
        },
        "test_check_is_fine_and_consumes_nothing",
    ),
    "silent": (
        {"simulator.py": ("; known are {', '.join(FAULTS)}", "")},
        "test_simulator_lists_its_faults_to_who_asks_wrongly",
    ),
}


SETTINGS = """\
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What the tests found, by connector and test: all tests of the good one, its own of each bad one."""
    site = tmp_path_factory.mktemp("site")
    install(site)
    for name, (changes, _) in VIOLATIONS.items():
        install(site, name, changes)
    lines = [f'Test_{name} = contract_for("{name}")' for name in ["acme", *VIOLATIONS]]
    (site / "test_them.py").write_text("\n".join(["from hub.contract.testkit.suite import contract_for", *lines]))
    (site / "pytest.ini").write_text(SETTINGS)
    chosen = [f"test_them.py::Test_{name}::{test}" for name, (_, test) in VIOLATIONS.items()]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml"]
    done = subprocess.run(
        [*command, "test_them.py::Test_acme", *chosen],
        cwd=site,
        env=environment(site),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (site / "report.xml").is_file(), done.stdout + done.stderr
    found: dict[str, dict[str, str]] = {}
    for case in ElementTree.parse(site / "report.xml").iter("testcase"):
        name = case.attrib["classname"].rpartition("Test_")[2]
        found.setdefault(name, {})[case.attrib["name"]] = "".join(child.get("message", "") for child in case)
    return found


def test_a_good_connector_passes(outcomes: dict[str, dict[str, str]]) -> None:
    assert len(outcomes["acme"]) > 40
    assert {name: message for name, message in outcomes["acme"].items() if message} == {}


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_violation_is_found(outcomes: dict[str, dict[str, str]], violation: str) -> None:
    test = VIOLATIONS[violation][1]
    assert outcomes[violation][test].startswith(
        ("AssertionError", "Failed: DID NOT RAISE", "AttributeError", "Unicode")
    )
