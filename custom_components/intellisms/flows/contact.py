"""Adding and editing a contact."""

from typing import Any

from homeassistant.config_entries import ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
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

from ..const import CONF_NUMBERS, CONF_PERSON, SUBENTRY_CONTACT
from ..typed_numbers import Certainty, NumberKind, NumberProblem, TypedNumberError, typed_number

CONTACT_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(TextSelectorConfig(autocomplete="off")),
        vol.Required(CONF_NUMBERS): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, multiple=True, autocomplete="off")
        ),
        vol.Optional(CONF_PERSON): EntitySelector(EntitySelectorConfig(domain="person")),
    }
)


class ContactFlow(ConfigSubentryFlow):
    """Add or edit a known person."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Take a new contact."""
        errors: dict[str, str] = {}
        placeholders = {"number": ""}
        if user_input and (data := await self._read(user_input, errors, placeholders)):
            return self.async_create_entry(title=user_input[CONF_NAME].strip(), data=data)
        return self._show("user", user_input, errors, placeholders)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a contact; device and history stay."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        placeholders = {"number": ""}
        if user_input is None:
            user_input = {
                CONF_NAME: subentry.title,
                CONF_NUMBERS: list(subentry.data[CONF_NUMBERS]),
                CONF_PERSON: self._person_entity(subentry.data[CONF_PERSON]),
            }
        elif data := await self._read(user_input, errors, placeholders, subentry):
            return self.async_update_and_abort(
                self._get_entry(), subentry, title=user_input[CONF_NAME].strip(), data=data
            )
        return self._show("reconfigure", user_input, errors, placeholders)

    async def _read(
        self,
        user_input: dict[str, Any],
        errors: dict[str, str],
        placeholders: dict[str, str],
        edited: ConfigSubentry | None = None,
    ) -> dict[str, Any] | None:
        """Return a contact's data, else fill in errors; a guess comes back to be checked.

        What is left as it was is not judged: it was caught from a message.
        """
        if not user_input[CONF_NAME].strip():
            errors[CONF_NAME] = "name_missing"
            return None
        understood: list[str] = []
        written: list[str] = []
        for typed in filter(str.strip, user_input[CONF_NUMBERS]):
            if edited and typed in edited.data[CONF_NUMBERS]:
                understood.append(typed)
                written.append(typed)
                continue
            placeholders["number"] = typed
            try:
                number = await typed_number(self.hass, typed)
            except TypedNumberError as err:
                errors[CONF_NUMBERS] = err.problem
                return None
            if number.kind is NumberKind.NAME and number.certainty is Certainty.DOUBTFUL:
                errors[CONF_NUMBERS] = NumberProblem.INVALID
                return None
            if self._is_taken(number.number, edited):
                errors[CONF_NUMBERS] = "number_taken"
                return None
            if number.certainty is not Certainty.CERTAIN:
                errors[CONF_NUMBERS] = "check_numbers"
            understood.append(number.number)
            written.append(number.written)
        if not understood:
            errors[CONF_NUMBERS] = "number_missing"
        if errors:
            user_input[CONF_NUMBERS] = written
            return None
        return {
            CONF_NUMBERS: list(dict.fromkeys(understood)),
            CONF_PERSON: self._person_id(user_input.get(CONF_PERSON)),
        }

    def _is_taken(self, number: str, edited: ConfigSubentry | None) -> bool:
        """Tell whether another contact has a number; core checks unique ids, of which we have none."""
        return any(
            number in subentry.data[CONF_NUMBERS]
            for subentry in self._get_entry().subentries.values()
            if subentry.subentry_type == SUBENTRY_CONTACT and subentry is not edited
        )

    def _person_id(self, entity_id: str | None) -> str | None:
        person = er.async_get(self.hass).async_get(entity_id) if entity_id else None
        return person.id if person else None

    def _person_entity(self, registry_id: str | None) -> str | None:
        if registry_id is None:
            return None
        person = er.async_get(self.hass).entities.get_entry(registry_id)
        return person.entity_id if person else None

    def _show(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        errors: dict[str, str],
        placeholders: dict[str, str],
    ) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(CONTACT_SCHEMA, user_input),
            errors=errors,
            description_placeholders=placeholders,
        )
