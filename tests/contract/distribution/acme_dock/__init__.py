"""A distribution of somebody else's: a connector for the parcel system Acme Dock."""
