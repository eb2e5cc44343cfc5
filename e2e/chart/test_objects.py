"""What is true of every object that the chart makes."""

import base64
import json
import unittest

import helm_python as helm
import kubernetes_validate
import yaml

from support import SECRETS, VALUES, Rendered, chart, each, root

# The oldest that Chart.yaml allows, and the newest that there is a schema of.
KUBERNETES = ["1.27", "1.30", "1.34", "1.37"]


def matches(selector, labels):
    return bool(selector) and selector.items() <= labels.items()


class Objects(unittest.TestCase):
    def test_lint_finds_nothing(self):
        for name, values in VALUES.items():
            with self.subTest(name):
                report = helm.lint(chart, values, strict=True, namespace="apps")
                self.assertEqual(report["total_charts_linted"], 1)
                self.assertEqual(report["errors"], [])
                self.assertEqual([m for m in report["messages"] if m["severity"] != 1], [])

    def test_kubernetes_old_and_new_takes_every_object(self):
        for name, one in each():
            for thing in one.objects:
                if thing["kind"] == "ServiceMonitor":
                    continue
                for version in KUBERNETES:
                    with self.subTest(name, kind=thing["kind"], kubernetes=version):
                        kubernetes_validate.validate(thing, version, strict=True)

    def test_a_mistake_in_an_object_would_be_found(self):
        thing = json.loads(json.dumps(dict(each())["embedded"].workload))
        thing["spec"]["template"]["spec"]["automountServiceAccountTokn"] = False
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(thing, KUBERNETES[-1], strict=True)

    def test_names_are_unique_and_in_the_release_s_namespace(self):
        for name, one in each():
            with self.subTest(name):
                names = [(thing["kind"], thing["metadata"]["name"]) for thing in one.objects]
                self.assertEqual(len(names), len(set(names)))
                self.assertEqual({thing["metadata"]["namespace"] for thing in one.objects}, {"apps"})

    def test_the_longest_release_name_fits(self):
        for name, values in VALUES.items():
            one = Rendered(values, name="r" * 53)
            for thing in one.objects:
                with self.subTest(name, kind=thing["kind"]):
                    self.assertLessEqual(len(thing["metadata"]["name"]), 63)
                    for label in thing["metadata"]["labels"].values():
                        self.assertLessEqual(len(label), 63)
            # A StatefulSet's pods have its name, a hash of ten and a dash as a label.
            self.assertLessEqual(len(one.workload["metadata"]["name"]), 63 - 11)

    def test_what_selects_pods_finds_ours(self):
        for name, one in each():
            labels = one.pod["metadata"]["labels"]
            for thing in one.objects:
                with self.subTest(name, kind=thing["kind"], named=thing["metadata"]["name"]):
                    spec = thing.get("spec", {})
                    if thing["kind"] == "Service":
                        self.assertTrue(matches(spec["selector"], labels))
                        ports = {port["name"] for port in one.server["ports"]}
                        self.assertTrue({port["targetPort"] for port in spec["ports"]} <= ports)
                    elif thing["kind"] in ("StatefulSet", "Deployment", "PodDisruptionBudget"):
                        self.assertTrue(matches(spec["selector"]["matchLabels"], labels))
                    elif thing["kind"] == "NetworkPolicy":
                        self.assertTrue(matches(spec["podSelector"]["matchLabels"], labels))
                    elif thing["kind"] == "HorizontalPodAutoscaler":
                        target = {key: one.workload[key] for key in ("apiVersion", "kind")}
                        target["name"] = one.workload["metadata"]["name"]
                        self.assertEqual(spec["scaleTargetRef"], target)

    def test_no_secret_is_outside_of_a_Secret(self):
        seen = 0
        for name, one in each():
            with self.subTest(name):
                plain = json.dumps([thing for thing in one.objects if thing["kind"] != "Secret"])
                for word in SECRETS:
                    self.assertNotIn(word, plain + one.notes)
                for container in one.containers:
                    for variable in container["env"]:
                        value = one.secret(variable)
                        if value is None:
                            continue
                        seen += 1
                        encoded = base64.b64encode(value.encode()).decode()
                        self.assertNotIn(encoded, plain + one.notes)
                        self.assertTrue(any(word in value for word in SECRETS), variable["name"])
        self.assertEqual(seen, 4, "the values have a URL (for two containers), a mail server and a token")

    def test_secrets_by_reference_make_no_Secret(self):
        one = dict(each())["postgres-full"]
        self.assertEqual(one.all("Secret"), [])
        references = {
            variable["name"]: variable["valueFrom"]["secretKeyRef"]
            for variable in one.server["env"]
            if "valueFrom" in variable
        }
        self.assertEqual(
            references,
            {
                "PLINTH_DATABASE_URL": {"name": "database", "key": "url"},
                "PLINTH_SMTP_URL": {"name": "mail", "key": "smtp"},
                "PLINTH_METRICS_TOKEN": {"name": "metrics", "key": "metrics-token"},
            },
        )

    def test_a_new_secret_is_new_pods_and_the_same_one_is_not(self):
        values = VALUES["postgres-value"]
        changed = {**values, "database": {"url": "postgres://other:database-password@db.example.com/plinth"}}
        before, again, after = Rendered(values), Rendered(values), Rendered(changed)
        self.assertEqual(before.pod, again.pod)
        self.assertNotEqual(before.pod, after.pod)
        # Nobody finds a password by trying against what is left of its sum.
        self.assertEqual(len(before.pod["metadata"]["annotations"]["checksum/secret"]), 8)

    def test_the_notes_lead_to_the_one_time_link(self):
        for name, one in each():
            with self.subTest(name):
                workload = one.workload
                kind, called = workload["kind"].lower(), workload["metadata"]["name"]
                self.assertIn(f"rollout status {kind}/{called}\n", one.notes)
                self.assertIn("logs \"$POD\" -c plinth | grep '/_/setup#'", one.notes)
                labels = ",".join(f"{key}={value}" for key, value in reversed(workload["spec"]["selector"]["matchLabels"].items()))
                self.assertIn(f"get pod -l {labels} -o name", one.notes)

    def test_the_notes_say_that_files_need_a_place(self):
        for name, one in each():
            with self.subTest(name):
                variables = {variable["name"] for variable in one.values.get("extraEnv", [])}
                has_place = bool(variables & {"PLINTH_S3_BUCKET", "PLINTH_SHARED_DIR"})
                needs_place = one.workload["kind"] == "Deployment" and not has_place
                self.assertEqual("PLINTH_S3_BUCKET" in one.notes, needs_place)
        values = VALUES["postgres-value"]
        bucket = {**values, "extraEnv": [{"name": "PLINTH_S3_BUCKET", "value": "files"}]}
        self.assertIn("PLINTH_S3_BUCKET", Rendered(values).notes)
        self.assertNotIn("PLINTH_S3_BUCKET", Rendered(bucket).notes)


class Chart(unittest.TestCase):
    def test_it_is_of_the_server_s_version(self):
        cargo = (root / "Cargo.toml").read_text()
        version = cargo.split("[workspace.package]\nversion = \"", 1)[1].split('"', 1)[0]
        self.assertEqual(yaml.safe_load((chart / "Chart.yaml").read_text())["appVersion"], version)

    def test_the_readme_has_every_value_and_its_default(self):
        documented = {}
        for line in (chart / "README.md").read_text().splitlines():
            if line.startswith("| `"):
                key, default, _ = (cell.strip() for cell in line.strip("|").split("|", 2))
                documented[key.strip("`")] = default.strip("`")
        defaults = {}

        def walk(path, value):
            if isinstance(value, dict) and value and path != "resources":
                for key, inner in value.items():
                    walk(f"{path}.{key}" if path else key, inner)
            else:
                defaults[path] = json.dumps(value) if not isinstance(value, str) or value == "" else value

        walk("", yaml.safe_load((chart / "values.yaml").read_text()))
        self.assertEqual(documented, defaults)
