"""IntelliSMS: received SMS and WhatsApp messages as events and entities."""

from contextlib import suppress

from homeassistant.const import CONF_WEBHOOK_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .const import CONF_REPLACED_IDS, DOMAIN
from .data import IntelliSMSConfigEntry, IntelliSMSData
from .directory import Directory
from .endpoint import DATA_ENDPOINT, Endpoint
from .journal import Journal, remove_files
from .receiver import Receiver

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.EVENT, Platform.SENSOR]


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Open the doors for all entries, before any of them is loaded."""
    endpoint = hass.data[DATA_ENDPOINT] = Endpoint(hass)
    for entry in hass.config_entries.async_entries(DOMAIN):
        endpoint.async_register(entry)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> bool:
    """Set up an account; posts are held until this is done."""
    hass.data[DATA_ENDPOINT].async_register(entry)
    journal = Journal(hass, entry.entry_id)
    await journal.async_load()
    directory = Directory(hass, entry)
    # Before the platforms listen: a new number's entities show what came before.
    directory.async_on_added(journal.async_adopt)
    entry.runtime_data = IntelliSMSData(
        directory=directory,
        journal=journal,
        receiver=Receiver(hass, entry, directory, journal),
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_updated))
    return True


async def _async_updated(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    """Take over changed subentries and addresses without a reload."""
    hass.data[DATA_ENDPOINT].async_register(entry)
    for subentry_id in entry.runtime_data.directory.async_refresh():
        entry.runtime_data.journal.async_forget_number(subentry_id)


async def async_unload_entry(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> bool:
    """Unload an account; its ids stay registered, so that posts wait for it."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.journal.async_close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    """Forget an account: its doors, its cloudhooks, its files."""
    if endpoint := hass.data.get(DATA_ENDPOINT):
        endpoint.async_unregister(entry)
    await _async_delete_cloudhooks(hass, entry)
    await hass.async_add_executor_job(remove_files, hass.config.path, entry.entry_id)


async def _async_delete_cloudhooks(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    # Without the cloud integration its package may not be installed either.
    if "cloud" not in hass.config.components:
        return
    from homeassistant.components import cloud

    for webhook_id in (entry.data[CONF_WEBHOOK_ID], *entry.data[CONF_REPLACED_IDS]):
        with suppress(ValueError, cloud.CloudNotAvailable):
            await cloud.async_delete_cloudhook(hass, webhook_id)


async def async_migrate_entry(_hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> bool:
    """Bring an older entry up to date; one from a newer version cannot be read."""
    return entry.version == 1
