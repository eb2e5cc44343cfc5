"""How the pods are reached, and by whom."""

import unittest

from support import Rendered, each, rendered


class Network(unittest.TestCase):
    def test_the_api_s_service_has_the_api_alone(self):
        for name, one in each():
            with self.subTest(name):
                (port,) = one.service()["spec"]["ports"]
                self.assertEqual(port["targetPort"], "http")
        self.assertEqual(rendered("postgres-full").service()["spec"]["type"], "LoadBalancer")

    def test_a_client_stays_with_its_pod(self):
        self.assertEqual(rendered("postgres").service()["spec"]["sessionAffinity"], "ClientIP")
        self.assertNotIn("sessionAffinity", rendered("embedded").service()["spec"])

    def test_metrics_are_on_a_port_of_their_own_when_asked_for(self):
        for name, one in each():
            with self.subTest(name):
                enabled = one.values.get("metrics", {}).get("enabled", False)
                ports = {port["name"]: port["containerPort"] for port in one.server["ports"]}
                variable = one.variables(one.server).get("PLINTH_METRICS_HTTP")
                if enabled:
                    self.assertEqual(variable, f"0.0.0.0:{ports['metrics']}")
                    service = one.service("-metrics")["spec"]
                    # Without an address of its own, no load balancer can lead to it.
                    self.assertEqual((service["type"], service["clusterIP"]), ("ClusterIP", "None"))
                    self.assertEqual(service["ports"][0]["port"], ports["metrics"])
                else:
                    self.assertIsNone(variable)
                    self.assertEqual(list(ports), ["http"])
        self.assertIn("metrics", rendered("embedded-full").values)

    def test_a_token_alone_opens_no_port(self):
        one = Rendered({"metrics": {"token": "metrics-password"}})
        self.assertEqual(one.variables(one.server)["PLINTH_METRICS_TOKEN"], "metrics-password")
        self.assertNotIn("PLINTH_METRICS_HTTP", one.variables(one.server))
        self.assertEqual(len(one.server["ports"]), 1)

    def test_the_service_monitor_finds_the_metrics_service_alone(self):
        one = rendered("postgres-full")
        monitor = one.one("ServiceMonitor")
        self.assertEqual(monitor["apiVersion"], "monitoring.coreos.com/v1")
        self.assertEqual(monitor["metadata"]["labels"]["release"], "prometheus")
        self.assertEqual(set(monitor["spec"]), {"selector", "endpoints"})
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        found = [service for service in one.all("Service") if wanted <= service["metadata"]["labels"].items()]
        self.assertEqual([service["metadata"]["name"] for service in found], ["backend-metrics"])
        self.assertEqual(
            monitor["spec"]["endpoints"],
            [{"port": "metrics", "path": "/metrics", "interval": "15s", "scrapeTimeout": "10s"}],
        )
        self.assertIn("metrics", [port["name"] for port in found[0]["spec"]["ports"]])
        self.assertEqual(rendered("embedded-full").all("ServiceMonitor"), [])

    def test_the_ingress_leads_to_the_api(self):
        self.assertEqual(rendered("embedded").all("Ingress"), [])
        one = rendered("embedded-full")
        ingress = one.one("Ingress")["spec"]
        self.assertEqual(ingress["ingressClassName"], "nginx")
        self.assertEqual([rule["host"] for rule in ingress["rules"]], ["notes.example.com", "www.notes.example.com"])
        for rule in ingress["rules"]:
            (path,) = rule["http"]["paths"]
            self.assertEqual((path["path"], path["pathType"]), ("/", "Prefix"))
            backend = path["backend"]["service"]
            self.assertEqual(backend["name"], one.service()["metadata"]["name"])
            self.assertEqual(backend["port"]["name"], one.service()["spec"]["ports"][0]["name"])
        self.assertEqual(
            ingress["tls"],
            [{"hosts": ["notes.example.com", "www.notes.example.com"], "secretName": "demo-plinth-tls"}],
        )
        self.assertEqual(rendered("postgres-full").one("Ingress")["spec"]["tls"][0]["secretName"], "shop-certificate")

    def test_the_network_policy_lets_in_who_was_named(self):
        self.assertEqual(rendered("embedded").all("NetworkPolicy"), [])

        plain = rendered("embedded-full").one("NetworkPolicy")["spec"]
        self.assertEqual(plain["policyTypes"], ["Ingress"])
        http, metrics = plain["ingress"]
        self.assertEqual(http, {"ports": [{"port": "http"}]})
        self.assertEqual(metrics, {"ports": [{"port": "metrics"}], "from": [{"namespaceSelector": {}}]})

        full = rendered("postgres-full").one("NetworkPolicy")["spec"]
        self.assertEqual(full["policyTypes"], ["Ingress", "Egress"])
        self.assertEqual([len(rule["from"]) for rule in full["ingress"]], [1, 1])
        dns, database, mail = full["egress"]
        self.assertEqual({(port["port"], port["protocol"]) for port in dns["ports"]}, {(53, "UDP"), (53, "TCP")})
        self.assertEqual(database["to"], [{"ipBlock": {"cidr": "10.0.0.0/8"}}])
        self.assertEqual(mail, {"ports": [{"port": 587}]})
