"""The proxy between us and Slack: the one that is set for it, or the one that the environment names for all programs.

Slack's own libraries read `HTTPS_PROXY` by themselves and know no `NO_PROXY`: they are told which one to take.
"""

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import structlog

from bot.settings import Settings, is_proxy

_log = structlog.get_logger(__name__)


def find_slack_proxy(settings: Settings) -> str | None:
    """The proxy by which Slack is reached; None: directly. What the environment names is never for this machine."""
    if settings.slack_proxy is not None:
        return settings.slack_proxy.get_secret_value()
    where = urlsplit(settings.slack_api_url)
    host = where.hostname or ""
    proxies: dict[str, str] = getproxies_environment()
    proxy = proxies.get(where.scheme) or proxies.get("all")
    if not proxy or is_this_machine(host) or proxy_bypass_environment(host, proxies):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if not is_proxy(proxy):
        _log.warning("proxy_not_understood", hint="Set KEYDESK_SLACK_PROXY to an address like http://proxy:3128.")
        return None
    return proxy


def is_this_machine(host: str) -> bool:
    """Whether a host is the machine that asks: no proxy elsewhere would find it."""
    try:
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_unspecified
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
