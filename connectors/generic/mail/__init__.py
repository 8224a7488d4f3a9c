"""Mail: documents as messages to people and systems, by SMTP."""
