"""Credentials: the keys and certificates that the settings name, given to the edge, and given anew when they change."""

import asyncio
from collections.abc import Callable, Iterator

from lading.core.errors import UsageError
from lading.core.settings import Settings
from lading.runtime.serving.edge_access import EdgeAccess
from lading.runtime.serving.edge_control import EdgeControl
from lading.runtime.serving.edge_keys import key_map
from lading.runtime.serving.followed import Followed
from lading.runtime.serving.keys import read_keys

LOOK_SECONDS = 1.0


class NoCertificateError(UsageError):
    """A setting is of use only beside the server's certificate, which is not set."""

    def __init__(self, setting: str) -> None:
        super().__init__(setting)
        self.setting = setting

    def __str__(self) -> str:
        return (
            f"{self.setting} is set, and LADING_TLS_CERTIFICATE is not; set it too (--tls-certificate), "
            f"or unset {self.setting}"
        )


class Credentials:
    """The files that the settings name, as files of the edge; none when the settings name none."""

    def __init__(self, settings: Settings, access: EdgeAccess, control: EdgeControl) -> None:
        """Read and check the files, and write those of the edge; raises what is wrong with them."""
        if settings.tls_certificate is None:
            for name in ("tls_key", "tls_client_ca"):
                if getattr(settings, name) is not None:
                    raise NoCertificateError(f"LADING_{name.upper()}")
        self._followed = [*_keys(settings, access, control), *_certificates(settings, access, control)]

    async def follow(self, tell: Callable[[str], None], hurry: asyncio.Event, seconds: float = LOOK_SECONDS) -> None:
        """Look at the files every few ``seconds``, for ever, and at once when ``hurry`` is set."""
        while True:
            now = hurry.is_set()
            hurry.clear()
            for one in self._followed:
                await one.look(tell, now=now)
            try:
                await asyncio.wait_for(hurry.wait(), seconds)
            except TimeoutError:
                continue


def _keys(settings: Settings, access: EdgeAccess, control: EdgeControl) -> Iterator[Followed]:
    path = settings.keys_file
    if path is not None and access.keys is not None:
        yield Followed("API keys", [path], access.keys, lambda: key_map(read_keys(path)), control.change_map)


def _certificates(settings: Settings, access: EdgeAccess, control: EdgeControl) -> Iterator[Followed]:
    certificate, authorities = settings.tls_certificate, settings.tls_client_ca
    if certificate is None or access.certificate is None:
        return
    from lading.runtime.serving import certificates  # loads cryptography, which most servers do without

    paths = [certificate, *([] if settings.tls_key is None else [settings.tls_key])]
    yield Followed(
        "certificate and its key",
        paths,
        access.certificate,
        lambda: certificates.read_certificate(certificate, settings.tls_key).pem,
        control.change_certificate,
    )
    if authorities is not None and access.authorities is not None:
        yield Followed(
            "certificates of those who vouch for clients",
            [authorities],
            access.authorities,
            lambda: certificates.read_authorities(authorities),
            control.change_authorities,
        )
