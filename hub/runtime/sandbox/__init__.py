"""The sandbox: simulated counterparts in a process of their own, and stories played with them.

async with started(story.counterparts, hub_url=…, directory=…) as sandbox:
    environment = environment_of(story, sandbox.endpoints)     # for the hub's process
    outcome = await play(story, hub, sandbox.client, listener)
"""

from __future__ import annotations

from hub.runtime.sandbox.client import SandboxClient, SandboxRefused
from hub.runtime.sandbox.counterpart import Counterpart
from hub.runtime.sandbox.play import Counterparts, Hub, Listener, Outcome, play
from hub.runtime.sandbox.process import Sandbox, SandboxFailed, started
from hub.runtime.sandbox.story import Story, environment_of, read_story

__all__ = [
    "Counterpart",
    "Counterparts",
    "Hub",
    "Listener",
    "Outcome",
    "Sandbox",
    "SandboxClient",
    "SandboxFailed",
    "SandboxRefused",
    "Story",
    "environment_of",
    "play",
    "read_story",
    "started",
]
