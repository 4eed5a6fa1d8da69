"""What an action refuses before anything goes out, told in the language of whoever called it."""

from homeassistant.auth.permissions.const import CAT_ENTITIES
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser

from ..const import DOMAIN


def refused(*, translation_key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error that says why; core logs it, so that it names no number and no name."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=translation_key,
        translation_placeholders=placeholders,
    )


async def check_rights(
    call: ServiceCall, policy: str, *entity_ids: str, strangers: bool = False
) -> None:
    """Refuse a user without a right to each of the entities, or, with strangers, who is no administrator.

    A call without a user is Home Assistant's own, of an automation for instance.
    """
    if (user_id := call.context.user_id) is None:
        return
    if (user := await call.hass.auth.async_get_user(user_id)) is None:
        raise UnknownUser(context=call.context, permission=policy)
    for entity_id in entity_ids:
        if not user.permissions.check_entity(entity_id, policy):
            raise Unauthorized(
                context=call.context,
                entity_id=entity_id,
                perm_category=CAT_ENTITIES,
                permission=policy,
            )
    if strangers and not user.is_admin:
        raise Unauthorized(context=call.context)
