"""Diagnostics that are safe to post in public.

By an allow-list: what is not named here does not get in. No number, name, text,
address or id of a message does.
"""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .address import shown_address
from .const import (
    CONF_ACCEPT,
    CONF_CLOUDHOOK_URL,
    CONF_HOURLY_LIMIT,
    CONF_PERSON,
    CONF_REACH,
    CONF_REPLACED_IDS,
    DEFAULT_HOURLY_LIMIT,
    SUBENTRY_CONTACT,
    SUBENTRY_VIRTUAL_NUMBER,
    Accept,
)
from .privacy import keeps_off_disk
from .protocol import ChannelName, MessageType
from .receiving.data import IntelliSMSConfigEntry, async_subentry_of_device
from .receiving.directory import Contact, Listing
from .receiving.journal import Record
from .receiving.progress import Progress
from .sending.account import find_sending, keys_of
from .sending.assist_choice import AssistChoice


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: IntelliSMSConfigEntry
) -> dict[str, Any]:
    """Describe an account."""
    about = _entry(hass, entry)
    if entry.state is not ConfigEntryState.LOADED:
        return {"entry": about}
    data = entry.runtime_data
    account = data.journal.account
    return {
        "entry": about,
        "journal": {
            "ids": data.journal.seen_count,
            "files_set_aside": data.memory.set_aside,
            "numbers_not_configured": len(data.journal.unconfigured),
        },
        "account": {
            "last_post": account.last_post.isoformat() if account.last_post else None,
            "last_report": account.last_report.isoformat() if account.last_report else None,
            "sent_before_any_report": account.unreported,
            "ignored": dict(account.ignored),
            "shapes_not_understood": list(data.receiver.shapes),
        },
        "assist": _assist(hass, entry),
        "questions": data.questions.counts,
        "listings": [
            _listing(owner, data.journal.record(owner.subentry_id)) for owner in data.directory
        ],
    }


def _entry(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> dict[str, Any]:
    """Describe how an account is set up, loaded or not."""
    kinds = [subentry.subentry_type for subentry in entry.subentries.values()]
    return {
        "version": f"{entry.version}.{entry.minor_version}",
        "state": entry.state.value,
        "reach": entry.data[CONF_REACH],
        "has_cloudhook": bool(entry.data[CONF_CLOUDHOOK_URL]),
        "addresses_replaced": len(entry.data[CONF_REPLACED_IDS]),
        "address_problem": shown_address(hass, entry.data).problem,
        "has_keys": keys_of(entry) is not None,
        "hourly_limit": entry.options.get(CONF_HOURLY_LIMIT, DEFAULT_HOURLY_LIMIT),
        "accept": entry.options.get(CONF_ACCEPT, Accept.EVERYONE),
        "keep_off_disk": keeps_off_disk(entry),
        "virtual_numbers": kinds.count(SUBENTRY_VIRTUAL_NUMBER),
        "contacts": kinds.count(SUBENTRY_CONTACT),
    }


def _assist(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> dict[str, Any]:
    """Describe for how many Assist was chosen, and what became of what they wrote since the start."""
    chosen = [AssistChoice.of(subentry.data) for subentry in entry.subentries.values()]
    sending = find_sending(hass, entry)
    return {
        "contacts": len(chosen) - chosen.count(None),
        "sms": sum(choice.sms for choice in chosen if choice),
        "as_person": sum(choice.as_person for choice in chosen if choice),
        "outcomes": dict(sending.assist.outcomes) if sending else {},
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: IntelliSMSConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Describe the account, or one virtual number or contact."""
    found = async_subentry_of_device(hass, device.id)
    owner = entry.runtime_data.directory.get(found[1].subentry_id) if found else None
    if owner is None:
        return await async_get_config_entry_diagnostics(hass, entry)
    return _listing(owner, entry.runtime_data.journal.record(owner.subentry_id))


def _listing(owner: Listing, record: Record) -> dict[str, Any]:
    """Describe a virtual number or contact, and what came of theirs."""
    about: dict[str, Any] = {"kind": "virtual_number"}
    if isinstance(owner, Contact):
        about = {
            "kind": "contact",
            "numbers": len(owner.numbers),
            CONF_PERSON: owner.person is not None,
        }
        about["sent"] = [_sent(progress) for progress in record.sent]
    return about | {"received": record.total, "last": _last(record)}


def _sent(progress: Progress) -> dict[str, Any]:
    """Describe a message to a contact."""
    return {
        "sent": progress.sent.isoformat(),
        "status": progress.status,
        "channel": progress.channel,
        "type": progress.type,
        "has_id": progress.message_id is not None,
    }


def _last(record: Record) -> dict[str, Any] | None:
    """Describe the last message: whether its words are known ones, not which they are."""
    if (last := record.last) is None:
        return None
    message = last.message
    return {
        "received": last.received_at.isoformat(),
        "sent": message.sent.isoformat() if message.sent else None,
        "channel_documented": message.channel in ChannelName,
        "type_documented": message.type in MessageType,
        "has_sender": message.sender is not None,
        "sender_known": last.sender_known,
        "text_length": len(message.text) if message.text is not None else None,
        "has_button": bool(message.button_id or message.button_text),
        "has_media": message.media_url is not None,
        "simulated": last.simulated,
    }
