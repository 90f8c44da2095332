"""The page without a browser: what is drawn for which file and which address."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from filterviz.jobs import Status
from filterviz.ui import page, welcome
from filterviz.ui.desk import Desk
from filterviz.ui.uploads import Upload
from filterviz.ui.view import View

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk that the page will find: an empty cache, no VGG16."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILTERVIZ_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("FILTERVIZ_VGG16_WEIGHTS", str(tmp_path_factory.mktemp("empty") / "vgg16.h5"))
        patch.setenv("FILTERVIZ_WORKERS", "1")
        st.cache_resource.clear()
        desk = page.the_desk()
        yield desk
        desk.close()
        st.cache_resource.clear()


def opened(file: Path | None = None, **address: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    if file is not None:
        app.file_uploader[0].upload(file.name, file.read_bytes())
        app.run()
    assert not app.exception
    return app


def written(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


def until(app: AppTest, condition: Callable[[str], bool], seconds: float = 90) -> str:
    deadline = time.monotonic() + seconds
    while not condition(text := written(app.run())):
        assert time.monotonic() < deadline, text
        time.sleep(0.1)
    assert not app.exception
    return text


def kept(desk: Desk, file: Path, tail: bytes = b"") -> Upload:
    """A file as if it had been uploaded; bytes after its end make it another file of the same network."""
    return desk.uploads.keep(file.name, io.BytesIO(file.read_bytes() + tail))


def address_of(app: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[-1] for name, value in app.query_params.items()}


def tiles(app: AppTest) -> list[str]:
    return [button.label for button in app.button if str(button.key).startswith("tile-")]


@pytest.mark.usefixtures("desk")
def test_an_empty_page_says_what_it_is() -> None:
    app = opened()
    assert "beside VGG16" in written(app)
    assert welcome.WELCOME in [element.value for element in app.markdown]
    assert len(app.file_uploader) == 1


def test_from_a_file_to_its_patterns_and_back_by_the_address(desk: Desk, family_files: dict[str, Path]) -> None:
    app = opened(family_files["keras_2_1.h5"])
    assert "keras_2_1.h5 · 2 conv layers · 10 filters · 16x16x3 · Keras 2.1" in written(app)
    spec = desk.open(kept(desk, family_files["keras_2_1.h5"])).spec
    assert [spec.layers[at].kind for at in app.multiselect[0].value] == ["Conv2D", "Conv2D"]
    app.selectbox(key=f"recipe-{address_of(app)['m']}").select("classic").run()
    for number in app.number_input:
        if "size" in str(number.key):
            number.set_value(16)
        elif "steps" in str(number.key):
            number.set_value(3)
    app.button(key="show").click().run()
    text = until(app, lambda text: text.count("filters have a pattern") + text.count("silent") == 2)
    assert "FILTERVIZ_VGG16_WEIGHTS names" in text, "VGG16 is not here; the rest works"
    assert len(tiles(app)) == 10
    assert all(label.startswith(("![Pattern of filter", "![No pattern: filter")) for label in tiles(app))

    address = address_of(app)
    again = opened(**address)
    until(again, lambda text: text.count("filters have a pattern") + text.count("silent") == 2)
    assert tiles(again) == tiles(app)

    again.button(key=[b.key for b in again.button if str(b.key).startswith("tile-")][3]).click().run()
    assert "Response at the end" in written(again)

    # Touching a widget leaves what is shown alone.
    again.multiselect[0].set_value([]).run()
    assert len(tiles(again)) == 10
    assert again.button(key="show").disabled


def test_stop_keeps_what_there_is_and_show_goes_on(desk: Desk, family_files: dict[str, Path]) -> None:
    token = kept(desk, family_files["keras_2_4_functional.h5"]).token
    app = opened(m=token, layers="1", recipe="classic", size="256", steps="4000")
    until(app, lambda text: "step" in text)
    app.button(key="stop").click().run()
    text = until(app, lambda text: "Stopped." in text)
    assert "Show patterns goes on" in text
    assert all(label.startswith("![Unfinished pattern") for label in tiles(app))
    app.button(key="show").click().run()
    until(app, lambda text: "step" in text)
    app.button(key="stop").click().run()
    until(app, lambda text: "Stopped." in text)


@pytest.mark.usefixtures("desk")
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


@pytest.mark.usefixtures("desk")
def test_an_address_of_a_file_that_is_gone() -> None:
    assert "no longer here" in written(opened(m="0" * 24, layers="1"))


def test_a_wall_that_two_look_at_is_stopped_for_neither(desk: Desk, family_files: dict[str, Path]) -> None:
    upload = kept(desk, family_files["keras_2_1.h5"], tail=b"\0")
    model = desk.open(upload)
    view = View.from_query({"recipe": "classic", "size": "256", "steps": "4000"}, desk.settings)
    request = view.request(model.spec.visualisable[0])
    desk.start(model, [request], "one")
    desk.start(model, [request], "two")
    desk.stop([(model, request)], "one")
    time.sleep(0.5)
    found = desk.look(model, request, "two")
    assert found is not None
    assert found[0].status in (Status.WAITING, Status.RUNNING)
    desk.leave("two")
    assert desk.look(model, request, "two") is None


def test_beside_itself_before_training(desk: Desk, family_files: dict[str, Path]) -> None:
    quick = {"recipe": "classic", "size": "16", "steps": "3", "layers": "1"}
    app = opened(m=kept(desk, family_files["keras_2_1.h5"]).token, **quick, **{"with": "untrained"})
    text = until(app, lambda text: "same conditions" in text)
    assert "before training" in text
    assert "A filter sees 3 px here and 3 px there." in text
    assert len(tiles(app)) == 8


def test_a_second_file_that_is_gone_is_a_sentence(desk: Desk, family_files: dict[str, Path]) -> None:
    quick = {"recipe": "classic", "size": "16", "steps": "3", "layers": "1"}
    app = opened(m=kept(desk, family_files["keras_2_1.h5"]).token, **quick, **{"with": "0" * 24})
    text = until(app, lambda text: "have a pattern" in text or "silent" in text)
    assert "The file to compare with is no longer here." in text


def test_a_second_file_that_is_refused_is_a_sentence(desk: Desk, family_files: dict[str, Path]) -> None:
    letter = desk.uploads.keep("letter.h5", io.BytesIO(b"Dear Sir"))
    quick = {"recipe": "classic", "size": "16", "steps": "3", "layers": "1"}
    app = opened(m=kept(desk, family_files["keras_2_1.h5"]).token, **quick, **{"with": letter.token})
    assert "This is no Keras model." in until(app, lambda text: "no Keras model" in text)


def test_bare_weights_of_a_known_network_are_opened_as_that_when_the_visitor_agrees(
    desk: Desk, vgg16_weights: Path
) -> None:
    app = opened(m=kept(desk, vgg16_weights).token)
    assert "the weights of VGG16 alone" in written(app)
    app.button(key="open-as").click().run()
    assert "13 conv layers · 4,224 filters" in written(app)
    assert address_of(app)["as"] == "vgg16"
