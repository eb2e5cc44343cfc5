"""Runs the tests beside this file and counts them."""

import argparse
import sys
import unittest
from pathlib import Path

import support


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plinth", required=True, type=Path, help="the binary to run")
    parser.add_argument("--database-url", help="an empty PostgreSQL database: tries mode postgres too")
    options = parser.parse_args()
    support.plinth = options.plinth.resolve(strict=True)
    support.database_url = options.database_url

    tests = unittest.defaultTestLoader.discover(str(Path(__file__).parent))
    runner = unittest.TextTestRunner(sys.stdout, verbosity=2)
    result = runner.run(tests)
    # A test with several failing parts is one test.
    failed = len({getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors})
    print("not tried here, for want of a container engine and a cluster: `docker build`, and `helm install`")
    print(f"chart: {result.testsRun - failed} passed, {failed} failed, {len(result.skipped)} skipped")
    sys.exit(0 if result.wasSuccessful() and not result.skipped else 1)


main()
