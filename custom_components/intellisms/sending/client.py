"""The provider's API: one post a message, and an honest answer to whether it went.

What is posted may have arrived as soon as there is a connection; from then on nothing is posted
again. Each post has a connection of its own: one that was kept open might be closed by the
other side just as it is written to, and nobody could tell how far it came.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, TraceConfig
from homeassistant.util.ssl import get_default_context

from ..protocol import (
    REQUEST_VERSION,
    RESPONSE_VERSION,
    AnswerError,
    Outgoing,
    SendError,
    SendResult,
    doubtful,
    failed,
    read_balance,
    read_send_answer,
)
from .data import Keys

API_URL: Final = "https://www.intellisoftware.co.uk/api/json/"
CONNECT_SECONDS: Final = 10
# A message has this time in all, with a second attempt to connect.
TOTAL_SECONDS: Final = 30
MAX_ANSWER_BYTES: Final = 64 * 1024
# How often a connection is tried.
ATTEMPTS: Final = 2


class _NoAnswerError(Exception):
    """Nothing that could be read came back; `connected` tells whether anything could go out."""

    def __init__(self, error: SendError, *, connected: bool) -> None:
        """Keep the reason, and nothing of what was posted."""
        super().__init__(error.value)
        self.error = error
        self.connected = connected


class Client:
    """Speaks to the provider for one account."""

    def __init__(self, keys: Keys) -> None:
        """Use these keys."""
        self.keys = keys

    async def async_send(
        self, outgoing: Outgoing, on_connected: Callable[[], None] = lambda: None
    ) -> SendResult:
        """Send a message, once, and return what became of it.

        `on_connected` is called at the moment from which on it may have been sent: whoever
        cancels this later cannot know.
        """
        try:
            body = await self._post("sendmsg", on_connected, message=outgoing.as_json())
        except _NoAnswerError as err:
            return doubtful(err.error) if err.connected else failed(err.error)
        return read_send_answer(body, outgoing.to)

    async def async_balance(self) -> float:
        """Return how many credits are left, which costs nothing; AnswerError with a reason."""
        try:
            body = await self._post("getbalance")
        except _NoAnswerError as err:
            raise AnswerError(err.error) from None
        return read_balance(body)

    async def _post(
        self, call: str, on_connected: Callable[[], None] = lambda: None, **request: Any
    ) -> bytes:
        """Return the answer's body; _NoAnswerError where there is none.

        A connection is tried twice, but what may have been written is not written again.
        """
        connected = False

        async def connection_made(*_: Any) -> None:
            nonlocal connected
            connected = True
            on_connected()

        trace = TraceConfig()
        trace.on_connection_create_end.append(connection_made)
        body = {
            "auth": {
                "authtype": "accesskey",
                "accesskey": self.keys.access_key,
                "secretkey": self.keys.secret_key,
            },
            "request_version": REQUEST_VERSION,
            "response_version": RESPONSE_VERSION,
            **request,
        }
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                for _ in range(ATTEMPTS):
                    try:
                        return await _attempt(f"{API_URL}{call}.aspx", body, trace)
                    # A proxy's or server's broken answer can be a ValueError of the parser's.
                    except ClientError, OSError, ValueError:
                        if connected:
                            break
        except TimeoutError:
            pass
        error = SendError.NO_ANSWER if connected else SendError.CANNOT_CONNECT
        raise _NoAnswerError(error, connected=connected)


async def _attempt(url: str, body: dict[str, Any], trace: TraceConfig) -> bytes:
    """Post once and return what is answered, which is empty where it is a redirect or too long."""
    async with (
        ClientSession(
            connector=TCPConnector(ssl=get_default_context(), force_close=True),
            timeout=ClientTimeout(total=None, connect=CONNECT_SECONDS),
            trace_configs=[trace],
        ) as session,
        session.post(url, json=body, allow_redirects=False) as response,
    ):
        if 300 <= response.status < 400:
            return b""
        answer = bytearray()
        while chunk := await response.content.read(MAX_ANSWER_BYTES):
            answer += chunk
            if len(answer) > MAX_ANSWER_BYTES:
                return b""
        return bytes(answer)
