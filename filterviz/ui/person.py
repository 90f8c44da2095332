"""Who a visitor is, so that a share of the machine belongs to a person and not to a tab.

Whoever is signed in, with Streamlit or with a proxy (``server.trustedUserHeaders``), is known by their account.
Otherwise, behind a proxy that the settings trust, a person is the address that the proxy names; else a browser, which
is given a random cookie for as long as it is open. Only a hash of any of these is used.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Iterable, Sequence
from http.cookies import CookieError, SimpleCookie

import streamlit as st

COOKIE = "filterviz-browser"
"""The cookie of a browser: 32 random hexadecimal digits."""

HEADER = "x-filterviz-person"
"""The header in which :class:`filterviz.ui.web.Guard` tells the page who a visitor is. A visitor's own is dropped."""

ACCOUNT = ("sub", "email", "user", "name")
"""What is taken for the name of an account, of what Streamlit knows of whoever is signed in: the first there is."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(names: Iterable[str]) -> tuple[Network, ...]:
    """The networks of the proxies that are trusted.

    Args:
        names: Addresses and networks, such as ``10.0.0.0/8``.

    Raises:
        ValueError: One of them is neither; the sentence names it.
    """
    found = []
    for name in names:
        try:
            found.append(ipaddress.ip_network(name, strict=False))
        except ValueError:
            message = f"FILTERVIZ_TRUSTED_PROXIES names {name!r}, which is neither an address nor a network."
            raise ValueError(message) from None
    return tuple(found)


def from_request(peer: str, forwarded: Sequence[str], cookies: Sequence[str], proxies: Iterable[Network]) -> str:
    """Who has sent a request.

    Args:
        peer: The address that it came from.
        forwarded: Its ``X-Forwarded-For`` headers: each proxy adds the address it was asked from at the end.
        cookies: Its ``Cookie`` headers.
        proxies: The networks of the proxies that are trusted.

    Returns:
        32 hexadecimal digits; empty where a browser has no cookie yet.
    """
    trusted = tuple(proxies)
    if _is_in(peer, trusted):
        # What stands before the last address that no trusted proxy has, the visitor may have made up.
        addresses = [part.strip() for part in ",".join(forwarded).split(",") if part.strip()]
        visitor = next((address for address in reversed(addresses) if not _is_in(address, trusted)), "")
        if visitor:
            return _hashed("address", visitor)
    cookie = cookie_of(cookies)
    return _hashed("browser", cookie) if cookie else ""


def cookie_of(cookies: Iterable[str]) -> str:
    """The value of the browser's cookie; empty where there is none of the right form."""
    for header in cookies:
        parsed: SimpleCookie = SimpleCookie()
        try:
            parsed.load(header)
        except CookieError:
            continue
        if COOKIE in parsed and re.fullmatch("[0-9a-f]{32}", parsed[COOKIE].value):
            return parsed[COOKIE].value
    return ""


def new_cookie(*, secure: bool) -> str:
    """A ``Set-Cookie`` header for a browser that has none.

    It ends with the browser; scripts cannot read it, and other sites cannot have it sent in the background.

    Args:
        secure: Whether it may only be sent encrypted.
    """
    return f"{COOKIE}={secrets.token_hex(16)}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"


def current() -> str:
    """Who looks at the page that is being drawn: 32 hexadecimal digits; empty where nobody can tell."""
    account = dict(st.user)
    if account.get("is_logged_in") or st.get_option("server.trustedUserHeaders"):
        for name in ACCOUNT:
            if account.get(name):
                return _hashed(name, str(account[name]))
    given = st.context.headers.get(HEADER) or ""
    return given if re.fullmatch("[0-9a-f]{32}", given) else ""


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def _hashed(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind} {value}".encode()).hexdigest()[:32]
