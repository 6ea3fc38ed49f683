"""A plain locustfile: users of a bundle's model, who check every answer.

    LADING_BUNDLE=penguins-1.0.0.lading locust -f loadtests/locustfile.py --host http://127.0.0.1:8080

opens locust's page on http://localhost:8089. With ``--rate 200`` requests are due 200 times a second, whatever the
server does; without it users ask again as soon as they have waited. Copy it, and change what you like.
"""

from locust import between

from lading.loadtests import BundleUser


class ModelUser(BundleUser):
    """Asks one row at a time in the Open Inference Protocol; every second request has golden rows."""

    wait_time = between(0.5, 1.5)
