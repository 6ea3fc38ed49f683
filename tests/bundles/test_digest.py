"""The digest."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from lading.bundles.digest import digest_of
from lading.bundles.records import Digest


@given(st.binary())
def test_a_digest_is_the_sha256_in_the_form_of_the_records(data: bytes) -> None:
    digest = TypeAdapter(Digest).validate_python(digest_of(data))
    assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
