"""The chart, rendered by Helm's own engine."""

import base64
from functools import cache
from pathlib import Path

import helm_python as helm
import yaml

root = Path(__file__).resolve().parents[2]
chart = root / "charts" / "plinth"

# Set by run.py.
plinth: Path
database_url: str | None = None

# Every values file that must work, by its name.
VALUES = {file.stem: yaml.safe_load(file.read_text()) for file in sorted((chart / "ci").glob("*.yaml"))}
assert VALUES, "charts/plinth/ci has no values"

# Whatever looks like this in the values is a secret.
SECRETS = ["mail-password", "metrics-password", "database-password"]


class Rendered:
    """What Helm would send to a cluster."""

    def __init__(self, values, name="demo", namespace="apps"):
        with helm.Chart.load(chart) as loaded:
            files = loaded.render(values, name=name, namespace=namespace)
        self.values = values
        self.notes = files.pop("plinth/templates/NOTES.txt")
        self.objects = [
            document
            for text in files.values()
            for document in yaml.safe_load_all(text)
            if document is not None
        ]

    def all(self, kind):
        return [thing for thing in self.objects if thing["kind"] == kind]

    def one(self, kind):
        found = self.all(kind)
        assert len(found) == 1, f"{len(found)} of kind {kind}"
        return found[0]

    @property
    def workload(self):
        """The StatefulSet or the Deployment: there is one of them."""
        found = self.all("StatefulSet") + self.all("Deployment")
        assert len(found) == 1, found
        return found[0]

    @property
    def pod(self):
        return self.workload["spec"]["template"]

    @property
    def containers(self):
        spec = self.pod["spec"]
        return spec["initContainers"] + spec["containers"]

    @property
    def server(self):
        (container,) = self.pod["spec"]["containers"]
        return container

    def service(self, suffix=""):
        name = self.workload["metadata"]["name"] + suffix
        (found,) = [service for service in self.all("Service") if service["metadata"]["name"] == name]
        return found

    def variables(self, container):
        """The environment as the container sees it; of a Secret that is not the chart's: None."""
        values = {}
        for variable in container["env"]:
            assert variable["name"] not in values, f"{variable['name']} comes twice"
            values[variable["name"]] = variable.get("value", self.secret(variable))
        return values

    def secret(self, variable):
        if "value" in variable:
            return None
        reference = variable["valueFrom"]["secretKeyRef"]
        for secret in self.all("Secret"):
            if secret["metadata"]["name"] == reference["name"]:
                return base64.b64decode(secret["data"][reference["key"]]).decode()
        return None


@cache
def rendered(name):
    return Rendered(VALUES[name])


def each():
    """Every values file, rendered."""
    return [(name, rendered(name)) for name in VALUES]


def in_mode(mode):
    found = [(name, one) for name, one in each() if VALUES[name].get("mode", "embedded") == mode]
    assert found
    return found
