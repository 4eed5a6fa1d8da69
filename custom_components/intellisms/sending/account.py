"""What an account with keys sends by; one without keys only receives."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.signal_type import SignalType

from ..const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from ..receiving.data import IntelliSMSConfigEntry
from .assist import Assist
from .balance import Balance, async_end_reauth
from .client import Client
from .data import Keys
from .refusals import refused
from .sender import Sender


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """The parts that an account with keys sends by; other keys are given to the client."""

    client: Client
    sender: Sender
    balance: Balance
    assist: Assist


# This holds what loaded entries with keys send by, by entry id. What an entry receives by lies
# in its `runtime_data`, and knows nothing of this.
DATA_SENDING: HassKey[dict[str, Sending]] = HassKey(f"{DOMAIN}_sending")


def signal_sending(entry_id: str) -> SignalType[()]:
    """Return the signal for when whether, or to whom, an account can send may have changed."""
    return SignalType(f"{DOMAIN}_sending_{entry_id}")


def keys_of(entry: IntelliSMSConfigEntry) -> Keys | None:
    """Return the keys that a person entered, None if there are none."""
    if not entry.data.get(CONF_ACCESS_KEY) or not entry.data.get(CONF_SECRET_KEY):
        return None
    return Keys(access_key=entry.data[CONF_ACCESS_KEY], secret_key=entry.data[CONF_SECRET_KEY])


@callback
def find_sending(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> Sending | None:
    """Return what an account sends by, None where it has no keys or is not loaded."""
    return hass.data.get(DATA_SENDING, {}).get(entry.entry_id)


@callback
def sending_of(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> Sending:
    """Return what an account sends by; ServiceValidationError where it has no keys."""
    if (sending := find_sending(hass, entry)) is None:
        raise refused(translation_key="no_keys")
    return sending


@callback
def entry_of(hass: HomeAssistant) -> IntelliSMSConfigEntry:
    """Return the account, of which there is one; ServiceValidationError where it is not loaded."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        return entry
    raise refused(translation_key="not_loaded")


@callback
def async_apply_keys(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    """Send by the keys as they are now, from the next message on; without keys, no more."""
    keys, present = keys_of(entry), find_sending(hass, entry)
    if keys is None:
        async_stop_sending(hass, entry)
        async_end_reauth(hass, entry)
    elif present is None:
        client = Client(keys)
        sender = Sender(hass, entry, client=client, directory=entry.runtime_data.directory)
        sending = Sending(
            client=client,
            sender=sender,
            balance=Balance(hass, entry, client),
            assist=Assist(hass, entry, sender),
        )
        hass.data.setdefault(DATA_SENDING, {})[entry.entry_id] = sending
        sending.balance.async_start()
        sending.assist.async_start()
    elif present.client.keys != keys:
        present.client.keys = keys
        present.balance.async_ask()
    async_dispatcher_send(hass, signal_sending(entry.entry_id))


@callback
def async_stop_sending(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    """Send no more; what has begun is finished, or core's to end with the entry."""
    if sending := hass.data.get(DATA_SENDING, {}).pop(entry.entry_id, None):
        sending.sender.async_stop()
        sending.balance.async_stop()
        sending.assist.async_stop()
