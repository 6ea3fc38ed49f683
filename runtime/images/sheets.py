"""The sheets: what lies beside an image for its administrator, from templates that are given names and digests alone."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from lading.runtime.images.names import image_name

NAMES = ("README.md", "compose.yaml", "kserve.yaml", "kubernetes.yaml", "verify.sh")


def sheets(name: str, digests: Sequence[str], layers: Sequence[str], *, signed: bool) -> dict[str, bytes]:
    """The sheets by file name, about the image ``name`` with these ``layers``, and with the bundles of these ``digests``.

    ``signed`` says whether a public key lies beside them. Raises ``ImageNameError``: the name ends up in a shell
    script.
    """
    known = {"image": image_name(name), "digests": digests, "layers": layers, "key": signed}
    return {sheet: _environment().get_template(sheet).render(known).encode() for sheet in NAMES}


def _environment() -> Environment:
    return Environment(  # noqa: S701 - no HTML
        loader=PackageLoader("lading.runtime.images", "site"), undefined=StrictUndefined, keep_trailing_newline=True
    )
