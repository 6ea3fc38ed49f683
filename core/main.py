"""The command line's ``main``: it loads commands, hands them the settings, and turns errors into exit codes."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Annotated, cast

import typer

from lading.core.console import print_alert, print_error, print_json, print_note
from lading.core.errors import LadingError, UsageError
from lading.core.log_line import print_log_line
from lading.core.plugins import PluginLoadError, discover, load
from lading.core.settings import misspelt, read_settings

GROUP = "lading.commands"
INTERRUPTED = 130
ArgumentsError: type[Exception] = typer.BadParameter.__mro__[1]
"""What typer raises for any mistake in the arguments; it has no public name."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends with ``SystemExit``.

    Codes: 0 done, 1 failed, 2 usage, 3 conflict, 4 integrity, 5 policy, 130 interrupted.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What a narrow encoding has no sign for is escaped, as on standard error.
        sys.stdout.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json, in_lines = "--json" in given, False
    try:
        settings = read_settings()
        in_lines = settings.log_format == "json"
        _warn_of_misspelt(in_lines)
        # Standing alone, typer itself would print what is wrong with the arguments, and never as JSON.
        ended = _application(given)(args=given, prog_name="lading", obj=settings, standalone_mode=not as_json)
    except LadingError as error:
        _report(error, as_json, in_lines)
        raise SystemExit(error.exit_code) from None
    except ArgumentsError as error:
        mistake = UsageError(error.format_message())  # type: ignore[attr-defined]
        _report(mistake, as_json, in_lines)
        raise SystemExit(mistake.exit_code) from None
    except KeyboardInterrupt:  # before the command began; from then on typer ends with the same code
        raise SystemExit(INTERRUPTED) from None
    raise SystemExit(ended)


def _application(arguments: Sequence[str]) -> typer.Typer:
    """The application with the one command that is asked for, or with all of them for help and mistakes."""
    application = typer.Typer(
        no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown", add_completion=False
    )
    application.callback()(_lading)
    names = list(discover(GROUP))
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name in [asked] if asked in names else names:
        try:
            _add(application, name, load(GROUP, name))
        except PluginLoadError as error:
            if name == asked:
                raise
            print_note(str(error))  # one broken plugin does not take the others' help away
    return application


def _add(application: typer.Typer, name: str, command: object) -> None:
    if isinstance(command, typer.Typer):
        application.add_typer(command, name=name)
    else:
        application.command(name)(cast(Callable[..., object], command))


def _lading(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", help="Print the version and exit.", is_eager=True, callback=lambda on: _show(on)
        ),
    ] = False,
) -> None:
    """Package trained models into proved, traceable bundles, and serve them."""


def _show(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"lading {version('lading')}\n")
        raise typer.Exit


def _warn_of_misspelt(in_lines: bool) -> None:
    for name, meant in misspelt(os.environ).items():
        text = f"{name} sets nothing; {meant} does"
        if in_lines:
            print_log_line(text, "warning")
        else:
            print_alert(text)


def _report(error: LadingError, as_json: bool, in_lines: bool) -> None:
    if as_json:
        print_json({"error": str(error), "kind": type(error).__name__, "exit_code": error.exit_code})
    if in_lines:
        print_log_line(str(error), "error")
    else:
        print_error(*error.lines)
