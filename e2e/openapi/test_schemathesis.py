"""Whether the server keeps to its documents: schemathesis makes up requests from them and judges the answers.

Findings that stay are listed in `known.py`, each with a reason; an entry that matches none any more fails the test.
"""

import json
import os
import shutil
import sys
import unittest
from pathlib import Path

import support
from known import KNOWN

# The same on every run. Other seeds are for hunting by hand.
SEED = 1
EXAMPLES = 10
# Collections whose routes are like those of others, whose definition is what the run changes, or whose records end the
# session of the run.
SKIPPED = {
    "guest": ["_authOrigins", "_externalAuths", "_mfas", "_otps"],
    "superuser": [
        *["_authOrigins", "_externalAuths", "_mfas", "_otps", "_mails", "_jobRuns", "_members", "_permissions"],
        *["users", "people", "diary", "watched", "scratch", "_authSessions", "_suspensions"],
    ],
}
# Not checked, and why.
CHECKS = {
    # Other methods are answered as unknown paths are, with 404, as PocketBase does.
    "unsupported_method",
    "allow_header_conformance",
    # The header is always sent: a document is about one caller.
    "missing_required_header",
    "ignored_auth",
}


def configuration(token):
    """Settings of a run, with ids of records that exist, so that more than 404s is tried."""
    ids = support.server.fixture
    lines = []
    if token:
        lines += ["[headers]", f'Authorization = "{token}"']
    # A token that is made up is a guest's, for whom the document is another one.
    lines += ["[generation]", "with-security-parameters = false"]
    lines += ["[phases.coverage]", "unexpected-methods = []"]
    for collection, id in ids.items():
        if collection == "root":
            continue
        path = f"/api/collections/{collection}/records/{{id}}"
        for method in ["GET", "PATCH"]:
            lines += ["[[operations]]", f'include-name = "{method} {path}"', f'parameters = {{ "path.id" = "{id}" }}']
    for name in ["GET /api/collections/{collection}", "PATCH /api/collections/{collection}"]:
        lines += ["[[operations]]", f'include-name = "{name}"', 'parameters = { "path.collection" = "scratch" }']
    # A stream does not end.
    lines += ["[[operations]]", 'include-name = "GET /api/realtime"', "enabled = false"]
    return "\n".join(lines) + "\n"


def without_selection(document):
    """Removes the parameter `fields` from all operations: with it, an answer lacks properties that its schema requires."""
    parameters = document["components"]["parameters"]
    for item in document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [
                parameter
                for parameter in operation.get("parameters", [])
                if parameters.get(parameter.get("$ref", "").rpartition("/")[2], parameter).get("name") != "fields"
            ]
    return document


class Schemathesis(unittest.TestCase):
    def check(self, reader, token):
        directory = support.server.dir / f"schemathesis-{reader}"
        directory.mkdir()
        (directory / "schemathesis.toml").write_text(configuration(token))
        report = directory / "report.json"
        command = [Path(sys.executable).parent / "schemathesis", "--config-file", directory / "schemathesis.toml", "run"]
        options = [
            *["--url", support.server.url, "--seed", str(SEED), "--max-examples", str(EXAMPLES), "--workers", "1"],
            *["--phases", "examples,coverage,fuzzing", "--exclude-checks", ",".join(sorted(CHECKS))],
            *["--continue-on-failure", "--suppress-health-check", "all", "--no-shrink", "--generation-database", "none", "--no-color"],
            *["--report-json-path", report],
            *[f"--exclude-tag={tag}" for tag in SKIPPED[reader]],
        ]
        environment = {
            "SCHEMATHESIS_HOOKS": "hooks",
            "PYTHONPATH": str(support.here),
            "FIXTURE": json.dumps(support.server.fixture),
        }
        document = directory / "document.json"
        document.write_text(json.dumps(without_selection(json.loads(support.server.documents[reader].read_text()))))
        log = support.run(*command, *options, document, cwd=directory, may_fail=True, **environment)
        outcome = json.loads(report.read_text())
        if directory_of_reports := os.environ.get("OPENAPI_REPORTS"):
            shutil.copy(report, Path(directory_of_reports) / f"{reader}.json")
            (Path(directory_of_reports) / f"{reader}.log").write_text(log)
        self.assertEqual(outcome["errors"], [], log)
        self.assertEqual(outcome["operations"]["tested"], outcome["operations"]["selected"], log)
        found = {
            (failure["type"], operation) for failure in outcome["failures"] for operation in failure["operations"]
        }
        known = [entry for entry in KNOWN if reader in entry.readers]
        new = {finding for finding in found if not any(entry.covers(*finding) for entry in known)}
        occurs = {entry: any(entry.covers(*finding) for finding in found) for entry in known}
        stale = [entry for entry in known if not occurs[entry] and not entry.is_seldom]
        print(f"{reader}: {outcome['test_cases']['generated']} requests, {len(found)} findings", flush=True)
        if new:
            print(*(line[:400] for line in log.splitlines()), sep="\n")
        self.assertEqual(new, set(), "new findings; see the log above")
        self.assertEqual(stale, [], "no longer found: take them out of known.py")

    def test_guest(self):
        self.check("guest", None)

    def test_superuser(self):
        self.check("superuser", support.server.token)
