"""The camera: `camera.doorbell`."""

from struct import pack
from typing import override
from zlib import compress, crc32

from homeassistant.components.camera import Camera
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType

# Pixels.
WIDTH, HEIGHT = 320, 240


async def async_setup_platform(
    _hass: HomeAssistant,
    _config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    _discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add the one camera."""
    async_add_entities([Doorbell()])


class Doorbell(Camera):
    """Shows somebody at the door, roughly."""

    _attr_name = "Doorbell"
    _attr_unique_id = "doorbell"

    def __init__(self) -> None:
        """Draw the picture once."""
        super().__init__()
        self.content_type = "image/png"
        self._picture = png()

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        return self._picture


def png() -> bytes:
    """Return a picture: a sky, and somebody round in front of it."""
    rows = b"".join(b"\0" + b"".join(_pixel(x, y) for x in range(WIDTH)) for y in range(HEIGHT))
    header = pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))
        for kind, data in chunks
    )


def _pixel(x: int, y: int) -> bytes:
    is_head = (x - WIDTH / 2) ** 2 + (y - 100) ** 2 < 50**2
    is_body = (x - WIDTH / 2) ** 2 / 2 + (y - HEIGHT) ** 2 < 80**2
    return b"\x40\x40\x60" if is_head or is_body else bytes((150, 190, 255 - y // 2))
