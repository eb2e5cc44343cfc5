import http.client
import json
import threading
import time
import unittest

from support import Case, Shell, blocks, get, section, sign_in, wait_for

TEXT = section("scale.md", "Two replicas on one machine")


class Clients:
    """Clients that read and write without a pause, each on one connection, and note whatever fails."""

    def __init__(self, port):
        self.port = port
        self.is_over = threading.Event()
        self.created, self.reads, self.failures = [], 0, []
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(8)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        path = "/api/collections/posts/records"
        count = 0
        while not self.is_over.is_set():
            count += 1
            title = f"{number}-{count}"
            try:
                if count % 2:
                    headers = {"Content-Type": "application/json"}
                    connection.request("POST", path, json.dumps({"title": title}), headers)
                else:
                    connection.request("GET", f"{path}?perPage=5&skipTotal=1")
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    raise AssertionError(f"{response.status}: {body[:200]}")
                if count % 2:
                    self.created.append(json.loads(body)["id"])
                else:
                    self.reads += 1
            except Exception as error:  # whatever it is, it is a request that failed
                self.failures.append(f"{time.monotonic():.2f} {title}: {error!r}")
                connection.close()

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


class Replicas(Case):
    def answered(self):
        """How many requests each server answered, as HAProxy counts."""
        lines = get(f"{self.ports.url(8404)}/;csv").splitlines()
        names = lines[0].lstrip("# ").split(",")
        rows = [dict(zip(names, line.split(","))) for line in lines[1:]]
        return {row["svname"]: int(row["hrsp_2xx"]) for row in rows if row["pxname"] == "plinth" and row["svname"] in ("one", "two")}

    def test_both_are_replaced_and_no_request_fails(self):
        steps = blocks(TEXT, "sh")
        self.assertEqual(steps.pop(0), "scripts/with-postgres bash\n")
        self.assertEqual(len(steps), 5, "prepare, serve, HAProxy, replace, stop")
        prepare, serve, haproxy, replace, stop = steps
        self.write(TEXT)
        shell = Shell(self)
        shell.do(prepare)
        shell.do(serve)
        shell.do(haproxy)

        url = self.ports.url(8090)
        root = sign_in(url)
        posts = {
            "name": "posts",
            "listRule": "",
            "createRule": "",
            "fields": [{"name": "title", "type": "text"}],
        }
        get(f"{url}/api/collections", root, posts)
        # The other server learns of it within a second.
        for port in [8091, 8092]:
            records = f"{self.ports.url(port)}/api/collections/posts/records"
            wait_for("the collection", lambda: get(records))

        clients = Clients(self.ports.of(8090))
        try:
            wait_for("requests at both", lambda: min(self.answered().values()) > 100)
            pids = [(self.dir / f"{name}.pid").read_text() for name in ["one", "two"]]
            before = self.answered()
            shell.do(replace)
            # Both serve again, the successors this time.
            after = self.answered()
            wait_for(
                "requests at both",
                lambda: all(self.answered()[name] > after[name] + 100 for name in after),
            )
            new_pids = [(self.dir / f"{name}.pid").read_text() for name in ["one", "two"]]
        finally:
            clients.end()
        self.assertFalse(set(pids) & set(new_pids))
        print(f"{len(clients.created)} creates, {clients.reads} reads, {before} before, {self.answered()} after")
        self.assertEqual(clients.failures, [])
        self.assertGreater(len(clients.created), 100)

        found = set()
        page = 1
        while True:
            items = json.loads(get(f"{url}/api/collections/posts/records?perPage=1000&skipTotal=1&fields=id&page={page}"))["items"]
            if not items:
                break
            found.update(item["id"] for item in items)
            page += 1
        self.assertEqual(set(clients.created) - found, set())
        self.assertEqual(len(found), len(clients.created), "something was created twice")

        # Each minute is the sum of what both answered, and of what those did that are gone.
        def is_counted():
            overview = json.loads(get(f"{url}/api/metrics/overview?minutes=10", root))
            return sum(minute["requests"] for minute in overview["minutes"]) >= len(found) + clients.reads

        wait_for("the overview", is_counted)
        shell.do(stop)


if __name__ == "__main__":
    unittest.main()
