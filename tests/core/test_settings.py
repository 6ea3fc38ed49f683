"""Settings: defaults, ``LADING_*`` variables, and errors that name the variable."""

import pytest
from pydantic import ValidationError

from lading.core.settings import Settings, SettingsError, read_settings


def test_the_defaults_need_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LADING_{name.upper()}", raising=False)
    settings = read_settings()
    assert (settings.host, settings.port, settings.replicas, settings.threads) == ("127.0.0.1", 8080, None, 1)


def test_a_variable_sets_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LADING_PORT", "9000")
    monkeypatch.setenv("LADING_DRAIN_SECONDS", "1.5")
    monkeypatch.setenv("LADING_NO_SUCH_THING", "1")
    settings = read_settings()
    assert (settings.port, settings.drain_seconds) == (9000, 1.5)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(read_settings(), "port", 1)  # noqa: B010


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LADING_PORT", "many"),
        ("LADING_PORT", "0"),
        ("LADING_PORT", "65536"),
        ("LADING_REPLICAS", "0"),
        ("LADING_QUEUE_SECONDS", "-1"),
        ("LADING_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable) as caught:
        read_settings()
    assert repr(value) in str(caught.value)
    assert caught.value.exit_code == 2


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
