"""Fetching a picture from where a stranger's message points, without Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
import gzip
from ipaddress import ip_address
import socket
import ssl
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from homeassistant.util.ssl import get_default_context
import pytest

from custom_components.intellisms import picture
from custom_components.intellisms.picture import (
    MAX_BYTES,
    MAX_REDIRECTS,
    Picture,
    PictureError,
    PictureFetchError,
    as_picture,
    async_fetch_picture,
    is_public,
)

JPEG = b"\xff\xd8\xff\xe0" + b"jpeg" * 16
PNG = b"\x89PNG\r\n\x1a\n" + b"png" * 16
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
HOST = "media.example.com"
SOCKET = "custom_components.intellisms.picture.socket.socket"


@pytest.fixture(autouse=True)
def home() -> None:
    """Start nothing: nothing here runs Home Assistant."""


# ---- addresses ------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "185.199.108.133",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_an_address_on_the_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        # This machine.
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104
        "0.1.2.3",
        "::1",
        "::",
        # Home networks.
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "fd00::1",
        "fc00::1",
        "fec0::1",
        # The same link, and a cloud's metadata.
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        # All at once.
        "224.0.0.251",
        "255.255.255.255",
        "ff02::1",
        "ff0e::1",
        # Nobody's.
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.1",
        "240.0.0.1",
        "2001:db8::1",
        "100::1",
        "4000::1",
        # An IPv4 address wrapped in one of IPv6.
        "::ffff:127.0.0.1",
        "::ffff:192.168.1.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "::127.0.0.1",
        "::192.168.1.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::192.168.1.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::192.168.1.1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2002:c0a8:101::1",
        "2001:0:808:808:0:0:3f57:fefe",  # Teredo, to 192.168.1.1
        "2001:0:c0a8:101:0:0:f7f7:f7f7",  # Teredo, through 192.168.1.1
        "2001:0:808:808:0:0:f7f7:f7f7",
    ],
)
def test_an_address_that_is_not_on_the_internet(address: str) -> None:
    assert not is_public(address)


# ---- what a picture is ----------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (b"GIF89a...", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypavif", "image/avif"),
    ],
)
def test_a_picture_is_told_by_its_bytes(content: bytes, content_type: str) -> None:
    assert as_picture(content) == Picture(content=content, content_type=content_type)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xd8", SVG, b"<!doctype html>", b"%PDF-1.7", b"MZ", gzip.compress(PNG), b" " + PNG],
)
def test_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(PictureFetchError) as caught:
        as_picture(content)
    assert caught.value.reason is PictureError.NOT_AN_IMAGE


def test_repr_shows_nothing_of_a_picture() -> None:
    assert "jpeg" * 2 not in repr(as_picture(JPEG))


# ---- fetching -------------------------------------------------------------------


@pytest.fixture(scope="module")
def server_tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server of our own needs, and a client that trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    names = [x509.DNSName(HOST), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


class Site:
    """A server on the internet, as far as the fetching knows, and the name service."""

    def __init__(self) -> None:
        """Begin with an empty site."""
        self.port = 0
        self.asked: list[str] = []
        self.pages: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        # What a name leads to; it may be something else each time.
        self.addresses: dict[str, list[list[str]]] = {HOST: [["127.0.0.1"]]}

    def url(self, path: str = "/", *, host: str = HOST, scheme: str = "https") -> str:
        """Return an address on the site."""
        return f"{scheme}://{host}:{self.port}{path}"

    def page(self, path: str, body: bytes = JPEG, **kwargs: Any) -> str:
        """Put something on the site and return its address."""

        async def answer(_request: web.Request) -> web.Response:
            return web.Response(body=body, **kwargs)

        self.pages[path] = answer
        return self.url(path)

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        """Put a redirect on the site and return its address."""
        return self.page(path, b"", status=status, headers={"Location": to})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        self.asked.append(request.path)
        return await self.pages[request.path](request)


@pytest.fixture
async def site(
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
    server_tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> AsyncGenerator[Site]:
    """Run a site at the one address of this machine that is taken for a public one."""
    site = Site()
    server_context, client_context = server_tls

    class Resolver(AbstractResolver):
        """Answer as the test wants; the last answer stays."""

        def __init__(self, *_args: Any, **_kwargs: Any) -> None:
            """Take what aiohttp hands over."""

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            answers = site.addresses.get(host)
            if not answers:
                raise OSError("no such name")
            addresses = answers.pop(0) if len(answers) > 1 else answers[0]
            return [
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                    proto=0,
                    flags=socket.AI_NUMERICHOST,
                )
                for address in addresses
            ]

        async def close(self) -> None:
            """Have nothing to close."""

    monkeypatch.setattr("aiohttp.connector.DefaultResolver", Resolver)
    monkeypatch.setattr(picture, "get_default_context", lambda: client_context)
    monkeypatch.setattr(picture, "is_public", lambda host: host == "127.0.0.1" or is_public(host))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.handle)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=server_context)
    site.port = server.port or 0
    yield site
    await server.close()


async def _error(url: str) -> PictureError:
    with pytest.raises(PictureFetchError) as caught:
        await async_fetch_picture(url)
    # Neither the message nor a traceback shows the address.
    assert str(caught.value) == caught.value.reason
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.reason


@pytest.mark.parametrize("content_type", ["image/jpeg", "text/html", "application/octet-stream"])
async def test_fetch(site: Site, content_type: str) -> None:
    fetched = await async_fetch_picture(site.page("/1.jpg", content_type=content_type))
    assert fetched == Picture(content=JPEG, content_type="image/jpeg")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_few_redirects_are_followed(site: Site, status: int) -> None:
    site.page("/1.jpg")
    for hop in range(MAX_REDIRECTS):
        to = site.url(f"/hop{hop - 1}") if hop else "1.jpg"
        site.redirect(f"/hop{hop}", to, status)
    assert (await async_fetch_picture(site.url("/hop2"))).content == JPEG
    assert site.asked == ["/hop2", "/hop1", "/hop0", "/1.jpg"]
    site.redirect("/hop3", "/hop2", status)
    assert await _error(site.url("/hop3")) is PictureError.REDIRECTS
    assert MAX_REDIRECTS == 3


@pytest.mark.parametrize(
    "to",
    ["http://media.example.com/1.jpg", "ftp://media.example.com/", "file:///etc/passwd", "data:,x"],
)
async def test_only_https(site: Site, to: str) -> None:
    assert await _error(to) is PictureError.NOT_HTTPS
    assert await _error(site.redirect("/", to)) is PictureError.NOT_HTTPS
    assert site.asked == ["/"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "1.jpg",
        "//media.example.com/1.jpg",
        "https://",
        "https://[::1",
        "https://media..example/",
        "https://a[::1]é.com@",
    ],
)
async def test_what_is_no_address(site: Site, url: str) -> None:
    assert await _error(url) in {PictureError.NOT_HTTPS, PictureError.UNREACHABLE}
    assert site.asked == []


# Each as a name service may say it; the literal ones are refused in the same way.
PRIVATE = [
    "10.0.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "0.0.0.0",  # noqa: S104
    "127.0.0.2",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
    "2001:0:808:808:0:0:3f57:fefe",
]


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_connection_into_the_house(
    site: Site, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(SOCKET, lambda **kwargs: opened.append(kwargs))
    literal = f"[{address}]" if ":" in address else address
    assert await _error(site.url("/1.jpg", host=literal)) is PictureError.NOT_PUBLIC
    site.addresses[HOST] = [[address]]
    assert await _error(site.url("/1.jpg")) is PictureError.NOT_PUBLIC
    assert opened == []


@pytest.mark.parametrize(
    "spelling", ["2130706434", "0x7f000002", "127.2", "0177.0.0.2", "localhost"]
)
async def test_no_connection_into_the_house_however_it_is_spelled(
    site: Site, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    """Whoever reads these as addresses, what counts is where the socket would lead."""
    opened: list[Any] = []
    monkeypatch.setattr(SOCKET, lambda **kwargs: opened.append(kwargs))
    site.addresses[spelling] = [["127.0.0.2"]]
    error = await _error(site.url("/1.jpg", host=spelling))
    assert error in {PictureError.NOT_PUBLIC, PictureError.UNREACHABLE}
    assert opened == []


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_redirect_into_the_house(site: Site, address: str) -> None:
    site.addresses["other.example.com"] = [[address]]
    url = site.redirect("/", site.url("/1.jpg", host="other.example.com"))
    assert await _error(url) is PictureError.NOT_PUBLIC
    assert site.asked == ["/"]


async def test_a_name_that_leads_elsewhere_the_second_time(site: Site) -> None:
    """Rebinding: the name is public while it is looked at, and private when it counts."""
    site.addresses[HOST] = [["127.0.0.1"], ["192.168.1.1"]]
    site.page("/1.jpg")
    assert await async_fetch_picture(site.url("/1.jpg"))
    assert await _error(site.url("/1.jpg")) is PictureError.NOT_PUBLIC


async def test_a_name_that_leads_to_both(site: Site, unused_tcp_port: int) -> None:
    """The public one does not answer; the private one must not be tried in its place."""
    site.addresses[HOST] = [["127.0.0.1", "192.168.1.1", "::1"]]
    url = f"https://{HOST}:{unused_tcp_port}/1.jpg"
    assert await _error(url) is PictureError.NOT_PUBLIC


async def test_a_certificate_for_another_name(site: Site) -> None:
    site.page("/1.jpg")
    site.addresses["other.example.com"] = [["127.0.0.1"]]
    url = site.url("/1.jpg", host="other.example.com")
    assert await _error(url) is PictureError.UNREACHABLE
    assert site.asked == []


async def test_a_certificate_that_nobody_vouches_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "get_default_context", get_default_context)
    assert await _error(site.page("/1.jpg")) is PictureError.UNREACHABLE
    assert site.asked == []


async def test_nobody_there(site: Site, unused_tcp_port: int) -> None:
    assert await _error("https://nowhere.example.com/") is PictureError.UNREACHABLE
    assert await _error(f"https://{HOST}:{unused_tcp_port}/") is PictureError.UNREACHABLE


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 410, 500])
async def test_a_refusal(site: Site, status: int) -> None:
    assert await _error(site.page("/", JPEG, status=status)) is PictureError.REFUSED


@pytest.mark.parametrize("body", [b"", SVG, b"<html>", b"\x00" * 100])
async def test_not_an_image(site: Site, body: bytes) -> None:
    url = site.page("/", body, content_type="image/png")
    assert await _error(url) is PictureError.NOT_AN_IMAGE


@pytest.mark.parametrize("how", ["announced", "chunked", "gzip", "deflate"])
@pytest.mark.parametrize("size", [100_000, 100_001])
async def test_size(site: Site, monkeypatch: pytest.MonkeyPatch, how: str, size: int) -> None:
    assert MAX_BYTES == 10 * 1024 * 1024
    monkeypatch.setattr(picture, "MAX_BYTES", 100_000)
    body = PNG.ljust(size, b"\0")

    async def answer(request: web.Request) -> web.StreamResponse:
        if how == "announced":
            return web.Response(body=body)
        response = web.StreamResponse()
        if how == "chunked":
            response.enable_chunked_encoding()
        else:
            response.enable_compression(web.ContentCoding(how))
        await response.prepare(request)
        for start in range(0, size, 30_000):
            await response.write(body[start : start + 30_000])
        return response

    site.pages["/"] = answer
    if size > picture.MAX_BYTES:
        assert await _error(site.url()) is PictureError.TOO_LARGE
    else:
        assert (await async_fetch_picture(site.url())).content == body


async def test_what_never_ends_is_left(site: Site) -> None:
    written = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"\xff\xd8\xff".ljust(1024 * 1024, b"\0"))
            written += 1

    site.pages["/"] = answer
    assert await _error(site.url()) is PictureError.TOO_LARGE
    assert written < 50


async def test_a_broken_answer(site: Site) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(JPEG)
        assert request.transport
        request.transport.abort()
        return response

    site.pages["/"] = answer
    assert await _error(site.url()) is PictureError.UNREACHABLE


@pytest.mark.parametrize("stage", ["headers", "body", "redirects"])
async def test_timeout(site: Site, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    monkeypatch.setattr(picture, "FETCH_SECONDS", 0.1)
    never = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if stage == "body":
            await response.prepare(request)
            await response.write(JPEG)
        await never.wait()
        return response

    site.pages["/"] = answer
    if stage == "redirects":
        site.redirect("/first", "/")
    assert await _error(site.url("/first" if stage == "redirects" else "/")) is PictureError.TIMEOUT
    never.set()
