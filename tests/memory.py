"""What objects keep in memory, counted exactly."""

import asyncio
import gc
import logging
import sys
from types import FunctionType, ModuleType
from typing import Any

from homeassistant.core import HomeAssistant

_NOT_OURS = (HomeAssistant, ModuleType, asyncio.AbstractEventLoop, logging.Logger, type)


def kept(*roots: Any) -> int:
    """Return the bytes of all that can be reached from objects, but for core and code."""
    seen: dict[int, Any] = {}
    waiting = list(roots)
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, _NOT_OURS):
            continue
        seen[id(item)] = item
        waiting += (
            item.__closure__ or () if isinstance(item, FunctionType) else gc.get_referents(item)
        )
    return sum(map(sys.getsizeof, seen.values()))
