"""Who somebody is: nobody gets a second share by opening a second page, or takes another's by saying so."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from filterviz.storage.incoming import Incoming
from filterviz.ui import person, web
from filterviz.ui.intake import Message, Receive

PROXIES = person.networks(["10.0.0.0/8", "127.0.0.1", "fd00::/8"])
ONE, TWO = (f"{person.COOKIE}={digit * 32}" for digit in "1a")


def test_a_browser_is_one_person_whatever_its_address() -> None:
    one = person.from_request("8.8.8.8", [], [f"theme=dark; {ONE}"], PROXIES)
    assert re.fullmatch("[0-9a-f]{32}", one)
    assert person.from_request("9.9.9.9", [], [ONE], PROXIES) == one
    assert person.from_request("8.8.8.8", [], [TWO], PROXIES) != one
    assert person.from_request("8.8.8.8", [], [], PROXIES) == ""


def test_behind_a_trusted_proxy_an_address_is_one_person() -> None:
    one = person.from_request("10.1.2.3", ["8.8.8.8"], [ONE], PROXIES)
    assert person.from_request("fd00::1", ["8.8.8.8, 10.9.9.9"], [TWO], PROXIES) == one
    assert person.from_request("10.1.2.3", ["8.8.4.4"], [ONE], PROXIES) != one
    assert one != person.from_request("8.8.8.8", [], [ONE], PROXIES)


def test_nobody_chooses_their_address() -> None:
    """What a visitor writes into the header stands before what the proxies add."""
    real = person.from_request("10.1.2.3", ["8.8.8.8"], [], PROXIES)
    assert person.from_request("10.1.2.3", ["1.1.1.1, 8.8.8.8"], [], PROXIES) == real
    assert person.from_request("10.1.2.3", ["1.1.1.1", "8.8.8.8, 10.0.0.9"], [], PROXIES) == real
    assert person.from_request("8.8.8.8", ["1.1.1.1"], [ONE], PROXIES) == person.from_request("", [], [ONE], ())


@given(st.text(), st.lists(st.text()), st.lists(st.text()))
def test_no_header_is_an_error(peer: str, forwarded: list[str], cookies: list[str]) -> None:
    found = person.from_request(peer, forwarded, cookies, PROXIES)
    assert re.fullmatch("([0-9a-f]{32})?", found)
    assert person.from_request("10.0.0.1", forwarded, cookies, PROXIES) is not None


@pytest.mark.parametrize("value", ["", "x" * 32, "1" * 31, "1" * 33, '"1"', "1" * 4096])
def test_a_cookie_of_another_form_is_none(value: str) -> None:
    assert person.cookie_of([f"{person.COOKIE}={value}"]) == ""


def test_a_new_cookie_is_read_again_and_no_script_reads_it() -> None:
    given_cookie = person.new_cookie(secure=False)
    assert person.cookie_of([given_cookie.partition(";")[0]])
    assert given_cookie != person.new_cookie(secure=False)
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(given_cookie.split("; "))
    assert "Secure" in person.new_cookie(secure=True)


def test_a_wrong_network_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"names 'proxy\.example', which is neither an address nor a network"):
        person.networks(["10.0.0.1", "proxy.example"])


def through(headers: list[tuple[bytes, bytes]], client: tuple[str, int], *, page: bool = True) -> tuple[str, list[str]]:
    """The name that the application inside the guard is told, and the cookies that the browser gets."""
    told: list[str] = []
    said: list[Message] = []

    async def inside(scope: Message, _receive: Receive, send: web.Send) -> None:
        told.extend(value.decode() for name, value in scope["headers"] if name == person.HEADER.encode())
        kind = b"text/html; charset=utf-8" if page else b"application/json"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    async def send(message: Message) -> None:
        said.append(message)

    guard = web.Guard(inside, (), PROXIES, Incoming(Path("nowhere"), 10**6, 10**7))
    scope = {"type": "http", "scheme": "http", "method": "GET", "path": "/", "client": client}
    asyncio.run(guard({**scope, "headers": [(b"host", b"localhost"), *headers]}, receive, send))
    (name,) = told
    return name, [value.decode() for header, value in said[0]["headers"] if header == b"set-cookie"]


def test_the_guard_introduces_a_visitor() -> None:
    name, cookies = through([], ("8.8.8.8", 5000))
    assert name == ""
    (cookie,) = cookies
    again = [(b"cookie", cookie.partition(";")[0].encode())]
    assert through(again, ("8.8.8.8", 5000)) == (person.from_request("", [], [cookie.partition(";")[0]], ()), [])
    assert through([], ("8.8.8.8", 5000), page=False)[1] == [], "only with a page"


def test_nobody_introduces_themselves() -> None:
    forged = [(person.HEADER.encode(), b"f" * 32), (b"cookie", ONE.encode())]
    assert through(forged, ("8.8.8.8", 5000))[0] == person.from_request("", [], [ONE], ())


def test_what_uvicorn_makes_of_an_address_is_taken_back() -> None:
    """It believes headers of whoever asks from this machine, and then gives the port as 0."""
    forwarded = [(b"x-forwarded-for", b"1.1.1.1, 8.8.8.8"), (b"cookie", ONE.encode())]
    assert through(forwarded, ("8.8.8.8", 0))[0] == person.from_request("10.0.0.1", ["8.8.8.8"], [], PROXIES)


APP = """
import streamlit as st
from filterviz.ui import person
st.text(person.current())
"""


def test_on_a_page_without_a_guard_nobody_can_tell() -> None:
    page = AppTest.from_string(APP).run()
    assert not page.exception
    assert page.text[0].value == ""


def test_whoever_is_signed_in_is_known_by_their_account() -> None:
    found = []
    for user in (
        {"is_logged_in": True, "sub": "ada", "email": "one@example.org"},
        {"is_logged_in": True, "sub": "ada", "email": "another@example.org"},
        {"is_logged_in": True, "email": "ada"},
        {"is_logged_in": False, "sub": "ada"},
        {"is_logged_in": True},
    ):
        page = AppTest.from_string(APP)
        page.user = user
        page.run()
        assert not page.exception
        found.append(page.text[0].value)
    assert found[0] == found[1] != found[2] != ""
    assert found[3:] == ["", ""]
