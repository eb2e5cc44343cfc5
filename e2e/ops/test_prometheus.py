import json
import re
import subprocess
import urllib.error
import urllib.parse

from support import Case, blocks, get, section, wait_for

TEXT = section("Metrics")
TOKEN = "a-long-random-token"


class Prometheus(Case):
    def setUp(self):
        super().setUp()
        self.write(TEXT)
        self.serve("one", 8091, PLINTH_METRICS_HTTP=f"127.0.0.1:{self.ports.of(9091)}")
        self.serve("two", 8092, PLINTH_METRICS_HTTP=f"127.0.0.1:{self.ports.of(9092)}")
        self.serve("by-token", 8093, PLINTH_METRICS_TOKEN=TOKEN)
        for port in [8091, 8092, 8093]:
            url = self.ports.url(port)
            wait_for("a server", lambda: get(f"{url}/readyz"))
            get(f"{url}/api/health")
            # A write, a failure, and paths that nobody knows.
            for path in ["/api/collections/posts/records", "/x", "/y", "/z"]:
                with self.assertRaises(urllib.error.HTTPError):
                    get(f"{url}{path}")

    def serve(self, name, port, **variables):
        self.env |= variables
        self.start(
            "plinth", "serve", "--dir", name, "--http", f"127.0.0.1:{self.ports.of(port)}", stderr=subprocess.DEVNULL
        )
        for variable in variables:
            del self.env[variable]

    def test_promtool_finds_nothing_wrong(self):
        for text in [
            get(f"{self.ports.url(9091)}/metrics"),
            get(f"{self.ports.url(8093)}/metrics", token=f"Bearer {TOKEN}"),
        ]:
            said = self.run_to_end("promtool", "check", "metrics", input=text)
            self.assertEqual(said, "")
            # Every metric that the text lists is there.
            listed = set(re.findall(r"`(plinth_\w+)`", TEXT))
            self.assertGreater(len(listed), 10)
            there = set(re.findall(r"^# TYPE (plinth_\w+)", text, re.MULTILINE))
            self.assertEqual(there, listed)
        said = self.run_to_end("promtool", "check", "config", "prometheus.yml")
        self.assertIn("SUCCESS: 4 rules found", said)

    def test_a_prometheus_scrapes_it(self):
        config = self.dir / "prometheus.yml"
        # As often as a test needs it.
        config.write_text(config.read_text().replace("scrape_interval: 15s", "scrape_interval: 1s"))
        listen = f"127.0.0.1:{self.ports.of(9090)}"
        options = ["--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", f"--web.listen-address={listen}"]
        self.start("prometheus", *options, stderr=subprocess.DEVNULL)

        def query(expression):
            asked = urllib.parse.urlencode({"query": expression})
            answer = json.loads(get(f"http://{listen}/api/v1/query?{asked}"))
            self.assertEqual(answer["status"], "success")
            return {
                json.dumps(row["metric"], sort_keys=True): float(row["value"][1]) for row in answer["data"]["result"]
            }

        def are_up():
            found = query('up{job=~"plinth.*"}')
            return len(found) == 3 and set(found.values()) == {1.0}

        wait_for("all targets are up", are_up)
        # Each was asked for something that is not there; the same paths are one route.
        expression = 'sum by (route) (plinth_http_requests_total{route="unmatched", method="GET", status="404"})'
        wait_for("requests", lambda: query(expression) == {'{"route": "unmatched"}': 9.0})
        versions = query("count by (database) (plinth_build_info)")
        self.assertEqual(versions, {'{"database": "sqlite"}': 3.0})
        # Writes of SQLite, by the group.
        groups = query("plinth_sqlite_write_group_size_count > 0")
        self.assertEqual(len(groups), 3)
        # What the alerts ask is answered; none of them holds.
        (rules,) = [block for block in blocks(TEXT, "yaml") if "alert:" in block]
        asked = re.findall(r"expr: (.*)", rules)
        self.assertEqual(len(asked), 4)
        for expression in asked:
            self.assertEqual(query(expression), {}, expression)
        loaded = json.loads(get(f"http://{listen}/api/v1/rules"))["data"]["groups"]
        self.assertEqual(len(loaded[0]["rules"]), 4)
        slow = "histogram_quantile(0.95, sum by (le) (rate(plinth_http_request_duration_seconds_bucket[5m])))"
        wait_for("a quantile", lambda: any(took > 0 for took in query(slow).values()))
