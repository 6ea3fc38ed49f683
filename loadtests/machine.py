"""The machine, as a report tells of it."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from lading.loadtests.result import Machine

TOLD = ("lading", "locust", "gevent", "geventhttpclient", "onnxruntime", "ray", "numpy")


def this_machine() -> Machine:
    """What this machine is."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=_processor(),
        processors=float(processors()),
        memory_bytes=int(psutil.virtual_memory().total),
        versions=_versions(),
    )


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    """The model of the processor, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version()}
    for name in TOLD:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
