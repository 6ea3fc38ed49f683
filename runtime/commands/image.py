"""``lading image``: bundles become a container image, for an engine, a registry, or a site without either."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from lading.bundles.commands.trusting import Mode, TrustFile, alert, asked
from lading.core.console import Meter, one_line, print_facts, print_json, progress

image = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="TAG", help="The image's name.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


@image.callback()
def about() -> None:
    """Make, save and push container images that serve bundles.

    It needs a Docker engine: this machine's, or the one that DOCKER_HOST names.

    Examples:

        lading image build penguins-1.0.0.lading -t penguins:1.0.0

        lading image save penguins:1.0.0 --output penguins-site.tar --key release.pub

        lading image push registry.example.com/team/penguins:1.0.0
    """


@image.command()
def build(
    context: typer.Context,
    bundles: Annotated[list[Path], typer.Argument(metavar="BUNDLE...", help="Files or folders.", show_default=False)],
    tag: Annotated[str, typer.Option("--tag", "-t", help="The image's name.", show_default=False)],
    runtime: Annotated[
        str | None,
        typer.Option(help="The runtime image, which Lading's Dockerfile makes.", show_default="lading/runtime:VERSION"),
    ] = None,
    sbom: Annotated[
        Path | None,
        typer.Option(help="Write what the image is made of to this file, as CycloneDX has it.", show_default="no"),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Take nothing from the engine's cache.")] = False,
    policy: Mode = None,
    trust: TrustFile = None,
    json: Json = False,
) -> None:
    """Build an image that serves these bundles: the runtime image, and one layer that depends on the bundles alone.

    Every file of a bundle is checked, and it is asked what the policy says.

    Examples:

        lading image build penguins-1.0.0.lading churn-2.1.0.lading -t models:7

        lading image build penguins-1.0.0.lading -t penguins:1.0.0 --sbom penguins.cdx.json

        lading image build penguins-1.0.0.lading -t penguins:1.0.0 --trust trust.toml
    """
    from lading.bundles.storage.offered import offered
    from lading.runtime.images.building import build as built
    from lading.runtime.images.engine import connected
    from lading.runtime.images.names import image_name, runtime_name

    name, below = image_name(tag), runtime_name() if runtime is None else image_name(runtime)
    wanted = asked(context.obj, policy, trust)
    with connected() as client, ExitStack() as opened:
        found = []
        for path in offered(bundles):
            with Meter(f"checking {path.name}") as meter:
                bundle, vetting = opened.enter_context(wanted.opened(path, meter.show, context.obj))
            alert(bundle, vetting)
            found.append(bundle)
        with _telling() as tell:
            made = built(client, found, name, below, tell, anew=no_cache)
        if sbom is not None:
            from lading.runtime.images.materials import image_materials, write_materials

            write_materials(image_materials(client, made, found), sbom)
    _say({"image": made.name, "id": made.id, "layer": made.layer, "bundles": list(made.digests)}, json)


@image.command()
def save(
    name: Name,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.", show_default=False)],
    key: Annotated[
        Path | None, typer.Option(help="The public key that vouches for the bundles.", show_default="none")
    ] = None,
    json: Json = False,
) -> None:
    """Write an image as one file for a site without a network: with checksums, a script that verifies, and manifests.

    Examples:

        lading image save penguins:1.0.0 --output penguins-site.tar --key release.pub
    """
    from lading.runtime.images.engine import connected
    from lading.runtime.images.names import image_name
    from lading.runtime.images.saving import save as saved

    with connected() as client, _telling() as tell:
        made = saved(client, image_name(name), output, key, tell)
    _say({"file": str(made.path), "size": made.size, "digest": made.digest}, json)


@image.command()
def push(name: Name, json: Json = False) -> None:
    """Push an image to the registry that its name begins with; the engine logs in (`docker login`).

    Examples:

        lading image push registry.example.com/team/penguins:1.0.0
    """
    from lading.runtime.images.engine import connected
    from lading.runtime.images.names import image_name
    from lading.runtime.images.pushing import push as pushed

    full = image_name(name)
    with connected() as client, _telling() as tell:
        digest = pushed(client, full, tell)
    _say({"image": full, "digest": digest}, json)


@contextmanager
def _telling() -> Iterator[Callable[[str], None]]:
    """What shows how things go: a line that changes, in a terminal alone."""
    with progress().status("") as status:
        yield lambda words: status.update(escape(one_line(words)))


def _say(facts: dict[str, str | int | list[str]], json: bool) -> None:
    if json:
        print_json(facts)
        return
    print_facts({name: " ".join(value) if isinstance(value, list) else str(value) for name, value in facts.items()})
