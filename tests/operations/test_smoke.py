from sqlalchemy import select
from hub.store import tables


async def test_it(hub):
    await hub.receive(key="wh-1")
    await hub.receive(said={"id": 5})
    await hub.receive(number=2, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])
    await hub.receive_bytes(b'{"id": 9, "na')
    hub.misbehave("crm", "error_400")
    await hub.settle()
    await hub.receive(number=1, updated_at="2026-03-02T10:16:02Z", total="22.00")
    await hub.settle()
    hub.misbehave("erp", "read_and_close")
    await hub.receive(number=3)
    await hub.settle()
    with hub.store.read() as c:
        for t in (
            "message",
            "document",
            "event",
            "delivery",
            "attempt",
            "failure",
            "reference",
            "order_head",
            "order_system",
        ):
            print("==", t)
            for r in c.execute(select(tables.metadata.tables[t])).mappings():
                print(
                    {
                        k: v
                        for k, v in r.items()
                        if v is not None and k not in ("headers", "sha256", "digest", "content", "config_version")
                    }
                )
    print(hub.counterparts["erp"].state())
