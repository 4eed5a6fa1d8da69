"""What a person has chosen of Assist for a contact, as the contact's subentry has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..const import CONF_AGENT, CONF_AS_PERSON, CONF_ASSIST, CONF_OWN_SENTENCES, CONF_SMS
from ..protocol import ChannelName

# The attribute of a `person`, in 2026.7.0 and 2026.11.0. Importing `person` would load it.
_ATTR_USER_ID = "user_id"


@dataclass(frozen=True, kw_only=True, slots=True)
class AssistChoice:
    """Who answers a contact, by which channels and as whom.

    `agent_id` is a conversation agent's entity id, or the id of its config entry. What is missing
    or not a plain truth is not chosen.
    """

    agent_id: str
    sms: bool = False
    as_person: bool = False
    own_sentences: bool = False

    @classmethod
    def of(cls, contact: Mapping[str, Any]) -> Self | None:
        """Read a contact's data; None where Assist is off."""
        chosen = contact.get(CONF_ASSIST) or {}
        if not (agent_id := chosen.get(CONF_AGENT)):
            return None
        return cls(
            agent_id=agent_id,
            sms=chosen.get(CONF_SMS) is True,
            as_person=chosen.get(CONF_AS_PERSON) is True,
            own_sentences=chosen.get(CONF_OWN_SENTENCES) is True,
        )

    def by(self, channel: str | None) -> bool:
        """Tell whether what comes by a channel is answered."""
        return channel == ChannelName.WHATSAPP or (self.sms and channel == ChannelName.SMS)


@callback
def has_agent(hass: HomeAssistant, agent_id: str) -> bool:
    """Tell whether there is an agent, also where it is not loaded right now."""
    if "." not in agent_id:
        return hass.config_entries.async_get_entry(agent_id) is not None
    if registered := er.async_get(hass).async_get(agent_id):
        return not registered.disabled
    return hass.states.get(agent_id) is not None


async def async_user_of(hass: HomeAssistant, person: str | None) -> User | None:
    """Return the active user of a `person`, which is given by its registry id or entity id."""
    known = er.async_get(hass).async_get(person) if person else None
    state = hass.states.get(known.entity_id) if known else None
    if state is None or not (user_id := state.attributes.get(_ATTR_USER_ID)):
        return None
    user = await hass.auth.async_get_user(user_id)
    return user if user and user.is_active else None
