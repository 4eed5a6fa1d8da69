"""The two doors that the provider may post to, with one handler behind them.

Our own door (`/api/intellisms/<id>`) does not exist until this integration is set
up, so that nothing is acknowledged before; the webhook (`/api/webhook/<id>`)
answers 200 for ids it does not know, but is what cloudhooks use.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
import hmac
from http import HTTPStatus
import logging
from time import monotonic
from typing import Protocol

from aiohttp import web
from aiohttp.hdrs import METH_ANY, METH_GET, METH_HEAD, METH_POST
from homeassistant.components import webhook
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.aiohttp import MockRequest
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_REPLACED_IDS, DOMAIN, URL_PATH, Ignored
from ..faults import log_fault
from ..protocol import BadElement, Element, ParseError, parse
from .data import IntelliSMSConfigEntry
from .flood import Flood
from .receiver import Outcome
from .turns import Turn, Turns

_LOGGER = logging.getLogger(__name__)

# Bytes.
MAX_BODY = 1024 * 1024
READ_CHUNK = 64 * 1024
READ_TIMEOUT_SECONDS = 10
PARSE_TIMEOUT_SECONDS = 10
LOG_INTERVAL_SECONDS = 3600
# What is published in one go, before others get their turn. What they wait for takes several.
PART_SECONDS = 0.001
# Bytes that are taken apart within a few milliseconds, whatever they are.
SHORT = 16 * 1024

HELLO = (
    "This is the right address. Paste it into your IntelliSMS account under "
    "Preferences -> Forwarding.\n"
)
# What aiohttp itself says of a path that does not exist.
NOT_FOUND = "404: Not Found"


class Stream(Protocol):
    """What both kinds of request offer to read a body from."""

    async def read(self, n: int = -1, /) -> bytes:
        """Return up to `n` bytes, none at the end."""


class BodyTooLargeError(Exception):
    """A body over the limit, also after decompression."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """What a webhook id leads to; one that was replaced leads nowhere any more."""

    entry_id: str
    replaced: bool


class Endpoint:
    """Answers the provider for all config entries, loaded or not."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Open our own door; ids are registered one by one."""
        self._hass = hass
        self._routes: dict[str, Route] = {}
        self.turns = Turns(hass)
        # What was said in the last minute outlives a reload of the entry.
        self.flood = Flood()
        # When what is wrong with posts may be logged again.
        self._next_log: dict[Ignored, float] = {}
        # This is a bare route, since a view of core's knows only some methods and offers them to
        # other origins: at an id that nobody knows, all methods have to be answered as at a path
        # that does not exist. (`hass.http.app` was read in 2026.7.0 and 2026.11.0.)
        hass.http.app.router.add_route(METH_ANY, URL_PATH, self._handle_own_door)

    # ---- registration -------------------------------------------------------------

    @callback
    def async_register(self, entry: IntelliSMSConfigEntry) -> None:
        """Let the doors know an entry's ids, its replaced ones too. Safe to repeat."""
        if not any(route.entry_id == entry.entry_id for route in self._routes.values()):
            entry.async_on_state_change(self.turns.async_wake)
        ids = dict.fromkeys(entry.data.get(CONF_REPLACED_IDS, ()), True)
        for webhook_id, replaced in {**ids, entry.data[CONF_WEBHOOK_ID]: False}.items():
            if webhook_id not in self._routes:
                # All methods are allowed, since core logs the id when it refuses one.
                webhook.async_register(
                    self._hass,
                    DOMAIN,
                    "IntelliSMS",
                    webhook_id,
                    self._async_handle_webhook,
                    allowed_methods=webhook.SUPPORTED_METHODS,
                )
            self._routes[webhook_id] = Route(entry_id=entry.entry_id, replaced=replaced)

    @callback
    def async_unregister(self, entry: IntelliSMSConfigEntry) -> None:
        """Forget the ids of an entry that was removed."""
        for webhook_id, route in list(self._routes.items()):
            if route.entry_id == entry.entry_id:
                webhook.async_unregister(self._hass, webhook_id)
                del self._routes[webhook_id]
        self.turns.async_wake()

    # ---- answering ----------------------------------------------------------------

    async def _handle_own_door(self, request: web.Request) -> web.Response:
        return await self.async_handle(request.match_info["webhook_id"], request)

    async def _async_handle_webhook(
        self, _hass: HomeAssistant, webhook_id: str, request: web.Request
    ) -> web.Response:
        return await self.async_handle(webhook_id, request)

    async def async_handle(
        self, webhook_id: str, request: web.Request | MockRequest
    ) -> web.Response:
        """Answer a request. Core would turn an exception at the webhook into a 200."""
        try:
            return await self._answer(webhook_id, request)
        except Exception as err:  # noqa: BLE001
            log_fault(err, "answering a request")
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _answer(self, webhook_id: str, request: web.Request | MockRequest) -> web.Response:
        """Answer by id and method; only a post to an address in use is read."""
        route = self._find(webhook_id)
        if route is None or route.replaced:
            return web.Response(status=HTTPStatus.NOT_FOUND, text=NOT_FOUND)
        if request.method in (METH_GET, METH_HEAD):
            return web.Response(text=HELLO)
        if request.method != METH_POST:
            return web.Response(
                status=HTTPStatus.METHOD_NOT_ALLOWED,
                headers={"Allow": f"{METH_GET}, {METH_HEAD}, {METH_POST}"},
            )
        return web.Response(status=await self._post(webhook_id, route, request))

    def _find(self, webhook_id: str) -> Route | None:
        """Look an id up in a time that tells nothing of how much of it was right."""
        asked = webhook_id.encode(errors="replace")
        found = None
        for known, route in self._routes.items():
            if hmac.compare_digest(known.encode(), asked):
                found = route
        return found

    async def _post(
        self, webhook_id: str, route: Route, request: web.Request | MockRequest
    ) -> HTTPStatus:
        """Read a post's body, then publish it when it has its turn."""
        try:
            body = await _read(request.content)
        except BodyTooLargeError:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT
        except web.RequestPayloadError:
            return HTTPStatus.BAD_REQUEST
        async with self.turns.turn(route.entry_id, len(body)) as turn:
            if turn is None:
                return HTTPStatus.SERVICE_UNAVAILABLE
            # The address may have been replaced while the post waited.
            if self._routes.get(webhook_id, route).replaced:
                return HTTPStatus.NOT_FOUND
            return await self._publish(turn, body, request.query.get("to"))

    async def _publish(self, turn: Turn, body: bytes, to: str | None) -> HTTPStatus:
        """Publish what a post holds, one element after the other, and say what became of it."""
        try:
            elements = await self._parse(body, to)
        except TimeoutError:
            return HTTPStatus.SERVICE_UNAVAILABLE
        except ParseError as err:
            self._log(Ignored.UNREADABLE, f"is not in the provider's format ({err.reason.value})")
            if self.turns.is_valid(turn):
                turn.receiver.async_unreadable(err)
            return HTTPStatus.BAD_REQUEST
        outcomes: Counter[Outcome] = Counter()
        part_end = monotonic() + PART_SECONDS
        try:
            for element in elements:
                # What was published so far is marked, so that a retry brings only the rest.
                if not await self.turns.may_go_on(turn):
                    return HTTPStatus.SERVICE_UNAVAILABLE
                if isinstance(element, BadElement):
                    self._log(
                        Ignored.BAD_ELEMENT,
                        "holds something that is not a message; diagnostics have its outline",
                    )
                outcome = turn.receiver.async_receive(element)
                outcomes[outcome] += 1
                if outcome is Outcome.PUBLISHED or monotonic() >= part_end:
                    # This pause lets others have their turn, and core's event trigger needs one
                    # to run automations: if the answer went out before, a kill at that moment
                    # would lose the message. Others may take longer than publishing did, so the
                    # next part begins only now.
                    await asyncio.sleep(0)
                    part_end = monotonic() + PART_SECONDS
        finally:
            # A receiver that was unloaded has written its journal for the last time.
            if self.turns.is_valid(turn):
                turn.receiver.async_contacted(put_off=outcomes[Outcome.PUT_OFF])
        if outcomes[Outcome.FAILED]:
            return HTTPStatus.INTERNAL_SERVER_ERROR
        if outcomes[Outcome.PUT_OFF]:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.OK

    async def _parse(self, body: bytes, to: str | None) -> Iterable[Element]:
        """Take a post apart; a long one in the executor, where it holds nobody up.

        Raises TimeoutError where others have taken the executor, since all posts wait.
        """
        if len(body) <= SHORT:
            return parse(body, to=to)
        async with asyncio.timeout(PARSE_TIMEOUT_SECONDS):
            return await self._hass.async_add_executor_job(lambda: [*parse(body, to=to)])

    def _log(self, kind: Ignored, what: str) -> None:
        """Log a kind once an hour: what is posted again every 5 minutes would fill the log."""
        now = dt_util.utcnow().timestamp()
        if now >= self._next_log.get(kind, 0):
            self._next_log[kind] = now + LOG_INTERVAL_SECONDS
            _LOGGER.warning("A post to the IntelliSMS address %s", what)


async def _read(stream: Stream) -> bytes:
    """Read a body in parts: a single read has no cap, also not on what decompresses."""
    body = bytearray()
    async with asyncio.timeout(READ_TIMEOUT_SECONDS):
        while chunk := await stream.read(READ_CHUNK):
            body += chunk
            if len(body) > MAX_BODY:
                raise BodyTooLargeError
    return bytes(body)


# The doors are open from set-up until Home Assistant stops, while entries come and go.
DATA_ENDPOINT: HassKey[Endpoint] = HassKey(DOMAIN)
