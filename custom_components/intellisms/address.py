"""The addresses to paste into the provider's account. All of them are secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.util.network import is_ip_address
from yarl import URL

from .cloudhook import async_create_cloudhook, is_cloudhook_gone
from .const import CONF_CLOUDHOOK_URL, CONF_REACH, CONF_SHOWN_BASE, URL_PATH, Reach

# A name that ends in one of these is resolved in a home network only, so the provider cannot.
_PRIVATE_SUFFIXES = (
    ".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain", ".localhost",
    ".intranet", ".private", ".corp", ".fritz.box", ".speedport.ip",
)  # fmt: skip


class AddressProblem(StrEnum):
    """Why the provider may not reach an address; each is a translated error."""

    NO_URL = "no_url"
    PRIVATE = "private_url"
    PLAIN_HTTP = "plain_http"
    CLOUDHOOK_GONE = "cloudhook_gone"


# Nothing arrives at an address with one of these problems.
UNREACHABLE = (AddressProblem.NO_URL, AddressProblem.PRIVATE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """An address and what speaks against it, if anything; its URL is empty if there is none."""

    url: str = field(repr=False)
    problem: AddressProblem | None = None


def shown_address(hass: HomeAssistant, data: Mapping[str, Any]) -> Address:
    """Return the address that the person should paste.

    `data` is a config entry's data, which holds what an address is made of: the webhook id,
    the cloudhook's URL and which of the two is shown.
    """
    if data[CONF_REACH] == Reach.CLOUDHOOK:
        problem = None if _has_cloudhook(hass, data) else AddressProblem.CLOUDHOOK_GONE
        return Address(url=data[CONF_CLOUDHOOK_URL], problem=problem)
    return _own_address(hass, data)


def _own_address(hass: HomeAssistant, data: Mapping[str, Any]) -> Address:
    """Return the address of our own door."""
    if (base := base_url(hass)) is None:
        return Address(url="", problem=AddressProblem.NO_URL)
    return Address(url=f"{base}{_own_path(data)}", problem=_problem(URL(base)))


def address_id(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return what tells an address from others, also where Home Assistant does not know its URL."""
    return shown_address(hass, data).url or _own_path(data)


def is_direct_possible(hass: HomeAssistant, data: Mapping[str, Any]) -> bool:
    """Tell whether the provider can reach our own door, as far as Home Assistant knows."""
    return _own_address(hass, data).problem not in UNREACHABLE


def other_addresses(hass: HomeAssistant, data: Mapping[str, Any]) -> list[str]:
    """Return the other URLs that lead here: core's webhook, the Cloud's, the cloudhook."""
    shown = shown_address(hass, data).url
    bases = {base for base in (base_url(hass), base_url(hass, prefer_cloud=True)) if base}
    paths = (_own_path(data), webhook.async_generate_path(data[CONF_WEBHOOK_ID]))
    others = [f"{base}{path}" for base in sorted(bases) for path in paths]
    if _has_cloudhook(hass, data):
        others.append(data[CONF_CLOUDHOOK_URL])
    return [url for url in others if url != shown]


def base_url(hass: HomeAssistant, *, prefer_cloud: bool = False) -> str | None:
    """Return Home Assistant's URL on the internet without a slash at its end, None if it has none.

    With `prefer_cloud` it is the Cloud's remote URL where there is one.
    """
    try:
        return get_url(hass, allow_internal=False, allow_ip=True, prefer_cloud=prefer_cloud)
    except NoURLAvailableError:
        return None


def public_base_url(hass: HomeAssistant) -> str | None:
    """Return the first https URL of Home Assistant on the internet: its own, else the Cloud's; or None."""
    for prefer_cloud in (False, True):
        base = base_url(hass, prefer_cloud=prefer_cloud)
        if base is not None and _problem(URL(base)) is None:
            return base
    return None


@callback
def async_mark_shown(hass: HomeAssistant, entry: ConfigEntry) -> Address:
    """Return an entry's address, and keep Home Assistant's URL of now as its *shown base*.

    The shown base is the part of the address that we do not make ourselves, as it was when a
    person last saw the address. What was seen counts as pasted at the provider, so when
    `base_url` returns something else later, a repair shows the address anew.
    """
    return async_change_address(hass, entry, {})


@callback
def async_change_address(
    hass: HomeAssistant, entry: ConfigEntry, changes: Mapping[str, Any]
) -> Address:
    """Put `changes` into an entry's data; return the address as it is then, which counts as shown.

    The caller shows it: see `async_mark_shown`.
    """
    data = {**entry.data, **changes, CONF_SHOWN_BASE: base_url(hass)}
    hass.config_entries.async_update_entry(entry, data=data)
    return shown_address(hass, data)


async def async_use_cloudhook(hass: HomeAssistant, entry: ConfigEntry) -> Address | None:
    """Make a cloudhook an entry's address; return it, None (and no change) without a Cloud."""
    url = await async_create_cloudhook(hass, entry.data[CONF_WEBHOOK_ID])
    if url is None:
        return None
    changes = {CONF_CLOUDHOOK_URL: url, CONF_REACH: Reach.CLOUDHOOK.value}
    return async_change_address(hass, entry, changes)


def _has_cloudhook(hass: HomeAssistant, data: Mapping[str, Any]) -> bool:
    """Tell whether there is a cloudhook that leads here: not deleted, and its Cloud paid for."""
    url = data.get(CONF_CLOUDHOOK_URL)
    return url is not None and not is_cloudhook_gone(hass, data[CONF_WEBHOOK_ID], url)


def _own_path(data: Mapping[str, Any]) -> str:
    """Return the path of our own door, which begins with a slash."""
    return URL_PATH.format(webhook_id=data[CONF_WEBHOOK_ID])


def _problem(base: URL) -> AddressProblem | None:
    """Return why the provider may not reach a base URL, or should not; None if nothing is wrong.

    No name is resolved, as the provider's name server may answer otherwise than ours.
    """
    host = (base.host or "").rstrip(".")
    if is_ip_address(host):
        private = not ip_address(host).is_global
    else:
        private = "." not in host or host.endswith(_PRIVATE_SUFFIXES)
    if private:
        return AddressProblem.PRIVATE
    return AddressProblem.PLAIN_HTTP if base.scheme != "https" else None
