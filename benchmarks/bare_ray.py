"""Ray and Ray Serve with replicas that do nothing: what of a start is not ours.

``python -m benchmarks.bare_ray REPLICAS`` prints a line when they run.
"""

import signal
import sys

import ray
from ray import serve


@serve.deployment
class Nothing:
    """One replica."""


def main() -> None:
    """Run until SIGTERM."""
    ray.init(include_dashboard=False, log_to_driver=False)
    serve.start(proxy_location="Disabled")
    serve.run(Nothing.options(num_replicas=int(sys.argv[1])).bind())  # type: ignore[attr-defined]  # the decorator makes a Deployment of it
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()  # type: ignore[no-untyped-call]
    ray.shutdown()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
