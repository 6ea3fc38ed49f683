"""Plugins: found without being imported, loaded by name, never two of one name."""

import pickle
import sys
from collections.abc import Callable

import pytest

from lading.core.plugins import (
    GROUPS,
    PluginConflictError,
    PluginLoadError,
    PluginNeedsError,
    UnknownPluginError,
    discover,
    load,
    load_all,
)

Install = Callable[..., None]
GROUP = "lading.commands"


def test_plugins_come_in_the_order_of_names_and_none_is_imported(install: Install) -> None:
    install("apack", GROUP, "zebra", "zebra_module:run", "raise RuntimeError('imported')")
    install("bpack", GROUP, "aardvark", "aardvark_module:run", "raise RuntimeError('imported')")
    names = list(discover(GROUP))
    assert names == sorted(names)
    assert {"aardvark", "zebra", "inspect", "verify"} <= set(names)
    assert "zebra_module" not in sys.modules


def test_a_strangers_plugin_is_loaded_as_a_built_in_one(install: Install) -> None:
    install("pack", GROUP, "greet", "greet_module:run", "def run(): return 'hello'")
    plugin = load(GROUP, "greet")
    assert callable(plugin)
    assert plugin() == "hello"


def test_all_plugins_of_a_group_are_what_each_is() -> None:
    group = "lading.protocols"
    every = load_all(group)
    assert list(every) == list(discover(group))
    assert all(plugin is load(group, name) for name, plugin in every.items())


@pytest.mark.parametrize("group", GROUPS)
def test_two_plugins_of_one_name_are_an_error_that_names_both(install: Install, group: str) -> None:
    install("apack", group, "same", "one_module:thing")
    install("bpack", group, "same", "other_module:thing")
    with pytest.raises(PluginConflictError) as caught:
        discover(group)
    for word in (group, "'same'", "one_module:thing", "other_module:thing", "uninstall"):
        assert word in str(caught.value)
    assert caught.value.exit_code == 3


def test_one_plugin_seen_twice_is_no_conflict(install: Install) -> None:
    install("apack", GROUP, "same", "one_module:thing")
    install("bpack", GROUP, "same", "one_module:thing")
    assert discover(GROUP)["same"].value == "one_module:thing"


def test_an_unknown_plugin_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(UnknownPluginError, match=r"no plugin named 'nope'; installed are: .*inspect") as caught:
        load(GROUP, "nope")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param("from sys import no_such_name", "no_such_name", id="an import that fails"),
        pytest.param("", "run", id="an object that is not there"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named_with_the_reason(install: Install, code: str, reason: str) -> None:
    install("pack", GROUP, "broken", f"broken_{len(code)}:run", code)
    with pytest.raises(PluginLoadError, match=r"plugin .broken. of lading\.commands cannot be loaded") as caught:
        load(GROUP, "broken")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("extras", "requirement"), [("", "pip install 'pack'"), (" [one,two]", "pip install 'pack[one,two]'")]
)
def test_a_plugin_whose_needs_are_not_installed_says_what_to_install(
    install: Install, extras: str, requirement: str
) -> None:
    install("pack", GROUP, "needy", f"needy_{len(extras)}:run{extras}", "import no_such_module")
    with pytest.raises(PluginNeedsError, match="needs the module 'no_such_module'") as caught:
        load(GROUP, "needy")
    assert requirement in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        PluginConflictError("g", "n", "a:b", "c:d"),
        UnknownPluginError("g", "n", ("a", "b")),
        PluginLoadError("g", "n", "because"),
        PluginNeedsError("g", "n", "module", "pack[extra]"),
    ],
)
def test_errors_survive_a_pickle(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
