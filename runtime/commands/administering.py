"""What the commands that administer a running server share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lading.core.console import print_json, print_text
from lading.core.errors import UsageError
from lading.core.settings import Settings

Name = Annotated[str, typer.Argument(help="The name that answers requests.", show_default=False)]
State = Annotated[
    Path | None,
    typer.Option("--state", help="The server's state folder.", show_default="LADING_STATE_FOLDER", metavar="FOLDER"),
]
Why = Annotated[str, typer.Option("--why", help="Why, for the history.", show_default=False)]
AllowOlder = Annotated[bool, typer.Option("--allow-older", help="Let an older version take the place of a newer one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


class NoStateFolderError(UsageError):
    """It was not said which server is meant."""

    def __str__(self) -> str:
        return "which server? Name its state folder with --state, or set LADING_STATE_FOLDER"


def state_folder(settings: Settings, given: Path | None) -> Path:
    """The state folder that is meant; raises ``NoStateFolderError``."""
    path = settings.state_folder if given is None else given
    if path is None:
        raise NoStateFolderError
    return path


def wish(why: str) -> dict[str, object]:
    """Who wishes a change, and why."""
    from lading.runtime.administration.author import this_user

    return {"who": this_user(), "why": why}


def version(bundle: Mapping[str, Any] | None) -> str:
    """A bundle, for a person."""
    return "nothing" if bundle is None else f"{bundle['version']} ({bundle['digest'][:19]}…)"


def share(canary: Mapping[str, Any]) -> str:
    """The share of a canary, for a person."""
    return f"{canary['share'] * 100:.3g} %"


def moment(time: str) -> str:
    """A time in UTC, for a person."""
    return time[:19].replace("T", " ")


def report(answer: Mapping[str, Any], json: bool) -> None:
    """Say what answers to a name now, and what did before."""
    if json:
        print_json(answer)
        return
    print_text(f"{answer['name']}: {version(answer['bundle'])} answers")
    if canary := answer.get("canary"):
        print_text(f"canary: {version(canary['bundle'])} answers {share(canary)} of the requests")
    if shadow := answer.get("shadow"):
        print_text(f"shadow: {version(shadow)} is asked the same")
    history: Sequence[Mapping[str, Any]] = answer["history"]
    if history and history[-1]["before"] not in (None, answer["bundle"]):
        print_text(f"before: {version(history[-1]['before'])}")
