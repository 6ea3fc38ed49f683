"""Plugins: what is on offer in an entry-point group, and how one of them is loaded."""

from importlib.metadata import EntryPoint, entry_points

from lading.core.errors import ConflictError, LadingError, UsageError

GROUPS = (
    "lading.commands",
    "lading.converters",
    "lading.grpc_services",
    "lading.protocols",
    "lading.signers",
    "lading.trackers",
    "lading.watchers",
)


class PluginConflictError(ConflictError):
    """Two installed plugins of one group share a name."""

    def __init__(self, group: str, name: str, first: str, second: str) -> None:
        super().__init__(group, name, first, second)
        self.group, self.name, self.first, self.second = group, name, first, second

    def __str__(self) -> str:
        return (
            f"two plugins in {self.group} are named {self.name!r}: {self.first} and {self.second}; "
            "uninstall one of the packages that offer them"
        )


class UnknownPluginError(UsageError):
    """No installed plugin of the group has that name."""

    def __init__(self, group: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(group, name, known)
        self.group, self.name, self.known = group, name, known

    def __str__(self) -> str:
        return f"{self.group} has no plugin named {self.name!r}; installed are: {', '.join(self.known)}"


class PluginLoadError(LadingError):
    """A plugin is installed but cannot be imported."""

    def __init__(self, group: str, name: str, reason: str) -> None:
        super().__init__(group, name, reason)
        self.group, self.name, self.reason = group, name, reason

    def __str__(self) -> str:
        return f"plugin {self.name!r} of {self.group} cannot be loaded: {self.reason}"


class PluginNeedsError(PluginLoadError):
    """A plugin is on offer, but a module that it needs is not installed."""

    def __init__(self, group: str, name: str, module: str, requirement: str) -> None:
        super().__init__(group, name, module)
        self.args = (group, name, module, requirement)
        self.module, self.requirement = module, requirement

    def __str__(self) -> str:
        return (
            f"{self.name!r} of {self.group} needs the module {self.module!r}, which is not installed; "
            f"install what it needs: pip install '{self.requirement}'"
        )


def discover(group: str) -> dict[str, EntryPoint]:
    """Every plugin on offer in ``group``, by name and in the order of names; none of them imported yet.

    Raises ``PluginConflictError`` when two share a name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        other = found.get(point.name)
        # One distribution seen by two roads (an editable install and its source) offers the same object twice.
        if other is not None and other.value != point.value:
            raise PluginConflictError(group, point.name, other.value, point.value)
        found[point.name] = point
    return found


def load(group: str, name: str) -> object:
    """Import the object behind the plugin ``name`` of ``group``.

    Raises ``UnknownPluginError``, ``PluginNeedsError`` when a module is not installed, or ``PluginLoadError`` when its
    import fails otherwise.
    """
    points = discover(group)
    if name not in points:
        raise UnknownPluginError(group, name, tuple(points))
    return _imported(group, points[name])


def load_all(group: str) -> dict[str, object]:
    """Import the object behind every plugin of ``group``, by name and in the order of names.

    Looks once at what is installed, which takes longer than importing. Raises what ``discover`` and ``load`` raise.
    """
    return {name: _imported(group, point) for name, point in discover(group).items()}


def _imported(group: str, point: EntryPoint) -> object:
    try:
        return point.load()
    except ModuleNotFoundError as error:
        raise PluginNeedsError(group, point.name, str(error.name), _requirement(point)) from error
    except (ImportError, AttributeError) as error:
        raise PluginLoadError(group, point.name, str(error)) from error


def _requirement(point: EntryPoint) -> str:
    """What to install for a plugin: its distribution, with the extras that its entry point names."""
    package = point.dist.name if point.dist is not None else point.module.split(".")[0]
    return f"{package}[{','.join(point.extras)}]" if point.extras else package
