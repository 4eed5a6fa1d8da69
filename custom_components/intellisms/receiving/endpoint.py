"""The two doors that the provider may post to, with one handler behind them.

Our own view (`/api/intellisms/<id>`) does not exist until this integration is set
up, so that nothing is acknowledged before; the webhook (`/api/webhook/<id>`)
answers 200 for ids it does not know, but is what cloudhooks use.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
import hmac
from http import HTTPStatus
from itertools import batched
import logging
from typing import Protocol

from aiohttp import web
from aiohttp.hdrs import METH_GET, METH_HEAD, METH_POST
from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    CONF_WEBHOOK_ID,
    EVENT_HOMEASSISTANT_STARTED,
    EVENT_HOMEASSISTANT_STOP,
)
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util
from homeassistant.util.aiohttp import MockRequest
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_REPLACED_IDS, DOMAIN, URL_PATH
from ..faults import log_fault
from ..protocol import Messages, ParseError, StatusReports, parse
from .data import IntelliSMSConfigEntry

_LOGGER = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
READ_CHUNK = 64 * 1024
# Seconds.
READ_TIMEOUT = 10
START_HOLD = 30
RELOAD_HOLD = 10
LOG_INTERVAL = 3600
MAX_HELD = 64
# Messages that are published in one go.
PART_SIZE = 50
# Bytes that are read in about a millisecond.
PARSE_AT_ONCE = 32 * 1024

HELLO = (
    "This is the right address. Paste it into your IntelliSMS account under "
    "Preferences -> Forwarding.\n"
)
# What aiohttp itself says of a path that does not exist.
NOT_FOUND = "404: Not Found"

_NOT_COMING = (
    ConfigEntryState.SETUP_ERROR,
    ConfigEntryState.SETUP_RETRY,
    ConfigEntryState.MIGRATION_ERROR,
    ConfigEntryState.FAILED_UNLOAD,
)


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
        self._held = 0
        self._changed = asyncio.Event()
        self._next_log = 0.0
        hass.http.register_view(IntelliSMSView(self))
        for event_type in (EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP):
            hass.bus.async_listen_once(event_type, self._async_wake)

    # ---- registration -------------------------------------------------------------

    @callback
    def async_register(self, entry: IntelliSMSConfigEntry) -> None:
        """Let the doors know an entry's ids, its replaced ones too. Safe to repeat."""
        if not any(route.entry_id == entry.entry_id for route in self._routes.values()):
            entry.async_on_state_change(self._async_wake)
        ids = dict.fromkeys(entry.data.get(CONF_REPLACED_IDS, ()), True)
        for webhook_id, replaced in {**ids, entry.data[CONF_WEBHOOK_ID]: False}.items():
            if webhook_id not in self._routes:
                # All methods, since core logs the id with a method it does not know.
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
        self._async_wake()

    @callback
    def _async_wake(self, _event: Event | None = None) -> None:
        """Let those who are held look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    # ---- answering ----------------------------------------------------------------

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
        try:
            body = await _read(request.content)
        except BodyTooLargeError:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT
        except web.RequestPayloadError:
            return HTTPStatus.BAD_REQUEST
        read = await self._parse(body, request.query.get("to"))
        entry = await self._ready_entry(route.entry_id)
        if entry is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        if self._routes.get(webhook_id, route).replaced:
            return HTTPStatus.NOT_FOUND
        receiver = entry.runtime_data.receiver
        if isinstance(read, ParseError):
            self._log_unreadable(read)
            receiver.async_unreadable(read)
            return HTTPStatus.BAD_REQUEST
        complete = True
        for part in _parts(read):
            # What was published before is marked, so a retry brings the rest.
            if self._loaded(route.entry_id) is not entry:
                return HTTPStatus.SERVICE_UNAVAILABLE
            complete &= receiver.async_receive(part)
            # Others get their turn, and core's event trigger takes one to run automations:
            # answered before, a kill at that moment would lose the message.
            await asyncio.sleep(0)
        return HTTPStatus.OK if complete else HTTPStatus.INTERNAL_SERVER_ERROR

    async def _parse(self, body: bytes, to: str | None) -> Messages | StatusReports | ParseError:
        """Read a post; a long one in the executor, where it holds nobody up."""
        if len(body) > PARSE_AT_ONCE:
            return await self._hass.async_add_executor_job(_parse, body, to)
        return _parse(body, to)

    def _log_unreadable(self, err: ParseError) -> None:
        """Say so once an hour: what is posted again every 5 minutes would fill the log."""
        now = dt_util.utcnow().timestamp()
        if now >= self._next_log:
            self._next_log = now + LOG_INTERVAL
            _LOGGER.warning(
                "A post to the IntelliSMS address is not in the provider's format (%s)",
                err.reason.value,
            )

    # ---- holding ------------------------------------------------------------------

    async def _ready_entry(self, entry_id: str) -> IntelliSMSConfigEntry | None:
        """Return the entry once automations run and it is loaded, None if that takes too long."""
        entry = self._loaded(entry_id)
        if entry or not self._worth_waiting(entry_id) or self._held >= MAX_HELD:
            return entry
        limit = RELOAD_HOLD if self._hass.state is CoreState.running else START_HOLD
        self._held += 1
        try:
            async with asyncio.timeout(limit):
                while entry is None and self._worth_waiting(entry_id):
                    await self._changed.wait()
                    entry = self._loaded(entry_id)
        except TimeoutError:
            return None
        finally:
            self._held -= 1
        return entry

    def _loaded(self, entry_id: str) -> IntelliSMSConfigEntry | None:
        if self._hass.state is not CoreState.running:
            return None
        entry = self._hass.config_entries.async_get_entry(entry_id)
        return entry if entry and entry.state is ConfigEntryState.LOADED else None

    def _worth_waiting(self, entry_id: str) -> bool:
        entry = self._hass.config_entries.async_get_entry(entry_id)
        return (
            not self._hass.is_stopping
            and entry is not None
            and entry.disabled_by is None
            and entry.state not in _NOT_COMING
        )


def _parse(body: bytes, to: str | None) -> Messages | StatusReports | ParseError:
    try:
        return parse(body, to=to)
    except ParseError as err:
        return err


def _parts(post: Messages | StatusReports) -> Iterator[Messages | StatusReports]:
    """Cut a post of very many messages into parts that take milliseconds each."""
    if isinstance(post, StatusReports) or len(post.messages) <= PART_SIZE:
        yield post
        return
    bad = post.bad
    for messages in batched(post.messages, PART_SIZE, strict=False):
        yield Messages(messages=messages, bad=bad)
        bad = ()


async def _read(stream: Stream) -> bytes:
    """Read a body in parts: a single read has no cap, also not on what decompresses."""
    body = bytearray()
    async with asyncio.timeout(READ_TIMEOUT):
        while chunk := await stream.read(READ_CHUNK):
            body += chunk
            if len(body) > MAX_BODY:
                raise BodyTooLargeError
    return bytes(body)


class IntelliSMSView(HomeAssistantView):
    """Our own door: what it does not know is 404, and the provider keeps the message."""

    url = URL_PATH
    name = f"api:{DOMAIN}"
    requires_auth = False

    def __init__(self, endpoint: Endpoint) -> None:
        """Keep the handler behind the door."""
        self._endpoint = endpoint

    async def _handle(self, request: web.Request, webhook_id: str) -> web.Response:
        return await self._endpoint.async_handle(webhook_id, request)

    get = _handle
    head = _handle
    post = _handle


# Entries come and go; the doors are open from set-up until Home Assistant stops.
DATA_ENDPOINT: HassKey[Endpoint] = HassKey(DOMAIN)
