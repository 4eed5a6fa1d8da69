"""Adding and editing a contact."""

from typing import Any

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import CONF_NUMBERS, CONF_PERSON
from ..typed_numbers import Certainty, NumberKind, NumberProblem, TypedNumber
from .form import NAME_SELECTOR, Entered, Form, FormError, FormFlow, check_filled_in
from .subentries import contact_subentry

_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): NAME_SELECTOR,
        vol.Required(CONF_NUMBERS): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, multiple=True, autocomplete="off")
        ),
        vol.Optional(CONF_PERSON): EntitySelector(EntitySelectorConfig(domain="person")),
    }
)


class ContactFlow(FormFlow):
    """Add or edit a known person."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new contact's name, numbers and person."""
        form = Form(step_id="user", schema=_SCHEMA, placeholders={"number": ""})
        return await self._ask(form, user_input, self._take)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a contact; device and history stay."""
        contact = self._get_reconfigure_subentry()
        person = self._person(contact.data[CONF_PERSON])
        form = Form(
            step_id="reconfigure",
            schema=_SCHEMA,
            suggested={
                CONF_NAME: contact.title,
                CONF_NUMBERS: list(contact.data[CONF_NUMBERS]),
                CONF_PERSON: person.entity_id if person else None,
            },
            placeholders={"number": ""},
        )
        return await self._ask(form, user_input, self._take)

    async def _take(self, entered: Entered) -> SubentryFlowResult:
        """Save the contact that was entered; numbers that are not certain come back first."""
        check_filled_in(entered, {CONF_NAME: "name_missing"})
        edited = self._edited
        kept = edited.data[CONF_NUMBERS] if edited else ()
        certain = True
        written: dict[str, str] = {}
        for typed in filter(str.strip, entered[CONF_NUMBERS]):
            # A number that the contact already has is not judged again: it may have come from a
            # message, in a form that nobody would be allowed to type.
            if typed in kept:
                written[typed] = typed
                continue
            number = await self._number(typed)
            certain = certain and number.certainty is Certainty.CERTAIN
            written[number.number] = number.written
        if not written:
            raise FormError({CONF_NUMBERS: "number_missing"})
        if not certain:
            raise FormError(
                {CONF_NUMBERS: "check_numbers"},
                suggested={**entered, CONF_NUMBERS: list(written.values())},
            )
        person = self._person(entered.get(CONF_PERSON))
        return self._save(
            contact_subentry(written, entered[CONF_NAME], person=person.id if person else None)
        )

    async def _number(self, typed: str) -> TypedNumber:
        """Return what was typed, understood; FormError where no contact can have it or one has."""
        number = await self._understand(CONF_NUMBERS, typed)
        placeholders = {"number": typed}
        if number.kind is NumberKind.NAME and number.certainty is Certainty.DOUBTFUL:
            raise FormError({CONF_NUMBERS: NumberProblem.INVALID}, placeholders=placeholders)
        if self._is_taken(number.number):
            raise FormError({CONF_NUMBERS: "number_taken"}, placeholders=placeholders)
        return number

    def _person(self, any_id: str | None) -> er.RegistryEntry | None:
        """Return a `person` entity, None if it is gone.

        `any_id` is the registry id, which is kept as it outlives a rename, or the entity id,
        which the selector gives.
        """
        return er.async_get(self.hass).async_get(any_id) if any_id else None
