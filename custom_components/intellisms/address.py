"""The address to paste into the provider's account."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.util.network import is_ip_address, is_local
from yarl import URL

from .endpoint import URL_PATH


class AddressProblem(StrEnum):
    """Why the provider may not reach the address; each is a translated error."""

    NO_URL = "no_url"
    PRIVATE = "private_url"
    PLAIN_HTTP = "plain_http"


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """An address and what speaks against it, if anything. `url` is a secret."""

    url: str = field(repr=False)
    problem: AddressProblem | None = None


def own_address(hass: HomeAssistant, entry: ConfigEntry) -> Address:
    """Return our own door on the external URL, else on the Cloud remote URL."""
    path = URL_PATH.format(webhook_id=entry.data[CONF_WEBHOOK_ID])
    try:
        base = get_url(hass, allow_internal=False, prefer_cloud=False)
    except NoURLAvailableError:
        return Address(url=f"https://…{path}", problem=AddressProblem.NO_URL)
    return Address(url=f"{base}{path}", problem=_problem(URL(base)))


def _problem(base: URL) -> AddressProblem | None:
    host = base.host or ""
    if host.endswith((".local", ".lan", ".home.arpa", ".internal")) or host == "localhost":
        return AddressProblem.PRIVATE
    if is_ip_address(host) and is_local(ip_address(host)):
        return AddressProblem.PRIVATE
    if base.scheme != "https":
        return AddressProblem.PLAIN_HTTP
    return None
