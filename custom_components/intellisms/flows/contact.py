"""Adding and editing a contact."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    ConversationAgentSelector,
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import (
    CONF_AGENT,
    CONF_AS_PERSON,
    CONF_ASSIST,
    CONF_NUMBERS,
    CONF_OWN_SENTENCES,
    CONF_PERSON,
    CONF_SMS,
    SUBENTRY_VIRTUAL_NUMBER,
)
from ..matching import is_blank
from ..protocol import sender_key
from ..sending.account import keys_of
from ..sending.agents import is_ready
from ..sending.assist_choice import AssistChoice, async_user_of
from ..typed_numbers import Certainty, TypedNumber
from .form import NAME_SELECTOR, Entered, Form, FormError, FormFlow, check_filled_in
from .strangers import Senders, new_ids, recent_strangers
from .subentries import contact_subentry, is_name_taken, is_taken

CONF_RECENT = "recent"

_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): NAME_SELECTOR,
        # It may be left empty where a recent sender is picked.
        vol.Optional(CONF_NUMBERS): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, multiple=True, autocomplete="off")
        ),
    }
)
_PERSON_SCHEMA = {vol.Optional(CONF_PERSON): EntitySelector(EntitySelectorConfig(domain="person"))}
_ASSIST_SCHEMA = {
    vol.Optional(CONF_ASSIST): section(
        vol.Schema(
            {
                vol.Optional(CONF_AGENT): ConversationAgentSelector(),
                vol.Optional(CONF_OWN_SENTENCES, default=False): BooleanSelector(),
                vol.Optional(CONF_SMS, default=False): BooleanSelector(),
                vol.Optional(CONF_AS_PERSON, default=False): BooleanSelector(),
            }
        ),
        {"collapsed": True},
    )
}
# Without a row there is nothing to type into, only a button that adds one.
_EMPTY_ROW = [""]


class ContactFlow(FormFlow):
    """Add or edit a known person."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new contact's name, numbers and person."""
        form = self._form(step_id="user", suggested={CONF_NUMBERS: _EMPTY_ROW})
        return await self._ask(form, user_input, self._take)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a contact; device and history stay."""
        contact = self._get_reconfigure_subentry()
        person = self._person(contact.data[CONF_PERSON])
        ids = new_ids(self._get_entry(), contact)
        form = self._form(
            step_id="reconfigure",
            suggested={
                CONF_NAME: contact.title,
                CONF_NUMBERS: list(contact.data[CONF_NUMBERS]),
                CONF_RECENT: list(ids),
                CONF_PERSON: person.entity_id if person else None,
                CONF_ASSIST: contact.data.get(CONF_ASSIST, {}),
            },
            theirs=ids,
        )
        return await self._ask(form, user_input, self._take)

    def _form(self, *, step_id: str, suggested: Entered, theirs: Senders | None = None) -> Form:
        """Return the form, with whom to pick from: ids that are `theirs`, and who wrote lately."""
        schema = _SCHEMA
        if senders := {**(theirs or {}), **recent_strangers(self._get_entry())}:
            options = [SelectOptionDict(value=who, label=label) for who, label in senders.items()]
            picker = SelectSelector(SelectSelectorConfig(options=options, multiple=True))
            schema = schema.extend({vol.Optional(CONF_RECENT): picker})
        schema = schema.extend(_PERSON_SCHEMA)
        if self._has_assist():
            schema = schema.extend(_ASSIST_SCHEMA)
        return Form(
            step_id=step_id,
            schema=schema,
            suggested=suggested,
            placeholders={"number": ""},
        )

    async def _take(self, entered: Entered) -> SubentryFlowResult:
        """Save the contact that was entered; numbers that are not certain come back first."""
        check_filled_in(entered, {CONF_NAME: "name_missing"})
        name = entered[CONF_NAME]
        if is_name_taken(self._get_entry(), self._subentry_type, name, edited=self._edited):
            raise FormError({CONF_NAME: "name_taken"})
        numbers = await self._numbers(entered)
        person = self._person(entered.get(CONF_PERSON))
        assist = await self._assist(entered, person)
        return self._save(
            contact_subentry(numbers, name, person=person.id if person else None, assist=assist)
        )

    def _has_assist(self) -> bool:
        """Tell whether there can be agents, and keys without which none can answer."""
        return keys_of(self._get_entry()) is not None and is_ready(self.hass)

    async def _assist(
        self, entered: Entered, person: er.RegistryEntry | None
    ) -> Mapping[str, Any] | None:
        """Return what was chosen of Assist, None for off; FormError where nobody can be acted as."""
        if not self._has_assist():
            return self._edited.data.get(CONF_ASSIST) if self._edited else None
        choice = AssistChoice.of(entered)
        if choice is None:
            return None
        if choice.as_person and not (person and await async_user_of(self.hass, person.id)):
            raise FormError({"base": "assist_without_user"})
        return dict(entered[CONF_ASSIST])

    async def _numbers(self, entered: Entered) -> Iterable[str]:
        """Return the numbers that were entered or picked; FormError where one is to be mended."""
        kept = self._edited.data[CONF_NUMBERS] if self._edited else ()
        # A number that the contact already has is not judged again, nor is one that was picked:
        # it came from a message, in a form that nobody may be able to type.
        typed = [row for row in entered.get(CONF_NUMBERS, ()) if not is_blank(row)]
        known = {row: TypedNumber(number=row, written=row) for row in typed if row in kept}
        understood = {row: known.get(row) or await self._number(row) for row in typed}
        picked = entered.get(CONF_RECENT, ())
        for sender in picked:
            self._check_free(sender, typed=sender)
        if not typed and not picked:
            raise FormError(
                {CONF_NUMBERS: "number_missing"}, suggested={**entered, CONF_NUMBERS: _EMPTY_ROW}
            )
        guesses = {
            (row, number.number)
            for row, number in understood.items()
            if number.certainty is not Certainty.CERTAIN
        }
        if guesses:
            self._asked |= guesses
            written = {number.number: number.written for number in understood.values()}
            raise FormError(
                {CONF_NUMBERS: "check_numbers"},
                suggested={**entered, CONF_NUMBERS: list(written.values())},
            )
        # Of two spellings of one line, the first stands.
        numbers: dict[str, str] = {}
        for number in (*(number.number for number in understood.values()), *picked):
            numbers.setdefault(sender_key(number), number)
        return numbers.values()

    async def _number(self, typed: str) -> TypedNumber:
        """Return what was typed, understood; FormError where no contact can have it or one has."""
        number = await self._understand(CONF_NUMBERS, typed)
        self._check_free(number.number, typed=typed)
        return number

    def _check_free(self, number: str, *, typed: str) -> None:
        """Raise FormError where a number is another contact's, or a virtual number of ours."""
        error = None
        if self._is_taken(number):
            error = "number_taken"
        elif is_taken(self._get_entry(), SUBENTRY_VIRTUAL_NUMBER, number):
            error = "own_number"
        if error:
            raise FormError({CONF_NUMBERS: error}, placeholders={"number": typed})

    def _person(self, any_id: str | None) -> er.RegistryEntry | None:
        """Return a `person` entity, None if it is gone.

        `any_id` is the registry id, which is kept as it outlives a rename, or the entity id,
        which the selector gives.
        """
        return er.async_get(self.hass).async_get(any_id) if any_id else None
