"""IntelliSMS: received SMS and WhatsApp messages as events and entities."""

import asyncio
from functools import partial

from homeassistant.const import CONF_WEBHOOK_ID, EVENT_HOMEASSISTANT_FINAL_WRITE, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.hass_dict import HassKey

from .assist_issue import AssistIssue
from .cloudhook import async_delete_cloudhook
from .const import CONF_REPLACED_IDS, DOMAIN, ENTRY_VERSION
from .faults import guarded, log_fault
from .issues import Watch
from .picture import async_prune_pictures
from .privacy import Privacy
from .raised_issues import async_check_version, async_clear_issues
from .receiving.data import IntelliSMSConfigEntry, IntelliSMSData
from .receiving.directory import Directory
from .receiving.endpoint import DATA_ENDPOINT, Endpoint
from .receiving.inheritance import async_forget_configured, async_inherit
from .receiving.journal_files import remove_files
from .receiving.memory import Memory
from .receiving.receiver import Receiver
from .receiving.signals import signal_disk
from .sending.account import async_apply_keys, async_stop_sending
from .sending.deliveries import Deliveries
from .sending.media import DATA_MEDIA, Media
from .sending.replies import async_remember_messages
from .sending_issues import SendingIssues
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.EVENT, Platform.IMAGE, Platform.NOTIFY, Platform.SENSOR]
# This holds, by entry id, what the disk did not take when it was closed. The entry goes on with it
# when it is loaded again: what was published must not be published twice, nor answered.
DATA_UNWRITTEN: HassKey[dict[str, Memory]] = HassKey(f"{DOMAIN}_unwritten")


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Open the doors for all entries, before any of them is loaded."""
    endpoint = hass.data[DATA_ENDPOINT] = Endpoint(hass)
    hass.data[DATA_MEDIA] = Media(hass)
    hass.data[DATA_UNWRITTEN] = {}
    for entry in hass.config_entries.async_entries(DOMAIN):
        async_check_version(hass, entry)
        try:
            endpoint.async_register(entry)
        # If one entry's fault ended this set-up, no id of any entry would be registered, and
        # core's webhook acknowledges and drops what is posted to an id that is not.
        except Exception as err:  # noqa: BLE001
            log_fault(err, "opening the doors of an entry")
    async_remember_messages(hass)
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> bool:
    """Set up an account; posts are held until this is done."""
    endpoint = hass.data[DATA_ENDPOINT]
    endpoint.async_register(entry)
    memory = hass.data[DATA_UNWRITTEN].pop(entry.entry_id, None) or Memory(
        hass, entry, partial(async_dispatcher_send, hass, signal_disk(entry.entry_id))
    )
    await memory.async_load()
    journal = memory.journal
    entry.async_on_unload(memory.questions.async_stop)

    async def final_write(_event: Event) -> None:
        """Write what has to outlive the restart before Home Assistant ends."""
        # Core's store writes what is due at this event by itself. But a write that was under way
        # when the stop began is a task that core does not wait for and cancels at the end
        # (`HomeAssistant.async_stop`, read in 2026.7.0 and 2026.11.0), so we wait for it here.
        await memory.async_close()

    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, final_write))
    directory = Directory(hass, entry)
    entry.async_on_unload(directory.async_follow_names())
    journal.async_forget_others(entry.subentries)
    # The journal has what came to a number before it was added when the platforms, which listen
    # after this, make the entities of the number.
    directory.async_on_added(partial(async_inherit, directory=directory, journal=journal))
    entry.runtime_data = IntelliSMSData(
        directory=directory,
        memory=memory,
        receiver=Receiver(
            hass,
            directory=directory,
            journal=journal,
            questions=memory.questions,
            flood=endpoint.flood,
        ),
    )
    privacy = Privacy(hass, entry)
    privacy.async_apply()
    entry.async_on_unload(privacy.async_stop)
    watch = Watch(hass, entry)
    watch.async_start()
    entry.async_on_unload(hass.data[DATA_MEDIA].async_follow(entry))
    entry.async_on_unload(partial(async_stop_sending, hass, entry))
    async_apply_keys(hass, entry)
    Deliveries(hass, entry).async_start()
    SendingIssues(hass, entry).async_start()
    AssistIssue(hass, entry).async_start()
    await async_prune_pictures(hass, entry, unfinished=True)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)

    async def updated(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Bring everything in line with the entry as it was changed."""
        _take_over(hass, entry)
        async_apply_keys(hass, entry)
        journal.async_account_changed()
        privacy.async_apply()
        # A message may have changed the entry (it proves the address), and core would log the
        # text of a fault in here, which may quote the message.
        guarded(watch.async_refresh)()
        await async_prune_pictures(hass, entry)

    entry.async_on_unload(entry.add_update_listener(updated))
    # The listener is added last, so that it hears of no entry that is half set up. What was
    # changed while this function waited, for the disk or the platforms, is taken over here.
    _take_over(hass, entry)
    return True


@callback
def _take_over(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    """Take over changed subentries, options and addresses without a reload."""
    hass.data[DATA_ENDPOINT].async_register(entry)
    data = entry.runtime_data
    for subentry_id in data.directory.async_refresh():
        data.journal.async_forget(subentry_id)
    async_forget_configured(data.directory, data.journal)


async def async_unload_entry(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> bool:
    """Unload an account; its ids stay registered, so that posts wait for it."""
    # An automation can ask for the unload in the midst of publishing a message. One turn of the
    # loop lets that message be marked first; else its mark would go into a journal that has
    # been written for the last time, and the message would be published again.
    await asyncio.sleep(0)
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        memory = entry.runtime_data.memory
        await memory.async_close()
        if memory.is_unwritten:
            hass.data[DATA_UNWRITTEN][entry.entry_id] = memory
    if entry.disabled_by:
        async_clear_issues(hass, entry.entry_id, ignored_too=False)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    """Forget an account: its doors, its cloudhooks, its files."""
    if endpoint := hass.data.get(DATA_ENDPOINT):
        endpoint.async_unregister(entry)
    hass.data.get(DATA_UNWRITTEN, {}).pop(entry.entry_id, None)
    async_clear_issues(hass, entry.entry_id, ignored_too=True)
    # Core does not abort the dialogs of a removed entry's subentries, which would fail from now
    # on. Their handler is a tuple of entry id and subentry type (`ConfigSubentryFlowManager`,
    # read in 2026.7.0 and 2026.11.0).
    flows = hass.config_entries.subentries
    ours = [flow for flow in flows.async_progress() if flow["handler"][0] == entry.entry_id]
    for flow in ours:
        flows.async_abort(flow["flow_id"])
    for webhook_id in (entry.data[CONF_WEBHOOK_ID], *entry.data[CONF_REPLACED_IDS]):
        await async_delete_cloudhook(hass, webhook_id)
    await hass.async_add_executor_job(remove_files, hass.config.path, entry.entry_id)


async def async_migrate_entry(_hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> bool:
    """Bring an older entry up to date; False where its major version is not ours.

    There is no older one yet. One from a newer version core refuses before it asks.
    """
    return entry.version == ENTRY_VERSION
