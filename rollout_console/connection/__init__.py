"""Connections to PostgreSQL: the URL as it was pasted, and a session that behaves alike everywhere."""
