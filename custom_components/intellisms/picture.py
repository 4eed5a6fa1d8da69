"""A picture: fetched from an address that a stranger's message named, and kept on disk.

The address is hostile until shown otherwise: https only, few redirects, each
checked anew, and no connection to an address that is not on the internet. That
is checked on the very socket that is opened, so that a name which resolves
differently the second time gains nothing.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
import logging
import os
from pathlib import Path
from secrets import token_hex
import socket

from aiohttp import ClientError, ClientSession, TCPConnector
from aiohttp.connector import AddrInfoType
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.ssl import get_default_context
from yarl import URL

from .const import DOMAIN
from .privacy import keeps_off_disk

_LOGGER = logging.getLogger(__name__)

MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 3
# All requests of a picture, those after redirects too, have this time together.
FETCH_SECONDS = 30
_CHUNK_BYTES = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# IANA has given out no addresses of hosts in IPv6 but from this block.
_IN_USE = IPv6Network("2000::/3")
# An address in this block stands for the IPv4 address in its last four bytes (RFC 6052, 2.1).
_NAT64 = IPv6Network("64:ff9b::/96")

# Each kind has a signature at an offset in its bytes. SVG is left out, as it can run scripts.
_SIGNATURES = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypavif", "image/avif"),
)


class PictureError(StrEnum):
    """Why there is no picture, in a word."""

    NOT_HTTPS = "not_https"
    NOT_PUBLIC = "not_public"
    REDIRECTS = "too_many_redirects"
    REFUSED = "refused"
    NOT_AN_IMAGE = "not_an_image"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    UNREACHABLE = "cannot_connect"


class PictureFetchError(Exception):
    """A picture could not be fetched."""

    def __init__(self, reason: PictureError) -> None:
        """Keep the reason, not the address."""
        super().__init__(reason.value)
        self.reason = reason


class _NotPublicError(OSError):
    """The connection would have led into a home network."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture and what kind it is, told by its bytes."""

    content: bytes = field(repr=False)
    content_type: str


async def async_fetch_picture(url: str) -> Picture:
    """Fetch a picture; PictureFetchError with a reason where that cannot be done."""
    # No connection is kept for a redirect, so that each request opens a socket that is checked.
    connector = TCPConnector(
        ssl=get_default_context(), socket_factory=_public_socket, force_close=True
    )
    try:
        async with (
            asyncio.timeout(FETCH_SECONDS),
            ClientSession(connector=connector) as session,
        ):
            content = await _follow(session, url)
    except TimeoutError:
        raise PictureFetchError(PictureError.TIMEOUT) from None
    # The parser of links, yarl, trips over some with an IndexError.
    except (ClientError, OSError, ValueError, IndexError) as err:
        reason = PictureError.NOT_PUBLIC if _is_not_public(err) else PictureError.UNREACHABLE
        raise PictureFetchError(reason) from None
    return as_picture(content)


def as_picture(content: bytes) -> Picture:
    """Tell a picture's kind by its first bytes; PictureFetchError if it is none."""
    for offset, signature, content_type in _SIGNATURES:
        if content.startswith(signature, offset):
            return Picture(content=content, content_type=content_type)
    raise PictureFetchError(PictureError.NOT_AN_IMAGE)


async def _follow(session: ClientSession, address: str) -> bytes:
    """Return the bytes that a link leads to; PictureFetchError where it leads too far.

    Redirects are followed by hand, so that each is checked to be https.
    """
    url = URL(address)
    for _ in range(MAX_REDIRECTS + 1):
        if url.scheme != "https":
            raise PictureFetchError(PictureError.NOT_HTTPS)
        async with session.get(url, allow_redirects=False) as response:
            if response.status not in _REDIRECTS:
                if response.status != 200:
                    raise PictureFetchError(PictureError.REFUSED)
                body = bytearray()
                while chunk := await response.content.read(_CHUNK_BYTES):
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise PictureFetchError(PictureError.TOO_LARGE)
                return bytes(body)
            url = url.join(URL(response.headers.get("Location", "")))
    raise PictureFetchError(PictureError.REDIRECTS)


def _public_socket(address: AddrInfoType) -> socket.socket:
    """Return a socket for an address that was resolved; _NotPublicError unless it is public.

    `address` is a tuple as `socket.getaddrinfo` gives it. The client calls this for each
    connection that it is about to make.
    """
    family, kind, protocol, _, where = address
    if not is_public(str(where[0])):
        raise _NotPublicError
    return socket.socket(family=family, type=kind, proto=protocol)


def is_public(host: str) -> bool:
    """Tell whether an IP address is one of the internet, whatever it is wrapped in.

    `host` is an address, not a name, and may have a zone (`fe80::1%eth0`). Addresses of
    Teredo and 6to4 wrap others too, but count as not public: nobody serves pictures there.
    """
    address = _unwrapped(ip_address(host.partition("%")[0]))
    # Python's `is_global` is true of all that it does not know to be otherwise, such as ::/8
    # and fec0::/10, so an IPv6 address must also be in the block that is in use.
    in_use = isinstance(address, IPv4Address) or address in _IN_USE
    return in_use and address.is_global and not address.is_multicast


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _is_not_public(err: BaseException | None) -> bool:
    """Tell whether an error comes from our own refusal, however the client wrapped it."""
    while err is not None:
        if isinstance(err, _NotPublicError):
            return True
        err = getattr(err, "os_error", None) or err.__cause__ or err.__context__
    return False


# ---- on disk: the last one of each virtual number -------------------------------


def picture_path(hass: HomeAssistant, entry_id: str, subentry_id: str = "") -> Path:
    """Return where a virtual number's picture lies; without one, how all of them begin."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}.picture.{subentry_id}"))


async def async_prune_pictures(
    hass: HomeAssistant, entry: ConfigEntry, *, unfinished: bool = False
) -> None:
    """Delete the pictures of numbers that are gone, and all of them while none may be kept.

    With `unfinished` it also deletes the parts of pictures that a power cut left, which can
    be told from one that is being written only by the time: before the platforms are set up.
    """
    kept = frozenset() if keeps_off_disk(entry) else frozenset(entry.subentries)
    beginning = picture_path(hass, entry.entry_id)
    await hass.async_add_executor_job(_prune, beginning, kept, unfinished)


def _prune(beginning: Path, kept: frozenset[str], unfinished: bool) -> None:
    """Delete what begins like `beginning` and goes on with no id in `kept`. Blocks.

    A part has a dot and a random word after the id; it goes where `unfinished` is true.
    """
    for path in beginning.parent.glob(f"{beginning.name}*"):
        subentry_id, _, part = path.name.removeprefix(beginning.name).partition(".")
        if unfinished if part else subentry_id not in kept:
            # A set-up that failed at a disk without room or rights would keep messages out.
            try:
                path.unlink(missing_ok=True)
            except OSError as err:
                _LOGGER.warning("A picture could not be deleted (%s)", type(err).__name__)


def read_picture(path: Path) -> tuple[Picture, datetime] | None:
    """Return a picture and when it came, None if there is none. Blocks."""
    try:
        picture = as_picture(path.read_bytes())
        return picture, datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError, PictureFetchError:
        return None


def write_picture(path: Path, picture: Picture, when: datetime) -> None:
    """Put a picture in the place of the one before. Blocks."""
    # Each call writes into a part of its own, as two may write at a time, and the part takes the
    # picture's place at once, so that nobody reads half a picture.
    unfinished = path.with_name(f"{path.name}.{token_hex(4)}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(picture.content)
    os.utime(unfinished, (when.timestamp(), when.timestamp()))
    unfinished.replace(path)
