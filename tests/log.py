"""What must not be logged, and whether it was."""

from collections.abc import Iterable
from json import loads
import logging
from typing import Any, override
from urllib.parse import parse_qsl

# What must not be logged. Whatever makes an account or posts to it adds to it.
_secrets: set[str] = set()
# Words of the provider's, and of the time, that are nobody's secret.
_NO_SECRETS = ("category", "channel", "format", "mime_type", "msgtype", "sent", "status", "type")
_SHORTEST_SECRET = 4
# The path is in the access log of whoever turns it on; a slow loop is the machine's.
_NOT_OUR_DOING = ("aiohttp.access", "asyncio")


class Log(logging.Handler):
    """Keeps what our loggers write at any level, and what others write at info and above."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.records: list[logging.LogRecord] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        ours = record.name.startswith("custom_components.intellisms")
        if ours or (record.levelno >= logging.INFO and record.name not in _NOT_OUR_DOING):
            self.records.append(record)


def begin() -> None:
    """Begin with nothing that must not be logged."""
    _secrets.clear()


def leaks(records: Iterable[logging.LogRecord]) -> list[tuple[str, str]]:
    """Return the secrets that were logged, each with its line."""
    formatter = logging.Formatter("%(name)s: %(message)s")
    lines = {formatter.format(record) for record in records}
    return [(secret, line) for line in lines for secret in _secrets if secret in line]


def keep_secret(value: Any, key: str = "") -> None:
    """Add all texts of a value, however deep, to what must not be logged."""
    if isinstance(value, dict):
        for name, item in value.items():
            keep_secret(item, name)
    elif isinstance(value, list | tuple):
        for item in value:
            keep_secret(item, key)
    elif isinstance(value, bool | None) or key in _NO_SECRETS:
        return
    elif len(secret := str(value).lstrip("+")) >= _SHORTEST_SECRET:
        _secrets.add(secret)


def keep_posted_secret(body: bytes | str, query: str) -> None:
    """Add what is posted, however it is written, to what must not be logged."""
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    keep_secret(dict(parse_qsl(query.removeprefix("?"))))
    try:
        keep_secret(loads(text))
    except ValueError:
        keep_secret(dict(parse_qsl(text)))
    except RecursionError:
        pass
