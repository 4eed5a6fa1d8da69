"""The *Last picture* of a virtual number."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .entity import RecordEntity, stay_in_place
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
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.directory import Listing, VirtualNumber

PARALLEL_UPDATES = 0

# Pictures that wait, the one that is being fetched included; the oldest give way.
MAX_WAITING = 3

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
    """Shows the last picture that could be fetched, also after a restart.

    People send several at once, and each may be the only one to be had. So they are fetched
    one at a time, of those that wait the newest first, and an older one only if that fails.
    """

    _attr_content_type = "image/jpeg"
    async_entity_id_changed = stay_in_place

    def __init__(
        self, hass: HomeAssistant, entry: IntelliSMSConfigEntry, owner: VirtualNumber
    ) -> None:
        """Prepare; nothing is read or fetched yet."""
        RecordEntity.__init__(self, entry, owner, DESCRIPTION)
        ImageEntity.__init__(self, hass)
        self._path = picture_path(hass, entry.entry_id, owner.subentry_id)
        self._content: bytes | None = None
        # Why the newest picture that was tried is not shown.
        self._last_error: PictureError | None = None
        # Pictures are numbered as they come. These are the numbers of the newest that came and
        # of the newest that was tried, and the messages of those that wait, the oldest first.
        self._newest = self._tried = 0
        self._waiting: dict[int, Delivery] = {}
        self._fetching: asyncio.Task[None] | None = None
        self._writing: asyncio.Future[None] | None = None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        return {"last_error": self._last_error}

    @property
    @override
    def entity_picture(self) -> str | None:
        # Without a picture the entity's icon is shown, where a link would be drawn as a broken one.
        return super().entity_picture if self._content else None

    @override
    async def async_image(self) -> bytes | None:
        return self._content

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        # Before 2026.11 this is called once more when the entity id is renamed.
        if self._content is None and (
            kept := await self.hass.async_add_executor_job(read_picture, self._path)
        ):
            self._show(*kept)
        self._fetch_soon()

    @override
    async def async_will_remove_from_hass(self) -> None:
        # What was being fetched goes on waiting, in case this is a rename.
        if self._fetching:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        await self._written()

    @override
    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        """Fetch the picture of a message that has one; the state is written when it is there."""
        if delivery.message.picture_url is None:
            return
        self._newest += 1
        self._waiting[self._newest] = delivery
        while len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._fetch_soon()

    def _fetch_soon(self) -> None:
        """Fetch what waits, unless that is under way."""
        if self._waiting and (self._fetching is None or self._fetching.done()):
            self._fetching = self._entry.async_create_background_task(
                self.hass, self._fetch_waiting(), "intellisms picture"
            )

    async def _fetch_waiting(self) -> None:
        """Fetch one picture after the other until none waits any more."""
        while self._waiting:
            number, delivery = next(reversed(self._waiting.items()))
            error = None
            try:
                await self._fetch(number, delivery)
            except PictureFetchError as err:
                error = err.reason
            except Exception as err:  # noqa: BLE001
                log_fault(err, "fetching a picture")
            self._waiting.pop(number, None)
            if number > self._tried:
                self._tried, self._last_error = number, error
            super()._on_delivery(delivery)

    async def _fetch(self, number: int, delivery: Delivery) -> None:
        """Fetch a picture, show it and keep it; PictureFetchError if it cannot be had."""
        picture = await async_fetch_picture(delivery.message.picture_url or "")
        # In whole seconds, which the time of a file keeps exactly: a restart changes no state.
        now = dt_util.utcnow().replace(microsecond=0)
        self._show(picture, now)
        # Nobody wants the older ones any more.
        self._waiting = {newer: it for newer, it in self._waiting.items() if newer > number}
        if not delivery.simulated and not self.discreet:
            self._writing = self.hass.async_add_executor_job(
                write_picture, self._path, picture, now
            )
            await self._written()
            self._writing.result()

    async def _written(self) -> None:
        """Wait for what is being written: it cannot be stopped, and may not be wanted any more."""
        if self._writing:
            await asyncio.wait([self._writing])
            await async_prune_pictures(self.hass, self._entry)

    def _show(self, picture: Picture, when: datetime) -> None:
        """Take a picture over; whoever calls this writes the state."""
        self._content = picture.content
        self._attr_content_type = picture.content_type
        self._attr_image_last_updated = when
