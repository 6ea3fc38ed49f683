"""The examples for compose, Kubernetes, KServe and KubeRay, and the sheets that an image is saved with."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from lading.core.settings import Settings
from lading.runtime.images.errors import ImageNameError
from lading.runtime.images.sheets import sheets

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples" / "containers"
IMAGE = "models/penguins:1.0.0"
DIGESTS, LAYERS = ["sha256:" + "a" * 64], ["sha256:" + "b" * 64, "sha256:" + "c" * 64]
VARIABLES = {f"LADING_{name.upper()}" for name in Settings.model_fields}
HARDENED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
KUBERNETES = "1.33"


def rendered(signed: bool = True) -> dict[str, str]:
    """The sheets of an image."""
    found = sheets(IMAGE, DIGESTS, LAYERS, signed=signed)
    return {name: data.decode() for name, data in found.items()}


def documents(name: str) -> list[dict[str, Any]]:
    """What a YAML file of the examples says."""
    return list(yaml.safe_load_all((EXAMPLES / name).read_text()))


def pods() -> Iterator[Any]:
    """Every pod of the examples: what it is made of, by file."""
    kserve, kuberay = documents("kserve.yaml"), documents("kuberay.yaml")
    yield pytest.param(documents("kubernetes.yaml")[0]["spec"]["template"]["spec"], id="kubernetes")
    runtime = {key: kserve[0]["spec"][key] for key in ("containers", "volumes")}
    yield pytest.param(runtime, id="kserve")
    yield pytest.param(kuberay[0]["spec"]["headGroupSpec"]["template"]["spec"], id="kuberay")


@pytest.mark.parametrize("name", ["kubernetes.yaml", "kserve.yaml"])
def test_an_example_is_the_sheet_that_an_image_is_saved_with(name: str) -> None:
    assert (EXAMPLES / name).read_text() == rendered()[name]


@pytest.mark.parametrize("document", documents("kubernetes.yaml"), ids=lambda found: str(found["kind"]))
def test_kubernetes_knows_every_field(document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize("pod", list(pods()))
def test_every_pod_is_valid_and_may_do_next_to_nothing(pod: dict[str, Any]) -> None:
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": pod}
    kubernetes_validate.validate(whole, KUBERNETES, strict=True)
    (container,) = pod["containers"]
    assert {key: container["securityContext"][key] for key in HARDENED} == HARDENED
    assert {variable["name"] for variable in container.get("env", [])} <= VARIABLES
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == set(re.findall(r'"(/[^"]+)"', _instruction("VOLUME")))


def test_kserves_runtime_keeps_its_contract() -> None:
    runtime, service = documents("kserve.yaml")
    (container,) = runtime["spec"]["containers"]
    assert container["name"] == "kserve-container"
    assert container["ports"][0]["containerPort"] == 8080
    assert runtime["spec"]["protocolVersions"] == ["v1", "v2"]
    assert service["spec"]["predictor"]["model"]["runtime"] == runtime["metadata"]["name"]


@pytest.mark.parametrize(
    "text", [(EXAMPLES / "compose.yaml").read_text(), rendered()["compose.yaml"]], ids=["example", "sheet"]
)
def test_compose_hardens_the_server_and_mounts_what_is_there(text: str) -> None:
    found = yaml.safe_load(text)
    server = found["services"]["lading"]
    assert (server["read_only"], server["cap_drop"]) == (True, ["ALL"])
    assert set(server["environment"]) <= VARIABLES
    for service in found["services"].values():
        for volume in service.get("volumes", []):
            source = volume.rpartition(":")[0].removesuffix(":ro") if volume.startswith("$") else volume.split(":")[0]
            if source.startswith("./"):
                assert (EXAMPLES / source).is_file()
            elif not source.startswith("$"):
                assert source in found["volumes"]


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    panels = json.loads((EXAMPLES / "grafana-dashboard.json").read_text())["panels"]
    asked = [re.findall(r"lading_\w+", target["expr"]) for panel in panels for target in panel["targets"]]
    assert all(asked)
    assert [name for names in asked for name in names if f"`{re.sub(r'_(bucket|sum)$', '', name)}`" not in page] == []


@pytest.mark.parametrize("signed", [True, False])
def test_the_script_that_verifies_is_one_that_a_posix_shell_reads(signed: bool, tmp_path: Path) -> None:
    text = rendered(signed)["verify.sh"]
    (tmp_path / "verify.sh").write_text(text)
    subprocess.run(["dash", "-n", str(tmp_path / "verify.sh")], check=True, timeout=20)
    assert ("release.pub" in text) is signed
    assert "\n".join(LAYERS) in text


def test_a_name_that_is_none_reaches_no_script() -> None:
    with pytest.raises(ImageNameError):
        sheets('models"; rm -rf /', DIGESTS, LAYERS, signed=False)


def _instruction(name: str) -> str:
    (line,) = [each for each in (ROOT / "Dockerfile").read_text().splitlines() if each.startswith(name)]
    return line
