"""Credentials: none of them gets into a bundle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from lading.bundles.capturing.credentials import SameNameError, is_secret, without_credentials, without_secrets


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db_password",
        "DB_PASSWD",
        "pwd",
        "dbPassword",
        "passphrase",
        "secret",
        "client_secret",
        "secrets",
        "credentials",
        "token",
        "hf_token",
        "githubToken",
        "X-Amz-Signature",
        "SharedAccessSignature",
        "jwt",
        "db_pw",
        "Ocp-Apim-Subscription-Key",
        "api_key",
        "apikey",
        "apiKey",
        "ApiKey",
        "AWSAccessKeyId",
        "account-key",
        "private_key",
        "Authorization",
        "bearer",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "token_pattern",
        "tokenizer",
        "max_tokens_per_row",
        "key",
        "keys",
        "n_estimators",
        "signature_form",
        "passthrough",
        "n_pass",
        "session",
        "subscription",
        "",
        "_",
    ],
)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/a?b=1#c", "https://example.org/a?b=1#c"),
        ("https://me:pw@example.org/a", "https://example.org/a"),
        ("https://token@example.org:8443/a.git", "https://example.org:8443/a.git"),
        ("https://me:p@w@example.org/", "https://example.org/"),
        ("postgresql+psycopg://me:p/w?x#y@db:5432/sales", "postgresql+psycopg://db:5432/sales"),
        ("https://example.org:443/@me", "https://example.org:443/@me"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("http://[::1]/a@b", "http://[::1]/a@b"),
        ("https://s3.example.org/b/k?X-Amz-Signature=ab&X-Amz-Credential=c&v=1", "https://s3.example.org/b/k?v=1"),
        ("https://blob.example.org/c?sv=1&sig=ab%3D", "https://blob.example.org/c?sv=1"),
        ("https://example.org/?token=a", "https://example.org/"),
        ("https://example.org/#access_token=a&x=1", "https://example.org/#x=1"),
        ("https://example.org/?token=a#part", "https://example.org/#part"),
        ("https://example.org/?pass=a&x=1&pw=b", "https://example.org/?x=1"),
        ("https://example.org/?jwt=a&session=b&session_id=c", "https://example.org/"),
        ("https://example.org/a?subscription-key=a&passenger=1", "https://example.org/a?passenger=1"),
        ("//me:pw@example.org/x", "//example.org/x"),
        ("see (//me:pw@example.org/x)", "see (//example.org/x)"),
        ("data//me@home.csv // by me@example.org", "data//me@home.csv // by me@example.org"),
        ("from 'https://a:b@example.org/x' and s3://c:d@bucket/y", "from 'https://example.org/x' and s3://bucket/y"),
        ("git@example.org:team/repo.git", "example.org:team/repo.git"),
        ("me:pw@example.org/db", "example.org/db"),
        ("write to me@example.org: thanks", "write to me@example.org: thanks"),
        ("Server=db;User Id=me;Password=pw;", "Server=db;User Id=me;Password=***;"),
        ("host=db password='p w' dbname=x", "host=db password=*** dbname=x"),
        ("AccountName=a;AccountKey=ab==;EndpointSuffix=x", "AccountName=a;AccountKey=***;EndpointSuffix=x"),
        ("jdbc:postgresql://db/x?user=a&password=b", "jdbc:postgresql://db/x?user=a"),
        ("jdbc:sqlserver://db:1433;databaseName=x;password=b", "jdbc:sqlserver://db:1433;databaseName=x;password=***"),
        ("data/train.csv", "data/train.csv"),
        ("a = b", "a = b"),
        ("", ""),
    ],
)
def test_what_lets_a_reader_in_is_left_out(text: str, expected: str) -> None:
    assert without_credentials(text) == expected


words = st.text("abcdefgh0123456789", min_size=8, max_size=12)


@given(secret=words, host=words)
def test_a_password_never_survives(secret: str, host: str) -> None:
    for text in (
        f"https://{host}:S{secret}@example.org/x",
        f"see mysql://{host}:S{secret}@db/x, please",
        f"https://example.org/{host}?a=1&api_key=S{secret}",
        f"{host}:S{secret}@example.org/x",
        f"User={host}; Password = S{secret}",
        f"//{host}:S{secret}@example.org/x",
        f"https://example.org/?a=1&subscription-key=S{secret}&pw=S{secret}",
    ):
        assert f"S{secret}" not in without_credentials(text)


marks = st.sampled_from(["https://", "//", "/", ":", "@", "?", "&", "=", "#", " ", "'", "a", "b", "0", "token", "pw"])


@given(st.text(max_size=80) | st.lists(marks, max_size=15).map("".join))
def test_once_is_enough(text: str) -> None:
    once = without_credentials(text)
    assert without_credentials(once) == once


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"api_key": "a", "note": "b"}, {"api_key": "***", "note": "b"}),
        ({"credentials": {"user": "a"}, "secrets": ["b"]}, {"credentials": "***", "secrets": "***"}),
        ({"token": None, "loss per token": 0.5}, {"token": None, "loss per token": 0.5}),
        ({"https://a:b@example.org/": [["//a:b@example.org"]]}, {"https://example.org/": [["//example.org"]]}),
        ({"password=a": "b"}, {"password=***": "***"}),
    ],
)
def test_names_and_members_at_any_depth_lose_their_secrets(value: JsonValue, expected: JsonValue) -> None:
    assert without_secrets(value) == expected


def test_two_names_that_differ_by_their_credentials_only_are_refused() -> None:
    with pytest.raises(SameNameError, match=r"two names are both '//example\.org'"):
        without_secrets({"//a:b@example.org": 1, "//c:d@example.org": 2})
