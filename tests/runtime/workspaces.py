"""Workspaces for tests of the runtime, as dicts of files, and databases that hold one.

A shop's small orders go to HTTP targets, which see each order's id and revision; or the standard
library's way, from Shopify to SAP by IDoc files and back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hub.contract.clock import SystemClock
from hub.store import Store
from hub.store.schema import migrate
from hub.workspace import Workspace, load, standard_library
from hub.workspace.versions import Purpose, activate, keep

SECRET = "hush-hush"
DOMAIN = "acme.myshopify.com"
BODY_LIMIT = 64 * 1024

HUB = """\
environment: test
limits: {body: 64 KiB, batch: 20}
log: {level: warning, format: json}
"""

SHOP = f"""\
connection: shop
type: shopify
shop: {DOMAIN}
url: http://127.0.0.1:9
api_token: {SECRET}
webhook_secret: {SECRET}
"""

SHOP_ORDER = """\
mapping: test/order
from: shopify.order
to: Order
fields:
  number: source.name
  currency: {$const: EUR}
  cancelled: source.cancelled_at is defined
  buyer: {email: {$value: source.email, $optional: true}}
  totals:
    grand: source.total | money('EUR')
  lines:
    $each: source.lines as line
    line_id: line.id | text
    sku: line.sku
    quantity: line.quantity | quantity('EA')
"""

SINK_ORDER = """\
mapping: test/sink_order
from: Order
to: sink.order
fields:
  order: source.header.source_id
  revision: source.header.revision
  total: source.totals.grand.amount
"""

RETRY = "{attempts: 100, first: 100ms, longest: 500ms}"


def http_target(name: str, url: str, *, idempotent: bool = False, retry: str = RETRY, concurrency: int = 8) -> str:
    """The file of a connection of type http."""
    return (
        f"connection: {name}\ntype: http\nurl: {url}\nidempotent: {str(idempotent).lower()}\n"
        f"retry: {retry}\nconcurrency: {concurrency}\n"
    )


def shop_to_targets(targets: Mapping[str, str]) -> dict[str, str]:
    """A workspace whose orders go to all `targets`, files by connection name."""
    routes = "".join(f"  - {{to: {name}, map: test/sink_order}}\n" for name in targets)
    return {
        "config/hub.yaml": HUB,
        "config/connections/shop.yaml": SHOP,
        **{f"config/connections/{name}.yaml": text for name, text in targets.items()},
        "mappings/test/order.yaml": SHOP_ORDER,
        "mappings/test/sink_order.yaml": SINK_ORDER,
        "pipelines/orders.yaml": "pipeline: orders\n"
        "from: {connection: shop, types: [shopify.order]}\n"
        "subject: {order: source.id, version: source.updated_at, intent: snapshot}\n"
        "references: {number: source.name}\n"
        "steps:\n  - map: test/order\n"
        f"routes:\n{routes}",
    }


def sap_connection(access: Mapping[str, str]) -> str:
    """The file of the connection to a simulated SAP, by what its `start` returned."""
    return f"""\
connection: erp
type: sap_idoc
every: 1s
sftp:
  host: {access["host"]}
  port: {access["port"]}
  user: {access["user"]}
  password: {access["password"]}
  host_key: {access["host_key"]}
inbox: {{directory: out, pattern: ORDRSP_*.xml, ready: renamed}}
outbox: {{directory: in}}
retry: {RETRY}
"""


def shop_to_sap(access: Mapping[str, str], *, acknowledged: str = "snapshot") -> dict[str, str]:
    """Orders by the standard mappings to SAP, its confirmations back into the ledger."""
    return {
        "config/hub.yaml": HUB,
        "config/connections/shop.yaml": SHOP,
        "config/connections/erp.yaml": sap_connection(access),
        "config/crosswalks/sap/materials.csv": "from,to,valid_from,valid_to\n"
        "MUG-WHITE,100-201,,\nTEA-EARLGREY-100,100-402,,\n",
        "pipelines/orders.yaml": """\
pipeline: orders
from: {connection: shop, types: [shopify.order]}
subject: {order: source.id, version: source.updated_at, intent: snapshot}
references: {number: source.name}
steps:
  - map: shopify/order
routes:
  - to: erp
    map: sap/orders05
    when: effect == 'created'
    references: {po: document.po_number | default(document.number)}
  - to: erp
    map: sap/ordchg05
    when: effect == 'changed'
    needs: xref.erp.order
""",
        "pipelines/confirmations.yaml": f"""\
pipeline: confirmations
from: {{connection: erp, types: [idoc.ordrsp]}}
subject:
  order: {{po: "(source.E1EDK02 | where('QUALF', '001')).BELNR"}}
  version: source.EDI_DC40.DOCNUM
  intent: {acknowledged}
references: {{order: source.E1EDK01.BELNR}}
steps:
  - map: sap/ordrsp
""",
    }


NOWHERE = {"host": "127.0.0.1", "port": "9", "user": "sap", "password": "x", "host_key": f"SHA256:{'A' * 43}"}
"""Access to a SAP that is not there, for tests that never open the connection."""


def prepare(
    database_url: str, files: Mapping[str, str], library: Mapping[str, bytes] | None = None
) -> tuple[Store, Workspace]:
    """Bring a database to its schema and make `files` its active configuration, above what they use of the library.

    As `library` all of it can be given, where a test compares with a directory's.
    """
    used = library_of(files) if library is None else library
    loaded = load({path: text.encode() for path, text in files.items()}, library=used)
    loaded.problems.raise_if_errors()
    assert loaded.workspace is not None
    store = Store(database_url)
    migrate(store)
    with store.write() as connection:
        now = SystemClock().now()
        keep(connection, loaded.workspace, actor="test", at=now)
        activate(connection, loaded.workspace.version, purpose=Purpose.RUN, actor="test", at=now)
    return store, loaded.workspace


def library_of(files: Mapping[str, str]) -> dict[str, bytes]:
    """Those mappings of the library that pipelines among the files name: every process compiles all that it gets."""
    named = set(re.findall(r"\bmap: ([\w/]+)", "\n".join(files.values())))
    library = standard_library()
    return {path: library[path] for path in library if path.removeprefix("mappings/").removesuffix(".yaml") in named}
