"""Ray's environment: closed, quiet, and not the user's."""

from pathlib import Path

from lading.runtime.serving.ray_environment import ray_environment


def test_rays_environment_has_none_of_the_users_ray_variables() -> None:
    made = ray_environment({"RAY_ADDRESS": "elsewhere", "HOME": "/home/me"}, Path("/run"), Path("/run/token"))
    assert "RAY_ADDRESS" not in made
    assert made["HOME"] == "/home/me"
    assert made["RAY_AUTH_MODE"] == "token"
    assert made["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
