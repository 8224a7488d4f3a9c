"""Crossdock's hub: intake, mapping, ledger, routing and delivery of orders."""
