"""Any webhook, verified as its sender signs it."""
