"""The *Last picture* of a virtual number."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .entity import RecordEntity
from .faults import log_fault
from .picture import (
    Picture,
    PictureError,
    PictureFetchError,
    async_fetch_picture,
    async_prune_pictures,
    picture_path,
    read_picture,
    write_picture,
)
from .protocol import MessageType
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.directory import Listing, VirtualNumber

PARALLEL_UPDATES = 0

MAX_FETCHES = 3

DESCRIPTION = ImageEntityDescription(
    key="last_picture",
    translation_key="last_picture",
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: IntelliSMSConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an image for each virtual number, now and later."""

    @callback
    def add(owner: Listing) -> None:
        if isinstance(owner, VirtualNumber):
            async_add_entities(
                [LastPicture(hass, entry, owner)], config_subentry_id=owner.subentry_id
            )

    entry.runtime_data.directory.async_on_added(add)


class LastPicture(RecordEntity, ImageEntity):
    """Shows the last picture that could be fetched, also after a restart."""

    _attr_content_type = "image/jpeg"

    def __init__(
        self, hass: HomeAssistant, entry: IntelliSMSConfigEntry, owner: VirtualNumber
    ) -> None:
        """Prepare; nothing is read or fetched yet."""
        RecordEntity.__init__(self, entry, owner, DESCRIPTION)
        ImageEntity.__init__(self, hass)
        self._path = picture_path(hass, entry.entry_id, owner.subentry_id)
        self._content: bytes | None = None
        self._last_error: PictureError | None = None
        # By their order. People send several at once, and each may be the only one to be had.
        self._fetching: dict[int, asyncio.Task[None]] = {}
        self._newest = self._failed = 0
        self._writing: asyncio.Future[None] | None = None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        return {"last_error": self._last_error}

    @override
    async def async_image(self) -> bytes | None:
        return self._content

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        if kept := await self.hass.async_add_executor_job(read_picture, self._path):
            self._show(*kept)

    @override
    async def async_will_remove_from_hass(self) -> None:
        self._cancel(self._fetching)
        await self._written()

    @override
    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        message = delivery.message
        if message.type != MessageType.IMAGE or message.media_url is None:
            return
        self._newest += 1
        self._fetching = {order: task for order, task in self._fetching.items() if not task.done()}
        self._cancel(list(self._fetching)[: 1 - MAX_FETCHES])
        self._fetching[self._newest] = self._entry.async_create_background_task(
            self.hass,
            self._fetch(self._newest, delivery, message.media_url),
            "intellisms picture",
        )

    def _cancel(self, orders: Iterable[int]) -> None:
        for order in orders:
            self._fetching[order].cancel()

    async def _fetch(self, order: int, delivery: Delivery, url: str) -> None:
        try:
            picture = await async_fetch_picture(url)
            now = dt_util.utcnow().replace(microsecond=0)
            # The picture that came last is the one to show.
            self._cancel([older for older in self._fetching if older < order])
            self._show(picture, now)
            if order > self._failed:
                self._last_error = None
            if not delivery.simulated and not self.discreet:
                await self._written()
                self._writing = self.hass.async_add_executor_job(
                    write_picture, self._path, picture, now
                )
                await self._written()
                self._writing.result()
        except PictureFetchError as err:
            if order > self._failed:
                self._failed, self._last_error = order, err.reason
        except Exception as err:  # noqa: BLE001
            log_fault(err, "fetching a picture")
        super()._on_delivery(delivery)

    async def _written(self) -> None:
        """Wait for what is being written: it cannot be stopped, and may not be wanted any more."""
        if self._writing:
            await asyncio.wait([self._writing])
            await async_prune_pictures(self.hass, self._entry)

    def _show(self, picture: Picture, when: datetime) -> None:
        self._content = picture.content
        self._attr_content_type = picture.content_type
        self._attr_image_last_updated = when
