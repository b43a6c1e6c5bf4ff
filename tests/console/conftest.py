"""Each test of this folder runs once through each adapter."""

from tests.support.kinds import kind

__all__ = ["kind"]
