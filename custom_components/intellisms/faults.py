"""Our own faults: caught, logged, and without a word of what a message said."""

from collections.abc import Callable
from functools import wraps
import logging
import traceback

# The whole package's, as it is said there whose fault it was.
_LOGGER = logging.getLogger(__package__)


def log_fault(err: Exception, what: str) -> None:
    """Log an error's type and where it came from, but not its text, which may quote a message.

    `what` ends *Unexpected ValueError while ...*.
    """
    frames = "".join(traceback.format_tb(err.__traceback__))
    _LOGGER.error("Unexpected %s while %s:\n%s", type(err).__name__, what, frames)


def guarded[**P](listener: Callable[P, None]) -> Callable[P, None]:
    """Return a listener whose faults are logged by `log_fault` and go no further.

    Core's dispatcher catches them too, but logs their text and the arguments: the message.
    """

    @wraps(listener)
    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        """Call the listener."""
        try:
            listener(*args, **kwargs)
        except Exception as err:  # noqa: BLE001
            log_fault(err, f"handling a message in {listener.__qualname__}")

    return guard
