"""Trusting: the options by which commands are told what to ask of a bundle, and whom to believe."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lading.core.console import print_alert
from lading.core.settings import PolicyMode, Settings

if TYPE_CHECKING:
    from lading.bundles.bundle import Bundle
    from lading.bundles.signing.policy import Policy, Vetting

Mode = Annotated[
    PolicyMode | None,
    typer.Option(
        "--policy",
        help="What happens to a bundle that no trusted key signed.",
        show_default="enforce where keys are named, else off",
    ),
]
TrustFile = Annotated[
    Path | None,
    typer.Option("--trust", help="The trust file: which keys may vouch for which bundles.", show_default="none"),
]


def asked(settings: Settings, mode: PolicyMode | None, trust: Path | None) -> "Policy":
    """The policy that a command line asks for; what that does not say the settings do.

    Raises ``NoTrustError`` and what ``read_trust`` raises.
    """
    from lading.bundles.signing.policy import read_policy

    return read_policy(settings.policy if mode is None else mode, settings.trust if trust is None else trust)


def alert(bundle: "Bundle", vetting: "Vetting") -> None:
    """Say what the policy warns of."""
    for problem in vetting.problems:
        print_alert(f"{bundle.manifest.deployment}: {problem}")
