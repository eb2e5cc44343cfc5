"""The pods, in either mode."""

import re
import unittest

from support import VALUES, Rendered, each, in_mode, rendered, root


class Pods(unittest.TestCase):
    def test_they_have_no_rights(self):
        for name, one in each():
            with self.subTest(name):
                spec = one.pod["spec"]
                self.assertIs(spec["automountServiceAccountToken"], False)
                self.assertIs(spec["enableServiceLinks"], False)
                security = spec["securityContext"]
                self.assertIs(security["runAsNonRoot"], True)
                self.assertEqual((security["runAsUser"], security["fsGroup"]), (65532, 65532))
                self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
                for key in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
                    self.assertNotIn(key, spec)
                for account in one.all("ServiceAccount"):
                    self.assertIs(account["automountServiceAccountToken"], False)
                for container in one.containers:
                    self.assertEqual(
                        container["securityContext"],
                        {
                            "allowPrivilegeEscalation": False,
                            "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                    )

    def test_they_write_to_two_folders_that_there_are(self):
        for name, one in each():
            volumes = {volume["name"] for volume in one.pod["spec"]["volumes"]}
            volumes |= {claim["metadata"]["name"] for claim in one.workload["spec"].get("volumeClaimTemplates", [])}
            for container in one.containers:
                with self.subTest(name, container=container["name"]):
                    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
                    self.assertTrue({"/data": "data", "/tmp": "tmp"}.items() <= mounts.items())
                    self.assertTrue(set(mounts.values()) <= volumes)
                    self.assertEqual(one.variables(container)["PLINTH_DIR"], "/data")

    def test_probes_ask_what_the_server_answers(self):
        for name, one in each():
            with self.subTest(name):
                asked = {
                    probe: one.server[probe]["httpGet"]
                    for probe in ("startupProbe", "livenessProbe", "readinessProbe")
                }
                self.assertEqual(
                    asked,
                    {
                        "startupProbe": {"path": "/livez", "port": "http"},
                        "livenessProbe": {"path": "/livez", "port": "http"},
                        "readinessProbe": {"path": "/readyz", "port": "http"},
                    },
                )
                ports = {port["name"]: port["containerPort"] for port in one.server["ports"]}
                self.assertEqual(one.variables(one.server)["PLINTH_HTTP"], f"0.0.0.0:{ports['http']}")

    def test_they_are_given_the_time_that_they_take_to_stop(self):
        for name, one in each():
            with self.subTest(name):
                set_to = one.variables(one.server)
                takes = int(set_to["PLINTH_READY_DELAY_SECONDS"]) + int(set_to["PLINTH_DRAIN_SECONDS"])
                self.assertGreater(one.pod["spec"]["terminationGracePeriodSeconds"], takes)
        full = rendered("embedded-full").pod["spec"]
        self.assertEqual(full["terminationGracePeriodSeconds"], 80)

    def test_migrations_come_first_and_know_the_database(self):
        for name, one in each():
            with self.subTest(name):
                (migrate,) = one.pod["spec"]["initContainers"]
                self.assertEqual(migrate["args"], ["migrate"])
                self.assertEqual(one.server["args"], ["serve"])
                self.assertEqual(migrate["image"], one.server["image"])
                ours = one.variables(one.server)
                self.assertTrue(one.variables(migrate).items() <= ours.items())
                urls = [v for c in one.containers for v in c["env"] if v["name"] == "PLINTH_DATABASE_URL"]
                self.assertEqual(len(urls), 2 if one.workload["kind"] == "Deployment" else 0)
                self.assertTrue(all(url == urls[0] for url in urls))

    def test_every_variable_is_a_setting_of_the_server(self):
        # The reference is generated from the settings; a test of the server holds it to them.
        reference = (root / "docs/CONFIGURATION.md").read_text()
        settings = set(re.findall(r"^\| `\w+` \| `(PLINTH_\w+)` \|", reference, re.MULTILINE))
        used = set()
        for _, one in each():
            for container in one.containers:
                used |= {name for name in one.variables(container) if name.startswith("PLINTH_")}
        self.assertEqual(used - settings, set())
        # What extraEnv may not set again is exactly what the chart sets.
        contradictions = (root / "charts/plinth/templates/contradictions.yaml").read_text()
        ours = re.search(r"\$ours := list (.*?) -", contradictions).group(1)
        self.assertEqual({f"PLINTH_{name}" for name in re.findall(r'"(\w+)"', ours)}, used)

    def test_the_image_is_the_one_asked_for(self):
        self.assertEqual(rendered("embedded").server["image"], "plinth:0.1.0")
        self.assertEqual(rendered("postgres-full").server["image"], "images.example.com/plinth:0.1.0-debug")
        self.assertRegex(rendered("embedded-full").server["image"], r"^images\.example\.com/plinth@sha256:[0-9a-f]{64}$")

    def test_text_arrives_as_it_was_written(self):
        for text in ("Notes: & more", 'a "quoted" # name', "{{ .Values.secret }}", "12"):
            one = Rendered({"app": {"name": text}})
            self.assertEqual(one.variables(one.server)["PLINTH_APP_NAME"], text)

    def test_links_lead_to_where_people_reach_it(self):
        def url(values):
            one = Rendered(values)
            return one.variables(one.server).get("PLINTH_APP_URL")

        ingress = {"enabled": True, "hosts": ["a.example.com", "b.example.com"]}
        self.assertIsNone(url({}))
        self.assertEqual(url({"ingress": ingress}), "http://a.example.com")
        self.assertEqual(url({"ingress": {**ingress, "tls": {"enabled": True}}}), "https://a.example.com")
        self.assertEqual(url({"ingress": ingress, "app": {"url": "https://c.example.com"}}), "https://c.example.com")


class Embedded(unittest.TestCase):
    def test_it_is_the_default(self):
        self.assertEqual(Rendered({}).objects, rendered("embedded").objects)

    def test_one_pod_with_a_volume_that_stays(self):
        for name, one in in_mode("embedded"):
            with self.subTest(name):
                spec = one.workload["spec"]
                self.assertEqual(one.workload["kind"], "StatefulSet")
                self.assertEqual(spec["replicas"], 1)
                self.assertEqual(spec["persistentVolumeClaimRetentionPolicy"], {"whenDeleted": "Retain", "whenScaled": "Retain"})
                self.assertEqual(one.service("-pods")["metadata"]["name"], spec["serviceName"])
                self.assertEqual(one.service("-pods")["spec"]["clusterIP"], "None")
        (claim,) = rendered("embedded-full").workload["spec"]["volumeClaimTemplates"]
        self.assertEqual(claim["spec"]["accessModes"], ["ReadWriteOncePod"])
        self.assertEqual(claim["spec"]["storageClassName"], "fast")
        self.assertEqual(claim["spec"]["resources"]["requests"]["storage"], "50Gi")

    def test_nothing_scales_it(self):
        for name, one in in_mode("embedded"):
            with self.subTest(name):
                for kind in ("Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget"):
                    self.assertEqual(one.all(kind), [])


class Postgres(unittest.TestCase):
    def test_a_pod_goes_when_its_successor_is_ready(self):
        for name, one in in_mode("postgres"):
            with self.subTest(name):
                self.assertEqual(one.workload["kind"], "Deployment")
                self.assertEqual(
                    one.workload["spec"]["strategy"],
                    {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                )
                self.assertNotIn("volumeClaimTemplates", one.workload["spec"])

    def test_as_many_as_asked_for_or_as_the_load_asks_for(self):
        self.assertEqual(rendered("postgres").workload["spec"]["replicas"], 2)
        self.assertEqual(rendered("postgres").all("HorizontalPodAutoscaler"), [])
        full = rendered("postgres-full")
        # A number here would undo the autoscaler's at every upgrade.
        self.assertNotIn("replicas", full.workload["spec"])
        spec = full.one("HorizontalPodAutoscaler")["spec"]
        self.assertEqual((spec["minReplicas"], spec["maxReplicas"]), (3, 12))
        targets = {m["resource"]["name"]: m["resource"]["target"]["averageUtilization"] for m in spec["metrics"]}
        self.assertEqual(targets, {"cpu": 70, "memory": 80})

    def test_a_drain_takes_some_of_them(self):
        self.assertEqual(rendered("postgres").one("PodDisruptionBudget")["spec"]["maxUnavailable"], 1)
        self.assertEqual(rendered("postgres-full").one("PodDisruptionBudget")["spec"]["maxUnavailable"], "25%")
        self.assertEqual(rendered("postgres-value").all("PodDisruptionBudget"), [])

    def test_they_are_spread(self):
        def spread(name):
            return [
                (one["topologyKey"], one["whenUnsatisfiable"])
                for one in rendered(name).pod["spec"].get("topologySpreadConstraints", [])
            ]

        soft = "ScheduleAnyway"
        self.assertEqual(spread("postgres"), [("kubernetes.io/hostname", soft), ("topology.kubernetes.io/zone", soft)])
        self.assertEqual(spread("postgres-full"), [("topology.kubernetes.io/zone", "DoNotSchedule")])
        self.assertEqual(spread("postgres-value"), [])

    def test_an_account_of_the_namespace_s_can_be_used(self):
        one = rendered("postgres-value")
        self.assertEqual(one.all("ServiceAccount"), [])
        self.assertEqual(one.pod["spec"]["serviceAccountName"], "default")
        named = Rendered({**VALUES["postgres-value"], "serviceAccount": {"create": False, "name": "theirs"}})
        self.assertEqual(named.pod["spec"]["serviceAccountName"], "theirs")
