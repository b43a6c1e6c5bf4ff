"""Deployments that are not adopted yet."""

from __future__ import annotations

import pytest

from tests.migrations.answers import sql
from tests.migrations.deployments import deployment
from tests.support import hosted


@pytest.fixture
def deployed(fresh_database):
    """Build a deployment that is not migrated yet: an older project's, which gave the API's roles all by default."""

    def build(shape: str, *, rows: bool = True) -> str:
        url: str = fresh_database(migrated=False, template=hosted.TEMPLATE_BEFORE)
        sql(url, deployment(shape, rows=rows))
        return url

    return build
