"""Whether what generators make of the superuser's document compiles, and talks to the server."""

import compileall
import sys
import unittest
from pathlib import Path

import openapi_generator_cli
import support

jar = Path(openapi_generator_cli.__file__).parent / "openapi-generator.jar"


class Clients(unittest.TestCase):
    def setUp(self):
        self.document = support.server.documents["superuser"]
        self.dir = support.server.dir / self.id().rpartition(".")[2]
        self.dir.mkdir()
        self.program = [support.server.url, support.server.token]

    def generate(self, generator, *options):
        support.run(
            *["java", "-jar", jar, "generate", "--generator-name", generator, "--input-spec", self.document],
            *["--output", self.dir, *options],
            cwd=self.dir,
        )

    def test_typescript(self):
        (self.dir / "node_modules").symlink_to(support.npm / "node_modules")
        (self.dir / "package.json").write_text('{"type": "module"}')
        program = self.dir / "films.ts"
        program.write_text((support.here / "clients" / "films.ts").read_text())
        binaries = support.npm / "node_modules" / ".bin"
        support.run(binaries / "openapi-typescript", self.document, "--output", "schema.ts", cwd=self.dir)
        options = ["--strict", "--target", "es2022", "--module", "nodenext", "--exactOptionalPropertyTypes"]
        support.run(binaries / "tsc", *options, program, cwd=self.dir)
        support.run("node", "films.js", *self.program, cwd=self.dir)

    def test_python(self):
        self.generate("python", "--package-name", "plinth_client")
        self.assertTrue(compileall.compile_dir(self.dir, quiet=1))
        program = support.here / "clients" / "films.py"
        support.run(sys.executable, program, *self.program, cwd=self.dir, PYTHONPATH=str(self.dir))

    def test_ruby(self):
        self.generate("ruby", "--additional-properties", "gemName=plinth_client")
        for file in self.dir.glob("lib/**/*.rb"):
            if file.name == "o_auth2_start.rb":
                # `authURL`, and `authUrl` for older clients: one name in Ruby, and one value.
                continue
            # Of two members with one name, Ruby keeps the second, with a warning.
            self.assertNotIn("duplicated", support.run("ruby", "-wc", file, cwd=self.dir))
        program = support.here / "clients" / "films.rb"
        support.run("ruby", "-I", self.dir / "lib", program, *self.program, cwd=self.dir)
