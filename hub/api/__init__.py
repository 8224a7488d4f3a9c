"""The admin API at `/api/v1` and the metrics at `/metrics`, served by the web process beside webhooks.

Every request is run in a thread, so that none holds up the acknowledgement of a webhook.
"""
