"""``lading status``: what a running server answers with, and how that came to be."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from lading.core.console import print_heading, print_json, print_table, print_text
from lading.runtime.commands.administering import Json, State, moment, share, state_folder, version

COLUMNS = ("name", "version", "as", "answered", "failed", "p50 ms", "p99 ms", "drift (PSI)", "since (UTC)", "digest")
SHADOWS = "a shadow's times are those in its model alone"


def status(
    context: typer.Context,
    state: State = None,
    history: Annotated[int, typer.Option(help="How many of the latest changes to show.", min=0)] = 10,
    json: Json = False,
) -> None:
    """Show what is deployed on a running server, and who changed it, when and why.

    Examples:

        lading status --state deployed

        lading status --history 100 --json
    """
    from lading.runtime.administration.client import Client

    client = Client(state_folder(context.obj, state))
    deployed = client.call("GET", "/deployments")["deployments"]
    changes = client.call("GET", "/history")["history"][-history:] if history else []
    if json:
        print_json({"deployments": deployed, "history": changes})
        return
    if deployed:
        rows = [row for name, found in deployed.items() for row in _rows(name, found)]
        print_table(COLUMNS, rows)
        if any(found["shadow"] for found in deployed.values()):
            print_text(SHADOWS)
    else:
        print_text("nothing is deployed")
    if changes:
        print_heading("history")
        shown = [[moment(c["time"]), c["who"], _action(c), c["name"], _versions(c), c["why"]] for c in changes]
        print_table(["when (UTC)", "who", "what", "name", "bundle", "why"], shown)


def _rows(name: str, found: dict[str, Any]) -> Iterator[list[str]]:
    """What answers to a name, its canary and its shadow, each in a row."""
    figures = found["figures"]
    yield [name, *_row("all", found["bundle"], figures["bundle"], moment(found["since"]))]
    if canary := found["canary"]:
        yield [name, *_row(f"canary, {share(canary)}", canary["bundle"], figures["canary"], moment(canary["since"]))]
    if shadow := found["shadow"]:
        seen = figures["shadow"]
        differing = f"{seen['differing']} of {seen['rows']} rows differ, by {seen['largest']:.3g} at most"
        answered = {"answered": seen["requests"] - seen["failed"]}
        yield [name, *_row("shadow", shadow, seen | answered, differing)]


def _row(role: str, bundle: dict[str, str], figures: dict[str, Any], last: str) -> list[str]:
    counts = [str(figures["answered"]), str(figures["failed"])]
    times = [_milliseconds(figures[name]) for name in ("p50_seconds", "p99_seconds")]
    drift = "" if figures["field"] is None else f"{figures['psi']:.2f}, {figures['field']}"
    return [bundle["version"], role, *counts, *times, drift, last, bundle["digest"]]


def _milliseconds(seconds: float | None) -> str:
    """Two digits, since no more are known."""
    return "" if seconds is None else f"{float(f'{seconds * 1000:.2g}'):g}"


def _action(change: dict[str, Any]) -> str:
    """What was done, and whether an older version was allowed to take the place of a newer one."""
    return f"{change['action']}, older allowed" if change["allow_older"] else str(change["action"])


def _versions(change: dict[str, dict[str, str] | None]) -> str:
    if change["tried"] is not None:
        return version(change["tried"])
    return f"{version(change['before'])} → {version(change['after'])}"
