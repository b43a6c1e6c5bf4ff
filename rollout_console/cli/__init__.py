"""The command line: `main`, and a module for each sub-command with its options and what it prints."""
