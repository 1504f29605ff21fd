"""Fails when a test of a JUnit report was skipped for a reason that is not on the list below."""

import os
import sys
import xml.etree.ElementTree as ET

from codeact.interpreter.walls import cgroups

PLACE = cgroups.offered()
# A skip is accepted where its reason holds one of these words and its condition is met.
ACCEPTED = {
    # Public data sets are not part of the repository; where the folder is named, nothing may skip.
    "CODEACT_DATA": "CODEACT_DATA" not in os.environ,
    # Some machines and users have no control groups to divide; elsewhere their tests must run.
    PLACE.why or "no control groups": not PLACE.kind,
}

silent = []
for case in ET.parse(sys.argv[1]).iter("testcase"):
    for skipped in case.iter("skipped"):
        reason = skipped.get("message", "")
        expected = skipped.get("type") == "pytest.xfail"
        if not expected and not any(word in reason for word, holds in ACCEPTED.items() if holds):
            silent.append(f"{case.get('classname')}::{case.get('name')}: {reason}")
if silent:
    sys.exit("Skipped, and not on the list in .ci/check_skips.py:\n  " + "\n  ".join(silent))
