"""The ledger: subjects, their events in order, and the heads that are folded from them."""
