"""Ray's environment: what every process of Ray is told before it starts."""

from collections.abc import Mapping
from pathlib import Path


def ray_environment(environment: Mapping[str, str], folder: Path, token: Path) -> dict[str, str]:
    """The environment for Ray's processes, made from the server's own; no RAY_ variable of the user's stays.

    Loopback only, every call with the token, no usage statistics, temporary files in ``folder``.
    """
    kept = {name: value for name, value in environment.items() if not name.startswith("RAY_")}
    return {
        **kept,
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_enable_metrics_collection": "0",
        # It would kill a replica for what other programs of the machine take; each has a bound of its own here.
        "RAY_memory_monitor_refresh_ms": "0",
        "RAY_SERVE_LOG_TO_STDERR": "0",
        # One thread less in a replica; one that hangs then fails Ray's health check, as it should.
        "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
        "RAY_SERVE_FORCE_STOP_UNHEALTHY_REPLICAS": "1",
        "RAY_SERVE_STOP_FAILED_ROLLING_UPDATES": "1",
        "ORT_DISABLE_TELEMETRY": "1",
        "TMPDIR": str(folder),
    }
