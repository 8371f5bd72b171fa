"""The chart as Helm renders it, and what all its tests share."""

import functools
import re
import subprocess
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHART = ROOT / "charts" / "conncentric"
HELM = ROOT / "target" / "tools" / "chart" / "bin" / "helm"

# The oldest that the chart takes, one in the middle, and the newest whose schemas are here.
KUBERNETES = ["1.30", "1.34", "1.37"]

# Kinds of other projects, whose schemas are not among those of Kubernetes.
FOREIGN = {"HTTPRoute", "ServiceMonitor", "PrometheusRule", "ScaledObject", "Route"}


def cases():
    """Every file of values by its name: the examples, those of the tests, and no file at all."""
    files = sorted((CHART / "examples").glob("*.yaml")) + sorted((HERE / "values").glob("*.yaml"))
    return {"defaults": None, **{file.stem: file for file in files}}


def helm(*arguments):
    return subprocess.run([HELM, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def template(values=None, *arguments):
    """What Helm says to these values: a file or a dictionary."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        if isinstance(values, dict):
            yaml.safe_dump(values, file)
            file.flush()
            values = file.name
        chosen = ["--values", values] if values else []
        return helm("template", "core", CHART, "--namespace", "trading", *chosen, *arguments)


def rendered(values=None, *arguments):
    if not isinstance(values, dict):
        return rendered_file(values, *arguments)
    return settled(template(values, *arguments))


@functools.cache
def rendered_file(values, *arguments):
    return settled(template(values, *arguments))


def settled(answer):
    assert answer.returncode == 0, answer.stderr
    # Tokens are random.
    return re.sub(r"cct_\w+", "cct_RANDOM", answer.stdout)


def objects(text):
    return [one for one in yaml.safe_load_all(text) if one]


def pod_specs(text):
    """(kind/name, specification) of all pods, whatever makes them."""
    for one in objects(text):
        name = f"{one['kind']}/{one['metadata']['name']}"
        if one["kind"] == "Pod":
            yield name, one["spec"]
        elif "template" in one.get("spec", {}):
            yield name, one["spec"]["template"]["spec"]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]
