"""The repair issue that tells of contacts whom Assist answers no more, as whoever it needs is gone."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import CoreState, HomeAssistant, callback, split_entity_id
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.start import async_at_started

from .const import DOMAIN, Issue
from .faults import guarded
from .quoted import quoted
from .raised_issues import Issues
from .receiving.data import IntelliSMSConfigEntry
from .receiving.directory import Contact
from .sending.account import keys_of, signal_sending
from .sending.assist_choice import AssistChoice, async_user_of, has_agent

CHECK_INTERVAL: Final = timedelta(hours=1)


class AssistIssue:
    """Raises the issue for each such contact, and clears it when it is right again."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._issues = Issues(hass, entry)
        self._looking: asyncio.Task[None] | None = None

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded, and look once Home Assistant has started."""
        hass, changed = self._hass, signal_sending(self._entry.entry_id)
        for unsubscribe in (
            async_at_started(hass, self._async_look),
            # Contacts and keys are told of at once, agents that go too; persons and users are not.
            async_dispatcher_connect(hass, changed, guarded(self._async_look)),
            hass.bus.async_listen(
                er.EVENT_ENTITY_REGISTRY_UPDATED, self._async_look, _is_of_an_agent
            ),
            async_track_time_interval(hass, self._async_look, CHECK_INTERVAL),
        ):
            self._entry.async_on_unload(unsubscribe)

    @callback
    def _async_look(self, _event: Any = None) -> None:
        """Look anew, in the place of a look that is under way."""
        # Agents that are not loaded yet may be known to nobody.
        if self._hass.state is not CoreState.running:
            return
        if self._looking:
            self._looking.cancel()
        self._looking = self._entry.async_create_background_task(
            self._hass, self._look(), f"{DOMAIN} looks for agents"
        )

    async def _look(self) -> None:
        """Tell of each contact for whom Assist was chosen, and cannot be."""
        gone = {
            self._issues.id(Issue.ASSIST_GONE, contact.subentry_id): contact
            for contact in list(self._entry.runtime_data.directory)
            if isinstance(contact, Contact) and await self._is_gone(contact)
        }
        for issue in self._issues.raised(Issue.ASSIST_GONE):
            if issue.issue_id not in gone:
                ir.async_delete_issue(self._hass, DOMAIN, issue.issue_id)
        for contact in gone.values():
            self._issues.create(
                Issue.ASSIST_GONE,
                contact.subentry_id,
                placeholders={"contact": f"`{quoted(contact.name)}`"},
            )

    async def _is_gone(self, contact: Contact) -> bool:
        """Tell whether a contact's agent, or the user as whom it acts, is gone."""
        subentry = self._entry.subentries.get(contact.subentry_id)
        choice = AssistChoice.of(subentry.data) if subentry else None
        if choice is None or keys_of(self._entry) is None:
            return False
        if not has_agent(self._hass, choice.agent_id):
            return True
        return choice.as_person and await async_user_of(self._hass, contact.person) is None


@callback
def _is_of_an_agent(event_data: Mapping[str, Any]) -> bool:
    return split_entity_id(event_data["entity_id"])[0] == "conversation"
