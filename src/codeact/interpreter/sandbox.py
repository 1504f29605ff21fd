"""A policy, and how the process of a kernel is confined by it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from codeact.interpreter.walls import (
    credentials,
    idmap,
    landlock,
    mounts,
    namespaces,
    paths,
    rlimits,
    seccomp,
)
