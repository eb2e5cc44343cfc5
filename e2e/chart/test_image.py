"""The Dockerfile, as far as it goes without a container engine."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import support
from support import root

dockerfile = (root / "Dockerfile").read_text()


def instructions(stage):
    """The lines of a stage, each as (instruction, arguments)."""
    text = re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    body = re.split(r"^FROM .*\n", text, flags=re.MULTILINE)[stage]
    return [tuple(line.split(None, 1)) for line in body.splitlines() if line.strip()]


class Image(unittest.TestCase):
    def test_hadolint_finds_nothing(self):
        hadolint = Path(sys.executable).parent / "hadolint"
        found = subprocess.run([hadolint, "--no-color", root / "Dockerfile"], capture_output=True, text=True)
        self.assertEqual((found.stdout + found.stderr, found.returncode), ("", 0))

    def test_what_the_build_reads_is_there(self):
        lines = (root / ".dockerignore").read_text().split()
        allowed = [line[1:] for line in lines if line.startswith("!")]
        for name in allowed:
            with self.subTest(name):
                self.assertTrue((root / name).exists())
        # Everything that is a member of the workspace has to come along, or cargo refuses the rest.
        members = re.search(r"^members = \[(.*)\]", (root / "Cargo.toml").read_text(), re.MULTILINE).group(1)
        for member in re.findall(r'"([^"]+)"', members):
            self.assertTrue(any(Path(member).is_relative_to(name) for name in allowed), member)
        # And everything that is compiled in from elsewhere.
        for source in (root / "server").rglob("*.rs"):
            for path in re.findall(r'(?:include_(?:str|bytes)|embed_migrations)!\(\s*"(\.\.[^"]*)"', source.read_text()):
                bases = [source.parent, root / "server"]
                found = [(base / path).resolve() for base in bases if (base / path).exists()]
                self.assertTrue(found, f"{source}: {path}")
                self.assertIn(found[0].relative_to(root).parts[0], allowed)
        for script in re.findall(r"scripts/[\w-]+", dockerfile):
            with self.subTest(script):
                self.assertTrue(os.access(root / script, os.X_OK), f"{script} cannot be run")

    def test_cargo_reads_the_workspace_from_that_alone(self):
        lines = (root / ".dockerignore").read_text().split()
        with tempfile.TemporaryDirectory() as dir:
            for name in (line[1:] for line in lines if line.startswith("!")):
                source, copy = root / name, Path(dir) / name
                if source.is_dir():
                    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("dist", "node_modules"))
                else:
                    shutil.copy(source, copy)
            command = ["cargo", "metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"]
            read = subprocess.run(command, cwd=dir, capture_output=True, text=True)
            self.assertEqual(read.returncode, 0, read.stderr)

    def test_it_takes_nothing_but_what_was_made_for_it(self):
        copied = [arguments for name, arguments in instructions(-1) if name == "COPY"]
        self.assertEqual(copied, ["--from=build /image /", "--from=build --chown=65532:65532 /image-data /data"])
        self.assertIn("scripts/image-root target/release/plinth /image", dockerfile)

    def test_it_runs_as_nobody_in_particular(self):
        last = dict(instructions(-1))
        self.assertEqual(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)[-1], "scratch")
        self.assertEqual(last["USER"], "65532:65532")
        self.assertEqual(last["ENTRYPOINT"], '["/plinth"]')
        self.assertEqual(last["CMD"], '["serve"]')
        self.assertEqual((last["VOLUME"], last["EXPOSE"], last["HEALTHCHECK"]), ("/data", "8090", "NONE"))

    def test_it_is_built_with_a_compiler_that_is_new_enough(self):
        has = re.search(r"^ARG RUST=(\d+)\.(\d+)$", dockerfile, re.MULTILINE).groups()
        wants = re.search(r'^rust-version = "(\d+)\.(\d+)', (root / "Cargo.toml").read_text(), re.MULTILINE).groups()
        self.assertGreaterEqual(tuple(map(int, has)), tuple(map(int, wants)))

    def test_what_is_in_it_needs_nothing_else(self):
        with tempfile.TemporaryDirectory() as dir:
            image = Path(dir) / "image"
            subprocess.run([root / "scripts/image-root", support.plinth, image], check=True)
            files = {str(path.relative_to(image)) for path in image.rglob("*") if path.is_file()}
            # It would be root's, and what is copied onto it does not change that.
            self.assertFalse((image / "data").exists())
            self.assertFalse({"bin/sh", "usr/bin/sh", "bin/bash"} & files)
            self.assertIn("etc/ssl/certs/ca-certificates.crt", files)
            (loader,) = [image / name for name in files if Path(name).name.startswith("ld-linux")]
            listed = subprocess.run(
                # Only what is in the image may be found.
                [loader, "--inhibit-cache", "--library-path", ":".join(self.folders(image)), "--list", image / "plinth"],
                check=True, capture_output=True, text=True,
            ).stdout
            libraries = re.findall(r"=> (\S+)", listed)
            self.assertGreaterEqual(len(libraries), 2)
            for library in libraries:
                self.assertTrue(library.startswith(str(image)) or library == str(loader), library)

    @staticmethod
    def folders(image):
        return {str(path.parent) for path in image.rglob("*.so*")}

    def test_a_binary_that_cannot_run_there_is_refused(self):
        with tempfile.TemporaryDirectory() as dir:
            script = Path(dir) / "script"
            shutil.copy(root / "scripts/image-root", script)
            made = subprocess.run([root / "scripts/image-root", script, f"{dir}/image"], capture_output=True, text=True)
            self.assertNotEqual(made.returncode, 0)
