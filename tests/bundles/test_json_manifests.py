"""Acceptance: no text that JSONTestSuite has against JSON's readers is a manifest, nor a part of one."""

import os
import tarfile
from collections.abc import Mapping

import pytest

from lading.bundles.draft import Draft, draw_up
from lading.bundles.manifest_reading import read_manifest
from lading.bundles.storage.integrity import BundleError

FOLDER = "/third-party/JSONTestSuite/test_parsing/"
OWN = {
    "n_depth_100000": b"[" * 100_000 + b"]" * 100_000,
    "n_depth_33": b"[" * 33 + b"]" * 33,
    "n_integer_of_5000_digits": b"1" * 5000,
    "n_integer_2_53_1": b"9007199254740993",
    "n_1e400": b"1e400",
    "n_lone_surrogate": b'"\\ud800"',
    "n_nan": b"NaN",
    "n_twice": b'{"a":1,"a":1}',
    "n_spaces": b"[1, 2]",
    "n_null_byte": b'"\\u0000',
}
"""Our own: what some readers take, and no manifest may hold."""


def refused(text: bytes) -> bool:
    try:
        read_manifest(text, "x.lading")
    except BundleError as error:
        return len(str(error)) < 1024
    return False


def wrong(cases: Mapping[str, bytes], manifest: bytes) -> list[str]:
    """What is taken that should not be: as a whole manifest, and in the place of a parameter."""
    frame = manifest.replace(b'"memory":null', b'"memory":%s')
    assert b"%s" in frame
    found = [name for name, text in cases.items() if not refused(text)]
    inside = {name: text for name, text in cases.items() if name.startswith("n_")}
    return found + [f"{name} inside" for name, text in inside.items() if not refused(frame.replace(b"%s", text))]


def test_our_own_are_refused(draft: Draft) -> None:
    assert wrong(OWN, draw_up(draft)[1]) == []


@pytest.mark.cases
def test_those_of_the_suite_are_refused(draft: Draft) -> None:
    archive = os.environ.get("JSON_CASES")
    assert archive, "scripts/test-cases fetches the archive with the cases and says where it is"
    cases = {}
    with tarfile.open(archive) as members:
        for member in members:
            if FOLDER in member.name and (file := members.extractfile(member)) is not None:
                cases[member.name.rpartition("/")[2]] = file.read()
    assert sum(name.startswith("n_") for name in cases) == 188
    assert wrong(cases, draw_up(draft)[1]) == []
