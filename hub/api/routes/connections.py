"""Connections: how each stands, whether it answers, and what a person does to it."""

from __future__ import annotations

import asyncio
import threading

from hub.api.parameters import Actor, Asked, AtDesk, Word, Words
from hub.api.threads import Router
from hub.operations.connections.health import ConnectionTest, ConnectionView, check_connection, list_connections
from hub.operations.connections.host_keys import Offer, offered_host_keys, trust_host_keys
from hub.operations.connections.pauses import Paused, Resumed, pause_connection, resume_connection
from hub.operations.connections.reconcile import Reconciled, reconcile
from hub.operations.connections.shadow import Resent, resend_shadowed
from hub.operations.errors import BadInput, OperationRefused

router = Router("connections")

# Pulls of one process bear one name, by which a lease cannot tell them apart.
_pulling = threading.Lock()


class PauseAsked(Asked):
    """Why, for whoever sees what waits."""

    reason: str = ""


class TrustAsked(Asked):
    """The fingerprint that the server's operator confirmed, `SHA256:…`."""

    fingerprint: Word


class ResendAsked(Asked):
    """Deliveries by their ids, or `everything` that shadow kept back."""

    deliveries: Words
    everything: bool = False


@router.get("", summary="List the connections")
def list_(desk: AtDesk) -> list[ConnectionView]:
    """Whether they are paused, what they turned away, what is left to deliver, and who did what to them."""
    return list_connections(desk.store, desk.workspace)


@router.post("/{name}/test", summary="Ask a connection's counterpart whether all is well")
def test(desk: AtDesk, name: Word) -> ConnectionTest:
    """It consumes nothing; a pause for refused credentials ends if it is well."""
    return asyncio.run(check_connection(desk.store, desk.workspace, name, clock=desk.clock))


@router.post("/{name}/reconcile", summary="Pull from a connection now")
def reconcile_(desk: AtDesk, name: Word) -> Reconciled:
    """What its webhooks missed, or a file that cannot wait for its time."""
    return asyncio.run(reconcile(desk.store, desk.workspace, name, clock=desk.clock))


@router.post("/{name}/pause", summary="Let a connection neither pull nor send until it is resumed")
def pause(desk: AtDesk, actor: Actor, name: Word, asked: PauseAsked) -> Paused:
    """What is due waits; webhooks are taken and stored as always."""
    return pause_connection(desk.store, desk.workspace, name, reason=asked.reason, actor=actor, clock=desk.clock)


@router.post("/{name}/resume", summary="Let a connection that was paused run again")
def resume(desk: AtDesk, actor: Actor, name: Word) -> Resumed:
    """409 for one that its file pauses."""
    return resume_connection(desk.store, desk.workspace, name, actor=actor, clock=desk.clock)


@router.post("/{name}/host-keys", summary="Ask a connection's SFTP servers for host keys that are not trusted")
def host_keys(desk: AtDesk, name: Word) -> Offer:
    """Nothing else is sent to such a server."""
    return asyncio.run(offered_host_keys(desk.store, desk.workspace, name, clock=desk.clock))


@router.post("/{name}/host-keys/trust", summary="Trust the host key that has a fingerprint, then test the connection")
def trust(desk: AtDesk, actor: Actor, name: Word, asked: TrustAsked) -> ConnectionTest:
    """409 if the connection's servers offer no such key."""
    offer = host_keys(desk, name)
    keys = [key for key in offer.keys if key.fingerprint == asked.fingerprint.rstrip("=")]
    if not keys:
        offered = ", ".join(f"{key.server} offers {key.type} {key.fingerprint}" for key in offer.keys)
        raise OperationRefused(
            f"{name} was offered no host key with the fingerprint {asked.fingerprint}: "
            f"{offered or 'there is none that is not trusted'}.",
            connection=name,
        )
    return asyncio.run(trust_host_keys(desk.store, desk.workspace, name, keys, actor=actor, clock=desk.clock))


@router.post("/{name}/resend", summary="Send what was kept back while a connection was in shadow")
def resend(desk: AtDesk, actor: Actor, name: Word, asked: ResendAsked) -> Resent:
    """The same bytes, under the same idempotency key. 409 while the hub runs it in shadow."""
    if bool(asked.deliveries) == asked.everything:
        raise BadInput("Name deliveries, or say that everything is meant.")
    return resend_shadowed(desk.store, desk.workspace, name, asked.deliveries, actor=actor, clock=desk.clock)
