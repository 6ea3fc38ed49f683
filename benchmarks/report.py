"""The report: the medians of all rounds, as Markdown."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contenders import BEFORE, LADING
from benchmarks.measuring import BARE, Result

HEADER = ("server", "requests/s", "Lading is", "p50 ms", "p99 ms", "CPU ms", "above bare", "memory MiB", "ready s")
FIGURES = ("requests_per_second", "p50_ms", "p99_ms", "cpu_ms", "memory_mib", "ready_s", "generator_cpu_ms")


@dataclass(frozen=True)
class Report:
    """What was measured, and on what."""

    machine: str
    terms: str
    """Rounds, seconds and connections, in words."""
    releases: Sequence[str]
    """Of the peers."""
    titles: dict[str, str]
    """Of the subjects, by name."""
    results: Sequence[Result]

    @property
    def subjects(self) -> list[str]:
        """The names of the models that were measured."""
        return list(dict.fromkeys(result["model"] for result in self.results))

    @property
    def servers(self) -> list[str]:
        """The titles of the servers, in the order in which they were measured."""
        return list(dict.fromkeys(result["server"] for result in self.results))

    @property
    def rows(self) -> list[int]:
        """The numbers of rows in a request."""
        return sorted({result["rows"] for result in self.results if "rows" in result})

    def median(self, subject: str, server: str, rows: int) -> dict[str, float] | None:
        """Each figure of one measurement, over the rounds; None where it was not made."""
        found = [result for result in self._of(subject, server) if result.get("rows") == rows]
        if not found:
            return None
        return {name: statistics.median(result[name] for result in found) for name in FIGURES if name in found[0]}

    def failure(self, subject: str, server: str) -> str | None:
        """Why a server was not measured, in a round at least."""
        return next((result["failed"] for result in self._of(subject, server) if "failed" in result), None)

    def _of(self, subject: str, server: str) -> list[Result]:
        return [result for result in self.results if (result["model"], result["server"]) == (subject, server)]


def markdown(report: Report) -> str:
    """All tables, and how they were measured."""
    parts = []
    for subject in report.subjects:
        parts.append(f"### {report.titles[subject]}")
        for rows in report.rows:
            parts += [f"{rows} {'row' if rows == 1 else 'rows'} a request:", _table(report, subject, rows)]
        parts += _failures(report, subject)
    return "\n\n".join([*parts, _footnote(report)])


def _table(report: Report, subject: str, rows: int) -> str:
    lines = [HEADER, ("---", *("---:" for _ in HEADER[1:]))]
    lading, bare = (report.median(subject, server, rows) for server in (LADING, BARE))
    for server in report.servers:
        found = report.median(subject, server, rows)
        if found is not None:
            times = "" if lading is None or server in (LADING, BARE) else f"{_ratio(lading, found):.2g} x"
            above = "" if bare is None or server == BARE else f"{found['cpu_ms'] - bare['cpu_ms']:.3f}"
            lines.append((server, *_cells(found, times, above)))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _ratio(one: dict[str, float], other: dict[str, float], figure: str = "requests_per_second") -> float:
    return one[figure] / other[figure]


def _cells(found: dict[str, float], times: str, above: str) -> tuple[str, ...]:
    latencies = (f"{found['p50_ms']:.2f}", f"{found['p99_ms']:.2f}")
    rest = (f"{found['memory_mib']:,.0f}", f"{found['ready_s']:.1f}")
    return f"{found['requests_per_second']:,.0f}", times, *latencies, f"{found['cpu_ms']:.3f}", above, *rest


def _failures(report: Report, subject: str) -> list[str]:
    failed = {server: report.failure(subject, server) for server in report.servers}
    lines = [f"- {server}: {reason}" for server, reason in failed.items() if reason is not None]
    return ["Not measured:", "\n".join(lines)] if lines else []


def _footnote(report: Report) -> str:
    errors = sum(result.get("errors", 0) for result in report.results)
    failed = "No request failed." if not errors else f"{errors:,} requests failed."
    releases = f" {', '.join(report.releases)}." if report.releases else ""
    found = report.median(report.subjects[0], LADING, report.rows[0]) if report.rows else None
    beside = (
        "" if found is None else f" The load generator took {found['generator_cpu_ms']:.3f} ms of a request to Lading."
    )
    return f"Medians of {report.terms}, {report.machine}.{releases}{beside} {failed}"


def against_before(report: Report) -> str:
    """What the program before answered, in words."""
    lines = []
    for subject in report.subjects:
        for server in (server for server in report.servers if BEFORE + server in report.servers):
            for rows in report.rows:
                now, then = report.median(subject, server, rows), report.median(subject, BEFORE + server, rows)
                if now is not None and then is not None:
                    rate, used = _ratio(now, then), _ratio(now, then, "cpu_ms")
                    asked = f"{subject}, {server}, {rows} rows"
                    lines.append(f"- {asked}: {rate:.2f} x the requests of before, {used:.2f} x the CPU of each")
    return "\n".join(lines)
