"""Orders a second through the whole hub: webhook in, stored, mapped, applied, routed, POSTed, recorded.

    python bench/order_job.py [--quick] [--orders N] [--workers N]

A signed Shopify order of about 5.8 KB comes by HTTP, is durable before the 2xx, becomes a
canonical Order in the ledger, is mapped to JSON and POSTed to a sink; the attempt is recorded.
The hub runs as `crossdock run` does, with a web process and workers; load and sink share one
more process, with 32 connections. SQLite with synchronous=FULL, and beside it, where they can be
started, PostgreSQL alone and PostgreSQL with Redis as the broker. The clock runs from the first
request until the last delivery is settled.

Afterwards the stages run alone, in one process, and their CPU-milliseconds an order are printed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from order_job_load import Load
from order_job_run import Run
from order_job_servers import postgresql, redis_server
from order_job_stages import stages


def main() -> None:
    """Measure and print; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="600 orders instead of 6,000: a smoke test")
    parser.add_argument("--orders", type=int)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    count = arguments.orders or (600 if arguments.quick else 6_000)
    figures: dict[str, float] = {}
    load = Load(count)
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as folder:
        figures |= Run(f"sqlite:///{folder}/hub.db", load, arguments.workers).measure("")
        figures |= _on_postgresql(load, arguments.workers)
        figures |= stages(f"sqlite:///{Path(folder)}/stages.db", load, min(count, 1_000))
    print(json.dumps({"bench": "order_job", "figures": figures, "ratios": _ratios(figures)}))


def _on_postgresql(load: Load, workers: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    with postgresql() as create:
        if create is None:
            return figures
        figures |= Run(create("alone"), load, workers).measure("_postgresql")
        with redis_server() as broker:
            if broker is not None:
                figures |= Run(create("with_redis"), load, workers, broker).measure("_postgresql_redis")
    return figures


def _ratios(figures: dict[str, float]) -> dict[str, float]:
    ratios = {}
    for form in ("postgresql", "postgresql_redis"):
        if (rate := figures.get(f"orders_per_s_{form}")) is not None:
            ratios[f"{form}_to_sqlite"] = round(rate / figures["orders_per_s"], 3)
    return ratios


if __name__ == "__main__":
    main()
