"""Runs the tests beside this file against one server, and counts them."""

import argparse
import sys
import unittest
from pathlib import Path

import support


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plinth", required=True, type=Path, help="the binary to run")
    parser.add_argument("--npm", required=True, type=Path, help="the directory with node_modules")
    parser.add_argument("--database-url", help="an empty PostgreSQL database, instead of the embedded one")
    parser.add_argument("--only", help="the name of a test, or a part of it")
    options = parser.parse_args()
    support.plinth = options.plinth.resolve(strict=True)
    support.npm = options.npm
    support.database_url = options.database_url
    support.server = support.Server()

    loader = unittest.TestLoader()
    if options.only:
        loader.testNamePatterns = [f"*{options.only}*"]
    result = unittest.TextTestRunner(sys.stdout, verbosity=2).run(loader.discover(str(support.here)))
    log = support.server.stop()
    failed = len({getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors})
    if failed:
        print("--- the end of the server's log ---", *log[-30:], sep="\n")
    print(f"openapi: {result.testsRun - failed} passed, {failed} failed, {len(result.skipped)} skipped")
    sys.exit(0 if result.wasSuccessful() and not result.skipped else 1)


main()
