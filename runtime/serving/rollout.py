"""The rollout: Ray Serve is told which replicas to run, and how."""

from pathlib import Path
from typing import Any

from ray import serve
from ray.serve import RunTarget
from ray.serve._private.common import DeploymentStatusTrigger
from ray.serve.schema import ApplicationStatus, DeploymentStatusOverview

from lading.runtime.serving.orders import Order
from lading.runtime.serving.replica import Replica

APPLICATION = "lading"


def start_serve() -> None:
    """Start Ray Serve on the node that this process is connected to, without its own proxies."""
    serve.start(proxy_location="Disabled")


def roll_out(folder: Path, order: Order, version: str) -> None:
    """Have Ray Serve replace whatever runs with fresh replicas; it goes on after this returns.

    Replicas that run already as this ``version`` of the order stay.
    """
    settings = dict(order.settings)
    drain_seconds = float(str(settings["drain_seconds"]))
    make: Any = serve.deployment
    deployment = make(
        Replica,
        name=APPLICATION,
        num_replicas=order.replicas,
        ray_actor_options={"num_cpus": 0},
        max_surge_percent=100,
        max_constructor_retry_count=3,
        health_check_period_s=2,
        health_check_timeout_s=4,
        graceful_shutdown_timeout_s=drain_seconds + 10,
        graceful_shutdown_wait_loop_s=0.1,
    )
    # Serve would make a version up, and could not be told to return to one.
    deployment._version = version
    target = RunTarget(target=deployment.bind(str(folder), order.slots, settings), name=APPLICATION, route_prefix=None)
    serve.run_many([target], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)


def outcome() -> tuple[bool, str] | None:
    """Whether the last rollout succeeded, and Ray Serve's own words; none while it goes on."""
    application = serve.status().applications[APPLICATION]
    if application.status in {ApplicationStatus.DEPLOYING, ApplicationStatus.NOT_STARTED}:
        return None
    if application.status != ApplicationStatus.RUNNING and all(map(_recovers, application.deployments.values())):
        return None
    messages = [application.message, *(deployment.message for deployment in application.deployments.values())]
    # What comes before the last line of a message is the traceback of the replica.
    words = [message.strip().splitlines()[-1] for message in messages if message.strip()]
    return application.status == ApplicationStatus.RUNNING, words[-1] if words else str(application.status)


def _recovers(deployment: DeploymentStatusOverview) -> bool:
    """Whether a replica that answered has died, and Ray Serve starts another; it calls this a failed deployment, too.

    That a rollout ended for good is only in its words then.
    """
    died = deployment.status_trigger == DeploymentStatusTrigger.HEALTH_CHECK_FAILED
    return died and "rolling update" not in deployment.message
