"""A camera and an image of the house that show what a test says, in real integrations of core."""

import asyncio
from datetime import datetime
import sys
from types import SimpleNamespace
from typing import Any, override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import setup_test_component_platform

# Core's camera imports a package to make pictures smaller, which needs a library of the system.
sys.modules.setdefault("turbojpeg", SimpleNamespace(TurboJPEG=None))  # type: ignore[arg-type]

from homeassistant.components.camera import Camera  # noqa: E402
from homeassistant.components.image import ImageEntity  # noqa: E402

JPEG = b"\xff\xd8\xff\xe0 the door \xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n the garden"
GIF = b"GIF89a the cat"


class DoorCamera(Camera):
    """A camera at the door."""

    _attr_name = "Door"

    def __init__(self) -> None:
        """Begin with a picture."""
        super().__init__()
        self.shown: bytes | None = JPEG
        self.error: Exception | None = None
        # How often it was asked; and it keeps everyone waiting while this is cleared.
        self.asked = 0
        self.is_asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        self.asked += 1
        self.is_asked.set()
        await self.answers.wait()
        if self.error:
            raise self.error
        return self.shown

    async def turn(self, *, on: bool = True, available: bool = True) -> None:
        """Be on or off, there or not."""
        self._attr_is_on = on
        self._attr_available = available
        self.async_write_ha_state()


class GardenImage(ImageEntity):
    """An image of the garden."""

    _attr_name = "Garden"
    _attr_content_type = "image/png"

    @property
    @override
    def image_last_updated(self) -> datetime:
        return dt_util.utcnow()

    @override
    async def async_image(self) -> bytes:
        return PNG


async def _add(hass: HomeAssistant, domain: str, entity: Entity) -> None:
    setup_test_component_platform(hass, domain, [entity])
    config: dict[str, Any] = {domain: {"platform": "test"}}
    assert await async_setup_component(hass, domain, config)
    await hass.async_block_till_done()


@pytest.fixture
async def camera(hass: HomeAssistant) -> DoorCamera:
    """Return the camera `camera.door`."""
    door = DoorCamera()
    await _add(hass, Platform.CAMERA, door)
    return door


@pytest.fixture
async def garden(hass: HomeAssistant) -> GardenImage:
    """Return the image `image.garden`."""
    image = GardenImage(hass)
    await _add(hass, Platform.IMAGE, image)
    return image
