"""What keeps an image from being built, saved or pushed."""

from lading.core.errors import IntegrityError, LadingError, UsageError


class NoEngineError(UsageError):
    """No container engine answers."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address, self.reason = address, reason

    def __str__(self) -> str:
        return (
            f"no container engine answers at {self.address}: {self.reason}; "
            "start Docker, let this user ask it, or say with DOCKER_HOST where it is"
        )


class NoImageError(UsageError):
    """The engine has no image of that name."""

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(name, remedy)
        self.name, self.remedy = name, remedy

    def __str__(self) -> str:
        return f"the engine has no image {self.name!r}; {self.remedy}"


class ImageNameError(UsageError):
    """A name that no image can have."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!r} is no name of an image; give one as in registry.example.com/team/churn:1.4.0"


class NotOursError(UsageError):
    """An image that is not made of Lading's runtime image."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"the image {self.name!r} has no Lading inside; name one that Lading's Dockerfile made"


class NoBundlesInImageError(UsageError):
    """An image without bundles is to be given to a site."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"the image {self.name!r} has no bundles in it; make one that has with `lading image build`"


class EngineRefusedError(LadingError):
    """The engine failed at what it was asked for."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(what, reason)
        self.what, self.reason = what, reason

    def __str__(self) -> str:
        return f"the engine failed to {self.what}: {self.reason}"


class OtherLayersError(IntegrityError):
    """The image that was built is not the runtime image and the bundles' layer."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"what the engine built as {self.name!r} is not the runtime image with one layer more; build it again"
