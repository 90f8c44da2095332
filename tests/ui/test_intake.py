"""A file is taken out of the request that brings it, byte for byte, and the application gets a receipt."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import UploadFile
from starlette.requests import Request

from filterviz.storage.incoming import Incoming
from filterviz.ui import web
from filterviz.ui.intake import Intake, Message, Receive, receipt_in

BOUNDARY = b"----WebKitFormBoundaryx7"
KIND = b"multipart/form-data; boundary=" + BOUNDARY


def form(*contents: bytes, name: str = "cats.h5", boundary: bytes = BOUNDARY) -> bytes:
    head = b'Content-Disposition: form-data; name="file"; filename="%b"\r\nContent-Type: a/b\r\n\r\n' % name.encode()
    parts = b"".join(b"--%b\r\n%b%b\r\n" % (boundary, head, content) for content in contents)
    return parts + b"--" + boundary + b"--\r\n"


def pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(body)) for cut in cuts})
    return [body[one:other] for one, other in zip([0, *places], [*places, len(body)], strict=True)]


def sending(parts: list[bytes], *, broken: bool = False) -> Receive:
    waiting = iter(parts)
    left = [len(parts)]

    async def receive() -> Message:
        left[0] -= 1
        body = next(waiting, None)
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": broken or left[0] > 0}

    return receive


@pytest.fixture
def files(tmp_path: Path) -> Incoming:
    return Incoming(tmp_path / "uploads", 10**6, 10**7)


def through(intake: Intake) -> list[tuple[str | None, bytes]]:
    """What the application finds in the request, read as Streamlit reads it."""

    async def read() -> list[tuple[str | None, bytes]]:
        scope = {"type": "http", "method": "PUT", "headers": [(b"content-type", KIND)]}
        async with Request(scope, intake.receive).form() as found:
            return [(item.filename, await item.read()) for item in found.values() if isinstance(item, UploadFile)]

    return asyncio.run(read())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=3000),
        st.lists(st.sampled_from([b"\r\n", b"--", BOUNDARY, b"\r\n--" + BOUNDARY[:-1], b"x"])).map(b"".join),
    ).filter(lambda content: b"\r\n--" + BOUNDARY not in b"\r\n" + content),
    cuts=st.lists(st.integers(0, 4000), max_size=20),
    name=st.text(st.characters(exclude_characters='"\\\r\n\0', exclude_categories=["Cs"]), min_size=1, max_size=80),
)
def test_a_file_arrives_whole_however_it_is_cut(files: Incoming, content: bytes, cuts: list[int], name: str) -> None:
    ((called, told),) = through(Intake(sending(pieces(form(content, name=name), cuts)), KIND.decode(), "s", files))
    taken = files.take(receipt_in(told))
    assert taken is not None
    assert (taken.path.read_bytes(), taken.session, called) == (content, "s", name)
    taken.path.unlink()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (KIND.decode(), b""),
        (KIND.decode(), b"PK\x03\x04 not a form"),
        (KIND.decode(), form()),
        (KIND.decode(), form(b"one", b"two")),
        (KIND.decode(), form(b"one", boundary=b"another")),
        (KIND.decode(), form(b"cut off")[:-40]),
        (KIND.decode(), form(bytes(10**6 + 1))),
        (KIND.decode(), b"--" + BOUNDARY + b"\r\n" + b"X: y\r\n" * 100 + b"\r\ndata\r\n--" + BOUNDARY + b"--\r\n"),
        (KIND.decode(), b"--" + BOUNDARY + b"\r\nX: " + b"y" * 10_000 + b"\r\n\r\ndata\r\n--" + BOUNDARY + b"--\r\n"),
        ("multipart/form-data", form(b"one")),
        ("application/x-www-form-urlencoded", b"a=b"),
        ("", form(b"one")),
    ],
)
def test_what_is_no_form_with_one_file_is_no_file(files: Incoming, tmp_path: Path, kind: str, body: bytes) -> None:
    assert through(Intake(sending([body]), kind, "s", files)) == []
    assert not list((tmp_path / "uploads").glob("*"))


def test_a_visitor_who_goes_in_the_middle_leaves_nothing(files: Incoming, tmp_path: Path) -> None:
    assert through(Intake(sending([form(b"half")[:90]], broken=True), KIND.decode(), "s", files)) == []
    assert not list((tmp_path / "uploads").glob("*"))


def test_a_full_disk_is_no_file(files: Incoming, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "uploads").write_text("in the way of the folder")
    assert through(Intake(sending([form(b"one")]), KIND.decode(), "s", files)) == []
    assert "could not be written" in caplog.text


def put(files: Incoming, status: int, *, reads: bool = True) -> None:
    """A request through the guard to an application that answers so."""

    async def inside(_scope: Message, receive: Receive, send: web.Send) -> None:
        if reads:
            await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})

    async def send(_: Message) -> None:
        pass

    body = form(b"content")
    headers = [(b"host", b"localhost"), (b"content-length", str(len(body)).encode()), (b"content-type", KIND)]
    scope = {"type": "http", "scheme": "http", "method": "PUT", "path": f"{web.UPLOAD}s/1", "headers": headers}
    asyncio.run(web.Guard(inside, (), (), files)(scope, sending([body]), send))


def test_what_the_application_refuses_is_deleted(files: Incoming, tmp_path: Path) -> None:
    put(files, 403, reads=False)
    put(files, 400)
    assert not list((tmp_path / "uploads").glob("*"))
    put(files, 204)
    assert [path.read_bytes() for path in (tmp_path / "uploads").iterdir()] == [b"content"]
    assert not files._coming


def test_only_a_receipt_is_a_receipt() -> None:
    assert receipt_in(b"filterviz-receipt " + b"0f" * 16) == "0f" * 16
    for content in (b"", b"filterviz-receipt ", b"filterviz-receipt " + b"0f" * 16 + b"\n", b"\x89HDF\r\n\x1a\n"):
        assert receipt_in(content) == ""
    assert receipt_in(io.BytesIO(b"filterviz-receipt " + b"0F" * 16).getvalue()) == ""
