"""The replicas of a server that a load test has for itself."""

import psutil

from lading.loadtests.conducting.own import OwnServer


def replicas(server: OwnServer) -> list[psutil.Process]:
    """A server's, of which each has a process."""
    return [one for one in psutil.Process(server.pid).children(recursive=True) if "ServeReplica" in one.name()]
