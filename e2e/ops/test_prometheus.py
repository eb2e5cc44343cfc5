import json
import re
import subprocess
import urllib.error
import urllib.parse

from support import Case, blocks, get, section, wait_for

TEXT = section("monitor.md", "Metrics")
(BLOCK,) = [block for block in blocks(TEXT, "yaml") if "alert:" in block]
# What the alerts ask.
RULES = re.findall(r"expr: (.*)", BLOCK)
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
        self.assertIn(f"SUCCESS: {len(RULES)} rules found", said)

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
        for expression in RULES:
            self.assertEqual(query(expression), {}, expression)
        loaded = json.loads(get(f"http://{listen}/api/v1/rules"))["data"]["groups"]
        self.assertEqual(len(loaded[0]["rules"]), len(RULES))
        slow = "histogram_quantile(0.95, sum by (le) (rate(plinth_http_request_duration_seconds_bucket[5m])))"
        wait_for("a quantile", lambda: any(took > 0 for took in query(slow).values()))

    def test_the_alerts_tell_what_they_are_for(self):
        """Each rule on figures that it is for, and on those of a quiet day."""
        series = [
            ('plinth_ready{instance="a"}', "0x60", "1x60"),
            ('plinth_database_waiting{instance="a"}', "3x60", "0x60"),
            ('plinth_write_failures_total{instance="a", reason="full"}', "0+5x60", "0x60"),
            ('plinth_job_runs_total{instance="a", outcome="skipped"}', "0+1x60", "0x60"),
            ('plinth_job_runs_total{instance="a", outcome="succeeded"}', "0+1x60", "0+1x60"),
            ('plinth_data_directory_free_bytes{instance="a"}', "5x60", "50x60"),
            ('plinth_data_directory_size_bytes{instance="a"}', "100x60", "100x60"),
            ('plinth_clock_difference_seconds{instance="a"}', "-600x60", "0.1x60"),
            ('plinth_http_requests_total{instance="a", status="503"}', "0+30x60", "0x60"),
            ('plinth_http_requests_total{instance="a", status="200"}', "0+300x60", "0+300x60"),
        ]
        names = ["NotReady", "ConnectionsTaken", "WritesFail", "JobsLost", "DiskFull", "Clock", "Errors"]
        tests = []
        for column in [1, 2]:
            lines = "".join(f"      - {{series: '{row[0]}', values: '{row[column]}'}}\n" for row in series)
            checks = ""
            expected = ["[{labels: '{}', value: 1}]", "[]"][column - 1]
            for name in names:
                firing = f'count(ALERTS{{alertname="Plinth{name}", alertstate="firing"}})'
                checks += f"      - {{expr: '{firing}', eval_time: 14m, exp_samples: {expected}}}\n"
            tests.append(f"  - interval: 15s\n    input_series:\n{lines}    promql_expr_test:\n{checks}")
        (self.dir / "tests.yml").write_text("rule_files: [plinth.rules.yml]\ntests:\n" + "".join(tests))
        self.assertIn("SUCCESS", self.run_to_end("promtool", "test", "rules", "tests.yml"))
