"""A warehouse that takes releases and tells what it did, by CSV files."""
