"""The figures as text: the table on the screen, and table and chart of docs/performance.md."""

from __future__ import annotations

from tabulate import tabulate

from benchmarks.chart import figure, svg
from benchmarks.measure import Row
from tests.support import ROOT

PAGE, CHART = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
HEADERS = ("what", "ours", "against", "theirs", "ratio", "goal", "", "note")


def table(rows: list[Row], style: str = "simple") -> str:
    """Return the table of figures, in a format of tabulate."""
    return tabulate([_cells(row) for row in rows], HEADERS, tablefmt=style, disable_numparse=True)


def publish(rows: list[Row], conditions: str) -> None:
    """Write chart and table into the docs; the text around the table stays as it is."""
    CHART.write_text(svg(rows), encoding="utf-8")
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    figures = f"{BEGIN}\n{conditions}\n\n{table(rows, 'github')}\n{END}"
    PAGE.write_text(before + figures + after, encoding="utf-8")


def _cells(row: Row) -> tuple[str, ...]:
    sign = "≥" if row.at_least else "≤"
    return (
        row.what,
        f"{figure(row.ours)} {row.unit}",
        row.against,
        f"{figure(row.theirs)} {row.unit}",
        figure(row.ratio),
        f"{sign} {row.goal:g}",
        "met" if row.met else "missed",
        row.note,
    )
