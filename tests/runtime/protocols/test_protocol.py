import pickle
from pathlib import Path

import pytest

from lading.core.settings import Settings
from lading.runtime.protocols.protocol import NotAProtocolError, load_protocols


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that offers as a protocol what is none."""
    (tmp_path / "stranger_protocol.py").write_text(
        "class Odd:\n    name = 'odd'\n\n    def __init__(self, settings):\n        pass\n"
    )
    told = tmp_path / "stranger_protocol-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger-protocol\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[lading.protocols]\nodd = stranger_protocol:Odd\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_protocols_come_in_the_order_of_their_names() -> None:
    names = [protocol.name for protocol in load_protocols(Settings())]
    assert names == sorted(names)
    assert "open_inference" in names


@pytest.mark.usefixtures("stranger")
def test_what_is_no_protocol_is_refused_with_the_name_of_its_plugin() -> None:
    with pytest.raises(NotAProtocolError) as caught:
        load_protocols(Settings())
    assert caught.value.exit_code == 2
    assert "plugin 'odd' of lading.protocols is Odd" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
