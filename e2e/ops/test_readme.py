import re
import subprocess
import unittest

from support import Case, Shell, blocks, get, root, wait_for

README = (root / "README.md").read_text()


class Tour(Case):
    def test_the_tour_works_as_it_stands(self):
        """The commands of "Five minutes", in one shell, with a server that has no data yet."""
        _, _, tour = README.partition("\n## Five minutes\n")
        steps = blocks(re.split(r"\n## ", tour)[0], "sh")
        # The last one compiles the SDK; its example is compiled with the tests.
        self.assertIn("cargo run", steps.pop())
        url = self.ports.url(8090)
        self.start("plinth", "serve", "--http", url.removeprefix("http://"), stderr=subprocess.DEVNULL)
        wait_for("the server", lambda: get(f"{url}/api/health"))

        shell = Shell(self)
        said = [shell.do(step.replace("./target/quick/plinth", "plinth")) for step in steps]
        superuser, sign_in, collection, sign_up, records, refused, role, job = said
        self.assertIn("Created the superuser you@example.com", superuser)
        self.assertIn('"name":"posts"', collection)
        self.assertIn('"id":"ann000000000000"', sign_up)
        self.assertIn('"items":[{"id":"first0000000000","title":"Hello","views":1}]', records)
        self.assertIn('{"data":{},"message":"Failed to create record.","status":400}', refused)
        self.assertIn('{"title":{"code":"validation_required"', refused)
        self.assertIn('"allowed":true', role)
        self.assertIn('"outcome":"succeeded"', job)


if __name__ == "__main__":
    unittest.main()
