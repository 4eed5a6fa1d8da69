"""What the dialogs of virtual numbers and contacts share: forms that come back when wrong."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
import voluptuous as vol

from ..matching import is_blank
from ..typed_numbers import (
    Certainty,
    NumberProblem,
    TypedNumber,
    TypedNumberError,
    as_shown,
    typed_number,
)
from .subentries import is_taken

# Without this a browser would propose the name of the person who sits before it.
NAME_SELECTOR = TextSelector(TextSelectorConfig(autocomplete="off"))
# These are the values that a person entered, or finds entered, by the names of a form's fields.
type Entered = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A step's form, what it is filled in with at first, and what its texts have to say."""

    step_id: str
    schema: vol.Schema
    suggested: Entered | None = field(default=None, repr=False)
    placeholders: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(eq=False)
class FormError(Exception):
    """What was entered cannot be taken, so that the form comes back and says why.

    `errors` are keys of translated errors by field; `placeholders` are for their texts.
    `suggested` is what the form is filled in with, where that is not what was entered.
    """

    errors: dict[str, str]
    placeholders: Mapping[str, str] = field(default_factory=dict, kw_only=True, repr=False)
    suggested: Entered | None = field(default=None, kw_only=True, repr=False)


def check_filled_in(entered: Entered, errors: Mapping[str, str]) -> None:
    """Raise FormError where fields hold no words; `errors` says what each is told then."""
    empty = {key: error for key, error in errors.items() if is_blank(entered.get(key, ""))}
    if empty:
        raise FormError(empty)


class FormFlow(ConfigSubentryFlow):
    """Add or edit a subentry by forms."""

    # What was asked back, as it was typed, and what for: the number that was understood, or why
    # it is none. If the country changed meanwhile, it is another question.
    _asked: frozenset[tuple[str, str]] = frozenset()

    async def _ask(
        self,
        form: Form,
        entered: Entered | None,
        take: Callable[[Entered], Awaitable[SubentryFlowResult]],
    ) -> SubentryFlowResult:
        """Show a form, or `take` what was entered, and show it again where that raises FormError.

        `entered` is None when the form is shown at first.
        """
        suggested, errors, placeholders = form.suggested, {}, form.placeholders
        if entered is not None:
            try:
                return await take(entered)
            except FormError as err:
                suggested, errors = err.suggested or entered, err.errors
                placeholders = {**placeholders, **err.placeholders}
        return self.async_show_form(
            step_id=form.step_id,
            data_schema=self.add_suggested_values_to_schema(form.schema, suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    @property
    def _edited(self) -> ConfigSubentry | None:
        """Return the subentry that is edited, None where one is added."""
        return self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None

    async def _understand(self, field: str, typed: str) -> TypedNumber:
        """Return what was typed into a field, understood; FormError where a person has to look.

        What is unusual, or no number at all, comes back once. Entered again, it is certain, and
        taken as an event shows it.
        """
        try:
            number = await typed_number(self.hass, typed)
        except TypedNumberError as err:
            problem = err.problem
        else:
            if number.certainty is not Certainty.UNUSUAL:
                return self._as_asked(typed, number)
            problem = NumberProblem.INVALID
        shown = as_shown(typed)
        if (typed, problem) in self._asked:
            return TypedNumber(number=shown, written=shown)
        self._asked |= {(typed, problem)}
        raise FormError({field: problem}, placeholders={"number": typed})

    def _as_asked(self, typed: str, number: TypedNumber) -> TypedNumber:
        """Return a number that is certain if a person was asked before whether it is meant."""
        if (typed, number.number) in self._asked:
            return replace(number, certainty=Certainty.CERTAIN)
        return number

    def _is_taken(self, number: str) -> bool:
        """Tell whether another subentry of the kind that this flow makes has a number."""
        return is_taken(self._get_entry(), self._subentry_type, number, edited=self._edited)

    def _save(self, made: ConfigSubentry) -> SubentryFlowResult:
        """End with a new subentry, or with the edited one changed; its device and history stay."""
        fields: dict[str, Any] = {
            "title": made.title,
            "data": made.data,
            "unique_id": made.unique_id,
        }
        if edited := self._edited:
            return self.async_update_and_abort(self._get_entry(), edited, **fields)
        return self.async_create_entry(**fields)
