"""The page without a browser: what is drawn for which file and which address."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from filterviz.service.model import Model
from filterviz.service.server import Server
from filterviz.storage.uploads import Upload
from filterviz.ui import page, web
from filterviz.ui.feed import FEEDS
from filterviz.ui.sections import SECTIONS, walls
from filterviz.ui.session import Session
from filterviz.ui.wall import ShownWall
from filterviz.workers.parent.shares import Turn
from tests.workers.conftest import write_model

APP = web.SCRIPT


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the page will find: its cache is empty, and there is no VGG16."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILTERVIZ_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("FILTERVIZ_VGG16_WEIGHTS", str(tmp_path_factory.mktemp("empty") / "vgg16.h5"))
        patch.setenv("FILTERVIZ_WORKERS", "1")
        patch.setenv("FILTERVIZ_REQUEST_SECONDS", "0")
        patch.setenv("FILTERVIZ_ASK_SECONDS", "0")
        st.cache_resource.clear()
        server = page.the_server()
        yield server
        server.close()
        st.cache_resource.clear()


def opened(file: Path | None = None, /, **address: Any) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    if file is not None:
        app.file_uploader[0].upload(file.name, file.read_bytes())
        app.run()
    assert not app.exception
    return app


def components(app: AppTest, name: str) -> list[dict[str, Any]]:
    found = [element.proto for element in app.get("bidi_component")]
    return [json.loads(proto.json) for proto in found if proto.component_name == name]


def written(app: AppTest) -> str:
    """What the page says, the line below the bar included."""
    bars = [data["bar"]["line"] for data in components(app, "filterviz_progress")]
    html = [element.proto.body for element in app.get("html") if "<style>" not in element.proto.body]
    return "\n".join([*html, *bars])


def until(app: AppTest, condition: Callable[[str], bool], seconds: float = 90) -> str:
    deadline = time.monotonic() + seconds
    while not condition(text := written(app.run())):
        assert time.monotonic() < deadline, text
        time.sleep(0.1)
    assert not app.exception
    return text


def kept(server: Server, file: Path, tail: bytes = b"") -> Upload:
    """A file as if it had been uploaded; bytes after its end make it another file of the same network."""
    return server.uploads.keep(file.name, io.BytesIO(file.read_bytes() + tail))


def address_of(app: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[-1] for name, value in app.query_params.items()}


def wall_data(app: AppTest) -> list[dict[str, Any]]:
    return components(app, "filterviz_tiles")


def tiles(app: AppTest) -> list[str]:
    return [tile["text"] for wall in wall_data(app) for tile in wall["tiles"]]


@pytest.mark.usefixtures("server")
def test_an_empty_page_says_what_it_is() -> None:
    app = opened()
    assert "has learned to look for" in written(app)
    assert "Drop your Keras model file here" in written(app)
    assert len(app.file_uploader) == 1


QUICK = {"recipe": "classic", "size": "16", "steps": "3"}
ALL = {**QUICK, "overview": "1"}
"""All chosen layers at once."""


def all_finished(app: AppTest, count: int) -> list[str]:
    """The alternative texts of so many tiles, all finished."""

    def done(_text: str) -> bool:
        shown = tiles(app)
        return len(shown) == count and all(text.startswith(("Pattern of", "No pattern")) for text in shown)

    until(app, done)
    return tiles(app)


def test_a_file_shows_its_patterns_without_another_question(server: Server, family_files: dict[str, Path]) -> None:
    app = opened(family_files["keras_2_1.h5"])
    assert "keras_2_1.h5 · 2 conv layers · 10 filters · 16x16x3 · Keras 2.1" in written(app)
    assert "It looks at colour images of 16 x 16 pixels" in written(app)
    spec = server.open(kept(server, family_files["keras_2_1.h5"])).spec
    assert [spec.layers[at].kind for at in app.multiselect[0].value] == ["Conv2D", "Conv2D"]
    until(app, lambda _text: any(text.startswith(("Pattern", "No pattern")) for text in tiles(app)))


def test_the_download_of_teachable_machine_shows_its_classes_by_name(
    server: Server, family_files: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "converted_keras.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(family_files["keras_2_1.h5"], "keras_model.h5")
        archive.writestr("labels.txt", "0 Cat\n1 <b>Dog</b>\n")
    app = opened(path)
    assert "converted_keras.zip · 2 conv layers" in written(app)
    upload = kept(server, path)
    at = next(at for at, layer in enumerate(server.open(upload).spec.layers) if layer.kind == "Dense")
    app = opened(m=upload.token, layers=str(at), **QUICK)
    all_finished(app, 2)
    shown = wall_data(app)[0]["tiles"]
    assert [tile["mark"].split(" · ")[0] for tile in shown] == ["Cat", "<b>Dog</b>"], "which the browser shows as text"
    assert shown[0]["tip"].startswith("Filter 0 (Cat)")
    assert "<b>" not in written(app)


def test_from_a_file_to_its_patterns_and_back_by_the_address(server: Server, family_files: dict[str, Path]) -> None:
    app = opened(m=kept(server, family_files["keras_2_1.h5"]).token, **ALL)
    found = all_finished(app, 10)
    assert "FILTERVIZ_VGG16_WEIGHTS names" in written(app), "VGG16 is not here; the rest works"

    # Another choice holds at once and stands in the address.
    app.multiselect[0].set_value(app.multiselect[0].value[:1]).run()
    assert address_of(app)["layers"] == "1"
    assert len(all_finished(app, 4)) == 4
    app.multiselect[0].set_value([]).run()
    assert all_finished(app, 10) == found, "no layer: those that were chosen at first, from the store"

    again = opened(**address_of(app))
    assert all_finished(again, 10) == found


def test_the_conditions_hold_when_they_are_sent(server: Server, family_files: dict[str, Path]) -> None:
    app = opened(m=kept(server, family_files["keras_2_1.h5"]).token, layers="1", **QUICK)
    all_finished(app, 4)
    token = address_of(app)["m"]
    app.number_input(key=f"steps-classic-{token}").set_value(4)
    next(button for button in app.button if str(button.key).startswith("make-")).click().run()
    assert address_of(app)["steps"] == "4"
    all_finished(app, 4)


def test_tiles_in_order_of_response_and_of_likeness(server: Server, family_files: dict[str, Path]) -> None:
    token = kept(server, family_files["keras_2_1.h5"]).token
    app = opened(m=token, layers="3", **QUICK)
    found = all_finished(app, 6)
    app.segmented_control(key=f"sort-{token}").select("response").run()
    numbers = [float(text.rpartition(" ")[2]) for text in tiles(app) if text.startswith("Pattern")]
    assert len(numbers) >= 2, "or they would be in any order"
    assert numbers == sorted(numbers, reverse=True)
    assert sorted(tiles(app)) == sorted(found)
    app.segmented_control(key=f"sort-{token}").select("similarity").run()
    assert sorted(tiles(app)) == sorted(found)
    assert address_of(app)["sort"] == "similarity"


@pytest.mark.usefixtures("server")
def test_a_section_more_is_an_entry_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def about(session: Session, model: Model) -> None:
        st.text(f"{model.name} in {session.language}, layers {session.view.layers}")

    monkeypatch.setattr(page, "SECTIONS", (*SECTIONS, about))
    app = opened(m="cats_and_dogs", layers="1")
    assert [element.value for element in app.text] == ["cats & dogs in en, layers (1,)"]
    assert not opened().text, "it is of the page of a network"


@pytest.mark.usefixtures("server")
def test_filters_in_pages() -> None:
    def shown(**address: str) -> list[int]:
        return [tile["filter"] for tile in wall_data(opened(m="cats_and_dogs", layers="1", **address))[0]["tiles"]]

    assert shown() == list(range(25))
    assert shown(page="1-2") == list(range(25, 32))
    assert shown(page="1-7") == list(range(25, 32)), "the last there is"
    assert shown(count="all") == list(range(32))


def test_stop_keeps_what_there_is_and_resume_goes_on(server: Server, family_files: dict[str, Path]) -> None:
    token = kept(server, family_files["keras_2_4_functional.h5"]).token
    app = opened(m=token, layers="1", recipe="classic", size="256", steps="4000")
    until(app, lambda text: "step" in text)
    app.button(key="stop").click().run()
    until(app, lambda text: "Stopped. 0 of 4 tiles are finished and kept." in text)
    assert [label.startswith("Unfinished pattern") for label in tiles(app)] == [True] * 4
    app.button(key="resume").click().run()
    until(app, lambda text: "step" in text)
    app.button(key="stop").click().run()
    until(app, lambda text: "Stopped." in text)


def test_what_was_stopped_says_nothing_about_what_comes_next(server: Server, family_files: dict[str, Path]) -> None:
    stopped, another = (kept(server, family_files[name]) for name in ("keras_2_4_functional.h5", "keras_2_1.h5"))
    app = opened(m=stopped.token, layers="1", recipe="classic", size="240", steps="4000")
    until(app, lambda text: "step" in text)
    app.button(key="stop").click().run()
    until(app, lambda text: "Stopped." in text)
    # As when a file is dropped on the page: the session goes on.
    app.query_params.clear()
    app.query_params["m"] = another.token
    for name, value in ALL.items():
        app.query_params[name] = value
    all_finished(app, 10)


def test_the_page_that_explains_and_the_way_back(server: Server, family_files: dict[str, Path]) -> None:
    app = opened(m=kept(server, family_files["keras_2_1.h5"]).token, layers="1", **QUICK)
    all_finished(app, 4)
    app.button(key="help").click().run()
    assert "How a pattern is made" in written(app)
    assert not tiles(app)
    app.button(key="help").click().run()
    all_finished(app, 4)


@pytest.mark.usefixtures("server")
def test_another_language_stays_in_the_address() -> None:
    app = opened()
    app.segmented_control(key="language-choice").select("zh").run()
    assert address_of(app)["lang"] == "zh"
    assert "Drop your" not in written(app)
    app.segmented_control(key="language-choice").select("en").run()
    assert "Drop your" in written(app)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("holiday.jpg", b"\xff\xd8\xff" + bytes(300)),
        ("<img src=x onerror=alert(1)>.h5", b"\x89HDF\r\n\x1a\n" + bytes(300)),
        ("empty.h5", b""),
    ],
)
def test_a_refusal_is_a_sentence_and_the_page_goes_on(name: str, content: bytes) -> None:
    app = opened()
    app.file_uploader[0].upload(name, content)
    app.run()
    text = written(app)
    assert 'class="fv-box" role="alert"' in text
    assert "<img" not in text
    assert len(app.file_uploader) == 1, "another file can be given"
    assert not app.exception


def test_why_a_file_could_not_be_kept_stays_until_the_next_file(
    server: Server, family_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = family_files["keras_2_1.h5"]
    monkeypatch.setattr(server.uploads, "_settings", replace(server.settings, upload_bytes=good.stat().st_size))
    app = opened()
    app.file_uploader[0].upload("large.h5", good.read_bytes() + b"!")
    app.run()
    for _ in range(2):
        assert "is larger than" in written(app)
        assert not app.file_uploader[0].value, "the field is ready for another"
        app.run()
    app.file_uploader[0].upload("good.h5", good.read_bytes())
    app.run()
    assert "good.h5 · 2 conv layers" in written(app)
    assert "is larger than" not in written(app)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("slug", "first"), [("cats_and_dogs", "conv2d_2"), ("digits", "0 (0)"), ("shapes", "circle")])
def test_an_example_is_a_press_away(slug: str, first: str) -> None:
    app = opened()
    app.button(f"example-{slug}").click()
    app.run()
    assert address_of(app)["m"] == slug
    assert first in until(app, lambda text: "all finished" in text) + str(wall_data(app))


def test_of_files_dropped_together_the_others_are_shown_and_it_is_said_why_one_is_not(
    server: Server, family_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    good, kind = family_files["keras_2_1.h5"].read_bytes(), "application/x-hdf5"
    monkeypatch.setattr(server.uploads, "_settings", replace(server.settings, upload_bytes=len(good)))
    app = opened()
    dropped = [("epoch-2.h5", good, kind), ("epoch-10.h5", good + b"!", kind), ("epoch-1.h5", good, kind)]
    app.file_uploader[0].set_value(dropped)
    app.run()
    text = written(app)
    assert "epoch-2.h5 · 2 conv layers" in text
    assert "is larger than" in text
    assert list(app.select_slider[0].options) == ["1", "2"]


@pytest.mark.usefixtures("server")
def test_a_refused_checkpoint_keeps_the_way_to_the_others(family_files: dict[str, Path]) -> None:
    good, kind = family_files["keras_2_1.h5"].read_bytes(), "application/x-hdf5"
    app = opened()
    app.file_uploader[0].set_value([("epoch-1.h5", good, kind), ("epoch-2.h5", b"", kind)])
    app.run()
    assert "The file is empty." in written(app)
    app.select_slider[0].set_value(address_of(app)["files"].split(".")[0]).run()
    assert "epoch-1.h5 · 2 conv layers" in written(app)


@pytest.mark.usefixtures("server")
def test_an_address_of_a_file_that_is_gone() -> None:
    assert "no longer here" in written(opened(m="0" * 24, layers="1"))


def test_beside_itself_before_training(server: Server, family_files: dict[str, Path]) -> None:
    app = opened(m=kept(server, family_files["keras_2_1.h5"]).token, layers="1", **QUICK, **{"with": "untrained"})
    text = until(app, lambda text: "same settings" in text)
    assert wall_data(app)[1]["label"] == "Patterns of conv2d_1 of untrained"
    assert "A filter sees 3 pixels across here and 3 there." in text
    assert len(tiles(app)) == 8


def test_another_network_that_opens_while_the_page_is_drawn(
    server: Server, family_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = walls._start

    def once_it_is_open(session: Session, shown: Sequence[ShownWall]) -> None:
        session.server.other(session.view.other, shown[0].model).result()
        start(session, shown)

    monkeypatch.setattr(walls, "_start", once_it_is_open)
    file = kept(server, family_files["keras_2_1.h5"], b"opens in between")
    app = opened(m=file.token, layers="1", **QUICK, **{"with": "untrained"})
    assert "It is being opened" not in written(app)


def test_the_feed_of_a_page_tells_what_becomes_of_it(server: Server, family_files: dict[str, Path]) -> None:
    """Everything that the browser shows meanwhile, without the page being drawn; and when it must be."""
    file = kept(server, family_files["keras_2_1.h5"], b"feed")
    app = opened(m=file.token, layers="1", lang="zh", recipe="classic", size="64", steps="300")
    (bar,) = components(app, "filterviz_progress")
    number, news = 0, {"page": bar["drawn"]}
    seen: set[str] = set()
    lines: set[str] = set()
    deadline = time.monotonic() + 90
    while not {"begun", "done"} <= seen or news.get("page", bar["drawn"]) == bar["drawn"]:
        assert time.monotonic() < deadline
        answer = json.loads(FEEDS.answer(bar["feed"], number) or b"{}")
        number, news = answer["number"], answer["items"]
        seen |= {item["state"] for item in news.values() if isinstance(item, dict) and "state" in item}
        lines |= {news["bar"]["line"]} if "bar" in news else set()
        time.sleep(0.05)
    assert any("共" in line or "步" in line or "块" in line for line in lines), "in the visitor's language"
    (wall,) = wall_data(app)
    assert {f"{wall['feed']}{tile['filter']}" for tile in wall["tiles"]} <= set(answer["items"]) | {
        f"{wall['feed']}{channel}" for channel in range(4)
    }
    again = opened(**address_of(app))
    assert {tile["state"] for tile in wall_data(again)[0]["tiles"]} == {"done"}
    assert not components(again, "filterviz_progress"), "there is nothing more to hear"


def test_a_second_file_that_is_gone_is_a_sentence(server: Server, family_files: dict[str, Path]) -> None:
    app = opened(m=kept(server, family_files["keras_2_1.h5"]).token, layers="1", **QUICK, **{"with": "0" * 24})
    all_finished(app, 4)
    assert "The file to compare with is no longer here." in written(app)


def test_a_second_file_that_is_refused_is_a_sentence(server: Server, family_files: dict[str, Path]) -> None:
    letter = server.uploads.keep("letter.h5", io.BytesIO(b"Dear Sir"))
    app = opened(m=kept(server, family_files["keras_2_1.h5"]).token, layers="1", **QUICK, **{"with": letter.token})
    assert "This is no Keras model." in until(app, lambda text: "no Keras model" in text)


def test_bare_weights_of_a_known_network_are_opened_as_that_when_the_visitor_agrees(
    server: Server, vgg16_weights: Path
) -> None:
    app = opened(m=kept(server, vgg16_weights).token)
    assert "the weights of VGG16 alone" in written(app)
    app.button(key="open-as").click().run()
    assert "13 conv layers · 4,224 filters" in written(app)
    assert address_of(app)["as"] == "vgg16"


LINK = "![x](http://127.0.0.1:9/"
"""The beginning of an image in Markdown, which a browser fetches."""


def texts_of(message: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a message to the browser, with the names of the fields that lead to it."""
    for field, value in message.ListFields():
        here = f"{path}.{field.name}"
        for one in value if field.is_repeated else [value]:
            if isinstance(one, str):
                yield here, one
            elif hasattr(one, "ListFields"):
                yield from texts_of(one, here)


NO_MARKDOWN = (
    "html.body",
    "alt",
    "file_name",
    "id",
    "json",
    "key",
    "selectbox.options",
    "selectbox.raw_value",
    "multiselect.options",
    "multiselect.raw_values",
    "url",
)
"""Ends of the names of fields in which the browser looks for no Markdown."""


def markdown_of(app: AppTest) -> list[str]:
    nodes = [node for block in app._tree.children.values() for node in block]
    found = [pair for node in nodes if node.proto is not None for pair in texts_of(node.proto, f".{node.type}")]
    return [text for name, text in found if not name.endswith(NO_MARKDOWN)]


def test_names_from_a_file_are_no_markdown_in_any_widget(server: Server, tmp_path: Path) -> None:
    """On the wall, beside another network, in the large view, in the downloads, and where the file is refused."""
    hostile = write_model(tmp_path / "net.h5", channels=2, called=f"{LINK}layer)")
    named = f"{LINK}file).h5"
    one = server.uploads.keep(named, io.BytesIO(hostile.read_bytes()))
    other = server.uploads.keep(named, io.BytesIO(hostile.read_bytes() + b"more"))
    seen = []
    for address in ({"with": other.token}, {"with": "untrained"}):
        app = opened(m=one.token, **ALL, **address)
        all_finished(app, 8)
        assert LINK in written(app), "as text it is shown"
        seen += markdown_of(app)
        index = server.open(one).spec.visualisable[0].name
        at = next(at for at, layer in enumerate(server.open(one).spec.layers) if layer.name == index)
        app = opened(**address_of(app), tile=f"{at}-0-0")
        assert "Response at the end" in written(app), "the large view is open"
        seen += markdown_of(app)
    seen += markdown_of(opened(m=one.token, files=f"{one.token}.{other.token}", **ALL))
    nothing = server.uploads.keep(named, io.BytesIO(b"nothing"))
    seen += markdown_of(opened(m=nothing.token))
    assert len(seen) > 50
    assert [text for text in seen if LINK in text] == []
    assert any("127" in text for text in seen), "names do stand in labels"


def test_files_are_deleted_at_a_press(server: Server, family_files: dict[str, Path]) -> None:
    app = opened()
    assert "until nobody has looked at it for 24 h" in written(app)
    assert not [button for button in app.button if button.label == "Delete my files now"]
    somebody = kept(server, family_files["keras_2_1.h5"], b"somebody else's")
    app.file_uploader[0].upload("mine.h5", family_files["keras_2_1.h5"].read_bytes() + b"mine")
    until(app, lambda text: "mine.h5 · 2 conv layers" in text)
    token = address_of(app)["m"]
    assert server.uploads.find(token) is not None
    (button,) = [button for button in app.button if button.label == "Delete my files now"]
    button.click()
    text = until(app, lambda text: "Drop your Keras model file here" in text)
    assert "have been deleted" in text
    assert "m" not in address_of(app)
    assert server.uploads.find(token) is None
    assert server.uploads.find(somebody.token) is not None
    assert "have been deleted" not in written(app.run())


def turns_of(server: Server, upload: Upload) -> list[Turn]:
    """Turns that are taken or waited for to compute something of a file."""
    identity = server.open(upload).identity[-24:]
    return [turn for turn in server.workspace.pool._queue._shares.turns if turn.owner.endswith(identity)]


def test_what_takes_long_is_begun_when_the_visitor_says_so(
    server: Server, family_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "settings", replace(server.settings, ask_seconds=1.0))
    upload = kept(server, family_files["keras_2_1.h5"], b"long")
    app = opened(m=upload.token, layers="1", recipe="classic", size="256", steps="4000")
    text = until(app, lambda text: "of computing" in text)
    assert re.search(r"This takes about [0-9a-z ]+ of computing", text)
    assert turns_of(server, upload) == []
    assert "Stop" not in {button.label for button in app.button}, "nothing has begun"
    (button,) = [button for button in app.button if button.label == "Begin all the same"]
    button.click()
    until(app, lambda text: "of computing" not in text)
    deadline = time.monotonic() + 60
    while not turns_of(server, upload):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert not [button for button in app.run().button if button.label == "Begin all the same"]
    app.button(key="stop").click().run()


def test_more_than_one_page_may_ask_for_is_a_sentence(
    server: Server, family_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = server.workspace.budget
    monkeypatch.setattr(budget, "_settings", replace(server.settings, request_seconds=1.0))
    upload = kept(server, family_files["keras_2_1.h5"], b"too long")
    app = opened(m=upload.token, layers="1", recipe="classic", size="256", steps="4000")
    text = until(app, lambda text: "the most that one page may ask for" in text)
    assert "1 s is the most" in text
    assert not [button for button in app.button if button.label == "Begin all the same"]
    assert turns_of(server, upload) == []
    app = opened(m=upload.token, layers="1", **QUICK)
    all_finished(app, len(tiles(app)))
