"""The plot: requests a second of every server, a panel for each model and number of rows, as SVG."""

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.measuring import BARE
from benchmarks.report import Report

LABELS, PANEL, GAP = 215, 230, 24
"""Widths: of the servers' names, of a panel, and between two."""

LINE, BAR, HEAD = 18, 12, 46
"""Heights: of a server's line, of its bar, and above a panel."""

OURS, OTHERS, INK, FAINT = "#0f766e", "#94a3b8", "#1e293b", "#64748b"
FIGURE = 52
"""Width kept for the number at the end of the longest bar."""


def plot(report: Report) -> str:
    """One SVG. ONNX Runtime alone is left out: its bars would dwarf all others."""
    servers = [server for server in report.servers if server != BARE]
    height = HEAD + LINE * len(servers)
    width = LABELS + (PANEL + GAP) * len(report.subjects)
    panels = "\n".join(_panels(report, servers, height))
    total = height * len(report.rows) + GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" font-family="sans-serif" '
        f'font-size="12" fill="{INK}">\n<title>Requests a second, by model, rows a request and server</title>\n'
        f'<rect width="{width}" height="{total}" fill="#ffffff"/>\n{panels}\n</svg>\n'
    )


def _panels(report: Report, servers: Sequence[str], height: int) -> Iterator[str]:
    for line, rows in enumerate(report.rows):
        top = line * height
        yield from _names(servers, top + HEAD)
        for column, subject in enumerate(report.subjects):
            left = LABELS + column * (PANEL + GAP)
            title = report.titles[subject].partition(":")[0]
            yield f'<text x="{left}" y="{top + 22}" font-weight="bold">{escape(title)}</text>'
            asked = "1 row a request" if rows == 1 else f"{rows} rows a request"
            yield f'<text x="{left}" y="{top + 38}" fill="{FAINT}">{asked}, requests/s</text>'
            yield from _bars(report, servers, subject, rows, left, top + HEAD)


def _names(servers: Sequence[str], top: int) -> Iterator[str]:
    for index, server in enumerate(servers):
        y = top + LINE * index + BAR
        yield f'<text x="{LABELS - 8}" y="{y}" text-anchor="end">{escape(server)}</text>'


def _bars(report: Report, servers: Sequence[str], subject: str, rows: int, left: int, top: int) -> Iterator[str]:
    found = {server: report.median(subject, server, rows) for server in servers}
    rates = {server: figures["requests_per_second"] for server, figures in found.items() if figures is not None}
    most = max(rates.values(), default=1)
    for index, server in enumerate(servers):
        y = top + LINE * index
        if server not in rates:
            yield f'<text x="{left}" y="{y + BAR}" fill="{FAINT}">not measured</text>'
            continue
        length = (PANEL - FIGURE) * rates[server] / most
        color = OURS if server.startswith("Lading") else OTHERS
        yield f'<rect x="{left}" y="{y + 2}" width="{length:.1f}" height="{BAR}" fill="{color}"/>'
        yield f'<text x="{left + length + 5:.1f}" y="{y + BAR}">{rates[server]:,.0f}</text>'
