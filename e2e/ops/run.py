"""Runs the tests beside this file and counts them."""

import argparse
import os
import sys
import unittest
from pathlib import Path

import support


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plinth", required=True, type=Path, help="the binary to run")
    options = parser.parse_args()
    support.plinth = options.plinth.resolve(strict=True)
    support.cluster = os.environ["PLINTH_TEST_POSTGRES"]

    tests = unittest.defaultTestLoader.discover(str(Path(__file__).parent))
    result = unittest.TextTestRunner(sys.stdout, verbosity=2).run(tests)
    failed = len(result.failures) + len(result.errors)
    print(f"ops: {result.testsRun - failed} passed, {failed} failed, {len(result.skipped)} skipped")
    sys.exit(0 if result.wasSuccessful() and not result.skipped else 1)


main()
