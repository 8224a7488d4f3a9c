"""Any HTTP endpoint that takes one JSON document per request."""
