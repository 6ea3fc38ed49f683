"""Importing load tests leaves Python as it is: gevent comes only where load is made."""

import subprocess
import sys

PARENT = """
import sys
import lading.loadtests
import lading.loadtests.generating.crew
import lading.loadtests.measuring.limit
assert not {"gevent", "locust"} & sys.modules.keys()
from lading.loadtests import BundleUser
assert "locust" in sys.modules
assert BundleUser.abstract
try:
    lading.loadtests.Nobody
except AttributeError as error:
    print(error)
"""


def test_gevent_comes_with_the_users_alone() -> None:
    ran = subprocess.run([sys.executable, "-c", PARENT], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == "module 'lading.loadtests' has no attribute 'Nobody'\n", ran.stderr
