from __future__ import annotations

from pathlib import Path

import keras
import pytest

from filterviz.reader import open_model
from filterviz.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own saving


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 12])
def test_false_colours_are_said_to_be_false(channels: int, tmp_path: Path) -> None:
    keras.Sequential([keras.Input((8, 8, channels)), keras.layers.Conv2D(2, 3)]).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        notes = [note for note in model.spec.notes if "false colours" in note]
        assert model.spec.false_colours == (channels not in (1, 3))
    assert len(notes) == (channels not in (1, 3))
    assert all(f"have {channels} channels" in note for note in notes)


def test_a_second_input_that_is_no_picture_needs_no_colours(tmp_path: Path) -> None:
    picture, vector = keras.Input((8, 8, 3)), keras.Input((5,))
    flat = keras.layers.Flatten()(keras.layers.Conv2D(2, 3)(picture))
    keras.Model([picture, vector], keras.layers.Concatenate()([flat, vector])).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        assert model.spec.notes == ()
