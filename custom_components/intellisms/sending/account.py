"""What an account with keys sends by; one without keys only receives."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from ..receiving.data import IntelliSMSConfigEntry
from .client import Client
from .data import Keys
from .sender import Sender


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """The parts that an account sends by, with the keys it has now."""

    keys: Keys
    client: Client
    sender: Sender


# This holds what loaded entries with keys send by, by entry id. What an entry receives by lies
# in its `runtime_data`, and knows nothing of this.
DATA_SENDING: HassKey[dict[str, Sending]] = HassKey(f"{DOMAIN}_sending")


def keys_of(entry: IntelliSMSConfigEntry) -> Keys | None:
    """Return the keys that a person entered, None if there are none."""
    if not entry.data.get(CONF_ACCESS_KEY) or not entry.data.get(CONF_SECRET_KEY):
        return None
    return Keys(access_key=entry.data[CONF_ACCESS_KEY], secret_key=entry.data[CONF_SECRET_KEY])


@callback
def sending_of(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> Sending:
    """Return what an account sends by; ServiceValidationError where it has no keys."""
    if (sending := hass.data.get(DATA_SENDING, {}).get(entry.entry_id)) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_keys")
    return sending


@callback
def async_apply_keys(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    """Send by the keys as they are now, from the next message on; without keys, no more."""
    everyone = hass.data.setdefault(DATA_SENDING, {})
    keys, present = keys_of(entry), everyone.get(entry.entry_id)
    if keys == (present.keys if present else None):
        return
    if keys is None:
        async_stop_sending(hass, entry)
        return
    client = Client(keys)
    sender = Sender(hass, entry, client=client, directory=entry.runtime_data.directory)
    everyone[entry.entry_id] = Sending(keys=keys, client=client, sender=sender)


@callback
def async_stop_sending(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    """Send no more; what is under way is core's to end, with the entry."""
    hass.data.get(DATA_SENDING, {}).pop(entry.entry_id, None)
