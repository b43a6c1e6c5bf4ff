"""What the tests share: servers, a terminal, a proxy that fails, a model of the rules."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
