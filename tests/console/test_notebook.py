"""In a notebook the same results are HTML tables, shown once, and text in them is only text."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
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


@pytest.mark.dependencies
def test_a_command_in_a_notebook_shows_one_html_table(run_notebook):
    _, status, value, error = run_notebook(
        "%load_ext rollout_console", "rollout.status() // now", "_.rollout_percentage", "rollout.setRollout(150)"
    )
    assert len(status) == 1
    assert "<table>" in status[0]["data"]["text/html"]
    assert "20 % set, 20 % in effect" in status[0]["data"]["text/html"]
    assert "20 % set" in status[0]["data"]["text/plain"]
    assert value[0]["data"]["text/plain"] == "20"
    assert [o["output_type"] for o in error if "whole number from 0 to 100" in str(o)] == ["error"]
    assert len(error[0]["traceback"]) == 1


def test_hosts_that_nobody_watches(run_notebook, tmp_path):
    (tmp_path / "s.py").write_text("rollout.setRollout(500)")
    _, captured, watched, ran, embedded, alone = run_notebook(
        "%load_ext rollout_console",
        "%%capture out\nrollout.setRollout(500)",
        "rollout.watch(0.5)",
        f"%run -i '{tmp_path}/s.py'",
        "del rollout\nrollout.status()",
        "import rollout_console\nwith rollout_console.connect() as client: found = client.status()\nprint(repr(found))",
    )
    assert captured[0]["output_type"] == "error", "papermill and nbconvert read this"
    assert "20 % set" in watched[-1]["data"]["text/plain"]
    assert len(ran[0]["traceback"]) == 1
    assert "rollout was deleted, and is back" in str(embedded)
    assert "hybrid_progressive_capture  20 %" in alone[0]["text"]


@pytest.mark.dependencies
def test_in_a_notebook_watch_updates_one_output_and_a_cell_that_lowers_does_not_raise(rollout, run_notebook):
    manager, kernel = start_new_kernel()
    shown = []
    try:
        kernel.execute_interactive("%load_ext rollout_console", timeout=60)

        def saw(message):
            if message["msg_type"] in ("display_data", "update_display_data"):
                shown.append((message["msg_type"], message["content"]))
                if len(shown) == 3:
                    manager.interrupt_kernel()

        reply = kernel.execute_interactive("rollout.watch(0.5)", output_hook=saw, timeout=60)
        pasted = "```bash\n# Manual rollback\nrollout.rollbackToZero()\nrollout.setRollout(5)\n```"
        kernel.execute_interactive(pasted, output_hook=lambda message: None, timeout=60)
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok", "Ctrl-C is the way to leave, no error"
    kinds = [kind for kind, _ in shown]
    assert kinds == ["display_data", *["update_display_data"] * (len(shown) - 2), "display_data"]
    assert len({content["transient"]["display_id"] for _, content in shown[:-1]}) == 1
    pages = [content["data"]["text/html"] for _, content in shown]
    assert "20 % set" in shown[0][1]["data"]["text/plain"], "for a front end that updates nothing"
    assert "every 0.5 s" in pages[1]
    assert pages[-2] == "", "the live output gives way to the last status"
    assert "20 % set" in pages[-1]
    assert rollout.client.status().rollout_percentage == 0, "a raise is typed once the rollback has been read"


PROBE = """<script>
addEventListener("load", () => {
  const boxes = [...document.querySelectorAll("td, th, img")].map(e => [e, e.getBoundingClientRect()]);
  const crossing = [], wide = document.documentElement.scrollWidth > innerWidth;
  boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
    if (!a.contains(b) && p.left + 1 < q.right && q.left + 1 < p.right && p.top + 3 < q.bottom && q.top + 3 < p.bottom)
      crossing.push([a, b].map(e => e.textContent || e.alt).join(" | "));
  }));
  document.body.innerHTML = "<pre id=found>" + JSON.stringify({boxes: boxes.length, crossing, wide}) + "</pre>";
});
</script>"""


def look_at(page: str, folder: Path, width: int) -> dict[str, Any]:
    """Lay a page out in a browser without a window, and return what it found out about the boxes of its texts."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium; to install it: apt-get install chromium")
    source = folder / "page.html"
    source.write_text(f"<!doctype html><meta charset=utf-8><body>{page}{PROBE}", encoding="utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},900", "--dump-dom", source.as_uri(),
    ]  # fmt: skip
    seen = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    found: dict[str, Any] = json.loads(re.findall(r"<pre id=\"found\">(.*?)</pre>", seen)[0])
    return found


@pytest.mark.parametrize("width", [1000, 600])
def test_no_words_overlap_on_a_page_of_a_browser(rollout, run_notebook, tmp_path, width):
    rollout.client.set_rollout(10)
    rollout.report(good=20, bad=1)
    rollout.client.emergency_stop("errors in the logs")
    rollout.client.resume(25)
    cells = run_notebook("%load_ext rollout_console", "rollout.plot()", "rollout.plan()", "rollout.categories()")
    page = "".join(output["data"]["text/html"] for cell in cells[1:] for output in cell)
    assert page.count("<img") >= 3
    found = look_at(page, tmp_path, width)
    assert found["boxes"] > 20
    assert (found["crossing"], found["wide"]) == ([], False)


def test_text_from_the_database_cannot_become_html(rollout, console_env):
    rollout.client.emergency_stop("<script>alert(1)</script>\ue000\ue001 & more")
    page = render_html(rollout.client.status())
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "\ue000" not in page
