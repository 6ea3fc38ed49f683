"""Slots: each is held by one process at a time."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lading.runtime.serving.slots import NoFreeSlotError, claim_slot, slot_count, slot_paths


def test_each_slot_is_held_once_and_freed_by_the_kernel(base: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from lading.runtime.serving.slots import claim_slot\n"
        "claim_slot(Path(sys.argv[1]), 2); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(base)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        mine = claim_slot(base, 2)
        assert mine.path == slot_paths(base, 2)[1]
        with pytest.raises(NoFreeSlotError):
            claim_slot(base, 2)
        holder.kill()
        holder.wait()
    claim_slot(base, 2).release()
    mine.release()
    assert slot_count(3) == 8


def test_a_slot_takes_over_what_a_dead_replica_left(base: Path) -> None:
    slot = claim_slot(base, 1)
    slot.listen().close()
    with slot.listen() as listener, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(slot.path))
        assert listener.getsockname() == str(slot.path)
    slot.release()
    assert not slot.path.exists()
