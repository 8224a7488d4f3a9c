"""HubSpot: contacts, deals, orders and tickets written by the CRM API, changes received by webhook."""
