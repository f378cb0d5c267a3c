"""Trying a step again while another process holds the database: for steps that may be repeated because
nothing of a failed one was written.
"""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from hub.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")
WAITS = (0.5, 1.0, 2.0)


def patiently(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The step's answer. Raises Unavailable when the database is still not there after the last try."""
    for seconds in WAITS:
        try:
            return step(*args, **kwargs)
        except Unavailable:
            time.sleep(seconds)
    return step(*args, **kwargs)
