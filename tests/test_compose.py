"""docs/compose.yaml: keys that the Compose specification knows, references that lead somewhere, no secret in it."""

import re
from pathlib import Path

from ruamel.yaml import YAML

FILE = Path(__file__).resolve().parents[1] / "docs/compose.yaml"
# https://github.com/compose-spec/compose-spec/blob/main/05-services.md, the keys of a service that may be used here
TOP = {"name", "services", "volumes", "networks", "configs", "secrets"}
SERVICE = {
    "image", "build", "command", "environment", "depends_on", "volumes", "ports", "healthcheck", "restart", "configs", "secrets", "networks",
}  # fmt: skip
HEALTHCHECK = {"test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"}
BUILD = {"context", "dockerfile", "dockerfile_inline", "args", "target"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
INTERPOLATION = re.compile(r"\$\{[A-Z_]+(:?[-?+][^}]*)?\}")


def test_the_file_is_what_the_specification_allows():
    content = YAML(typ="safe").load(FILE)
    assert set(content) <= TOP and re.fullmatch(r"[a-z0-9][a-z0-9_-]*", content["name"])
    services = content["services"]
    assert set(services) == {"postgres", "mlflow", "prefect"}
    for name, service in services.items():
        assert set(service) <= SERVICE and ("image" in service) != ("build" in service), name
        assert set(service.get("build", ())) <= BUILD and set(service.get("healthcheck", ())) <= HEALTHCHECK
        for other, how in service.get("depends_on", {}).items():
            assert set(how) == {"condition"} and how["condition"] in CONDITIONS
            assert how["condition"] != "service_healthy" or "healthcheck" in services[other]
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in content["volumes"]
        for config in service.get("configs", ()):
            assert config["source"] in content["configs"]
        for port in service.get("ports", ()):
            assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), "bound to this host alone"
        assert all(isinstance(value, str) for value in service.get("environment", {}).values())


def test_passwords_come_from_the_environment_and_variables_are_well_formed():
    text = FILE.read_text()
    for variable in re.findall(r"\$\{[^}]*\}?", text):
        assert INTERPOLATION.fullmatch(variable), variable
    for line in text.splitlines():
        if "PASSWORD:" in line or "://segmend:" in line:
            assert "${POSTGRES_PASSWORD" in line


def test_versions_are_those_that_are_tested():
    pinned = dict(
        re.findall(r"^([\w-]+)==(\S+)", (FILE.parents[1] / "constraints.txt").read_text(), flags=re.MULTILINE)
    )
    text = FILE.read_text()
    assert f"mlflow:v{pinned['mlflow']}" in text and f"prefect:{pinned['prefect']}-" in text
