"""In a notebook the same results are HTML tables, shown once, and text in them is only text."""

from __future__ import annotations

import os
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from rollout_console.render.html import render_html


@pytest.fixture
def run_notebook(console_env, monkeypatch):
    for name, value in console_env.items():
        monkeypatch.setenv(name, value)

    def run(*cells: str) -> list[list[dict[str, Any]]]:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute(cwd=os.getcwd())
        return [cell["outputs"] for cell in notebook["cells"]]

    return run


def test_a_command_in_a_notebook_shows_one_html_table(run_notebook):
    _, status, value, error = run_notebook(
        "%load_ext rollout_console", "rollout.status() // now", "_.rollout_percentage", "rollout.setRollout(150)"
    )
    assert len(status) == 1
    assert "<table>" in status[0]["data"]["text/html"]
    assert "20 % set, 20 % in effect" in status[0]["data"]["text/html"]
    assert "20 % set" in status[0]["data"]["text/plain"]
    assert value[0]["data"]["text/plain"] == "20"
    assert [o["output_type"] for o in error if "whole number from 0 to 100" in str(o)] == ["stream"]


def test_text_from_the_database_cannot_become_html(rollout, console_env):
    rollout.client.emergency_stop("<script>alert(1)</script>\ue000\ue001 & more")
    page = render_html(rollout.client.status())
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "\ue000" not in page


def test_every_report_renders_as_html(rollout, console_env):
    c = rollout.client
    rollout.report(good=20, bad=1)
    for result in (
        c.status(), c.stats(), c.categories(), c.show_metrics(), c.history(), c.preview(50), c.phases(),
        c.show_whitelist(), c.explain("acme/repo-1"), c.error_trend(), c.check_health(), c.set_rollout(30),
    ):  # fmt: skip
        page = render_html(result)
        assert page.count("<table>") == page.count("</table>")
        assert page.count("<span") == page.count("</span>")
