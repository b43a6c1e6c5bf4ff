"""The tests; CONTRIBUTING.md says what is in which folder."""
