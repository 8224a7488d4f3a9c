"""Shopify: orders by webhook, tags and metafields back by the GraphQL Admin API."""
