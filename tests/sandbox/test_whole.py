"""A whole story: read from YAML, its counterparts in a sandbox of their own, a hub that delivers to one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from hub.runtime.sandbox import environment_of, play, read_story, started
from tests.sandbox.simulated import Heard, ScriptedHub

STORY = """\
story: sending
title: A document is sent, and sent again
counterparts:
  acme-api:
    simulator: http
    settings: {idempotent: true}
    env: {ACME_URL: url}
steps:
  - run: crossdock send key-1
  - title: It is there once
    expect:
      - {counterpart: acme-api, path: effects.key-1, equals: 1, stays: true}
      - {counterpart: acme-api, path: bodies, contains: {key: key-1, body: '{"n": 1}'}}
  - misbehave: {counterpart: acme-api, fault: error_500, times: 1}
  - run: crossdock send key-1
  - run: crossdock send key-1
  - title: It was sent three times
    expect:
      - {counterpart: acme-api, path: received.key-1, equals: 3}
      - {counterpart: acme-api, path: effects.key-2, absent: true}
"""


class SendingHub(ScriptedHub):
    """Its one command sends a document under a key."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    async def command(self, words: list[str]) -> str:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(self._url, content=b'{"n": 1}', headers={"Idempotency-Key": words[1]})
        return f"HTTP {answer.status_code}"


async def test_a_story_is_played_against_its_sandbox(tmp_path: Path) -> None:
    story, heard = read_story(STORY, "sending.yaml"), Heard()
    async with started(story.counterparts, hub_url="http://127.0.0.1:9", directory=tmp_path) as sandbox:
        environment: dict[str, Any] = environment_of(story, sandbox.endpoints)
        outcome = await play(story, SendingHub(environment["ACME_URL"]), sandbox.client, heard)
    assert [check for check in outcome.checks if not check.passed] == []
    assert outcome.passed
    assert heard.outputs == ["HTTP 200", "HTTP 500", "HTTP 200"]
    assert len(outcome.checks) == 5
