"""Fetching a picture from an address that a stranger's message named.

The address is hostile until shown otherwise: https only, few redirects, each
checked anew, and no connection to an address that is not on the internet. That
is checked on the very socket that is opened, so that a name which resolves
differently the second time gains nothing.
"""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
import socket

from aiohttp import ClientError, ClientSession, TCPConnector
from aiohttp.connector import AddrInfoType
from homeassistant.util.ssl import get_default_context
from yarl import URL

MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 3
# Seconds, for all redirects together.
TIMEOUT = 30
_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# All that the internet uses of IPv6, and what stands for an IPv4 address in its last four bytes.
_IN_USE = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

# SVG is left out: it can run scripts.
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
    connector = TCPConnector(
        ssl=get_default_context(), socket_factory=_public_socket, force_close=True
    )
    try:
        async with (
            asyncio.timeout(TIMEOUT),
            ClientSession(connector=connector) as session,
        ):
            content = await _follow(session, url)
    except TimeoutError:
        raise PictureFetchError(PictureError.TIMEOUT) from None
    # yarl trips over some links with an IndexError.
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
    url = URL(address)
    for _ in range(MAX_REDIRECTS + 1):
        if url.scheme != "https":
            raise PictureFetchError(PictureError.NOT_HTTPS)
        async with session.get(url, allow_redirects=False) as response:
            if response.status not in _REDIRECTS:
                if response.status != 200:
                    raise PictureFetchError(PictureError.REFUSED)
                body = bytearray()
                while chunk := await response.content.read(_CHUNK):
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise PictureFetchError(PictureError.TOO_LARGE)
                return bytes(body)
            url = url.join(URL(response.headers.get("Location", "")))
    raise PictureFetchError(PictureError.REDIRECTS)


def _public_socket(address: AddrInfoType) -> socket.socket:
    family, kind, protocol, _, where = address
    if not is_public(str(where[0])):
        raise _NotPublicError
    return socket.socket(family=family, type=kind, proto=protocol)


def is_public(host: str) -> bool:
    """Tell whether an IP address is one of the internet, whatever it is wrapped in.

    Teredo and 6to4, which wrap others, are not: nobody serves pictures there.
    """
    address = _unwrapped(ip_address(host.partition("%")[0]))
    # Python calls global what is not known to be otherwise, such as ::/8 and fec0::/10.
    in_use = isinstance(address, IPv4Address) or address in _IN_USE
    return in_use and address.is_global and not address.is_multicast


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _is_not_public(err: BaseException | None) -> bool:
    """Find our own refusal, however the client wrapped it."""
    while err is not None:
        if isinstance(err, _NotPublicError):
            return True
        err = getattr(err, "os_error", None) or err.__cause__ or err.__context__
    return False
