"""Any JSON at all for an architecture gives a model or a refusal, within a second."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filterviz.errors import Refused
from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.spec import ModelSpec
from tests import keras_files

Json = Any

SECONDS = 1.0
"""The most seconds of processor time for one architecture."""

WORDS = [
    *("class_name", "config", "layers", "name", "inbound_nodes", "input_layers", "output_layers", "batch_input_shape"),
    *("Sequential", "Functional", "Model", "Conv2D", "Dense", "InputLayer", "Lambda", "Add", "TimeDistributed"),
    *("module", "registered_name", "keras", "args", "kwargs", "__keras_tensor__", "keras_history", "same", "relu"),
]

numbers = st.integers(-3, 2**70) | st.floats() | st.sampled_from([0, 1, 2**31, 2**63, -1, 1e308])
leaves = st.none() | st.booleans() | numbers | st.sampled_from(WORDS) | st.text(max_size=8)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)


@pytest.fixture(scope="module")
def family_configs(family_files: dict[str, Path]) -> list[Json]:
    """Return the architectures of all families, as they are in their files."""
    configs = []
    for path in family_files.values():
        if path.suffix == ".h5":
            with h5py.File(path) as file:
                if "model_config" in file.attrs:
                    text = file.attrs["model_config"]
                    configs.append(json.loads(text))
    return configs


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a good file, whose architecture is replaced again and again."""
    return keras_files.keras_2_1(tmp_path_factory.mktemp("any") / "any.h5")


def open_with(path: Path, config: Json) -> None:
    """Put an architecture into the file and open it, to a model whose weights can be read, or to a refusal."""
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(config)
    began = time.process_time()
    refusal = refusal_of(path)
    assert time.process_time() - began < SECONDS
    assert refusal is None or refusal.what.endswith(".")


def refusal_of(path: Path) -> Refused | None:
    try:
        with open_model(path, Settings()) as model:
            text = json.dumps(model.spec.to_json())
            assert json.dumps(ModelSpec.from_json(json.loads(text)).to_json()) == text
            for layer in model.spec.layers:
                model.weights(layer)
    except Refused as refusal:
        return refusal
    return None


usual = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


@usual
@given(config=anything)
def test_anything_at_all(path: Path, config: Json) -> None:
    open_with(path, config)


@usual
@given(data=st.data())
def test_a_good_architecture_with_anything_in_it(path: Path, family_configs: list[Json], data: st.DataObject) -> None:
    config = copy.deepcopy(data.draw(st.sampled_from(family_configs)))
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(positions(config)) or [([None], 0)]))
        holder[key] = data.draw(anything)
    open_with(path, config)


@usual
@given(data=st.data())
def test_a_good_architecture_with_parts_in_other_positions(
    path: Path, family_configs: list[Json], data: st.DataObject
) -> None:
    config = copy.deepcopy(data.draw(st.sampled_from(family_configs)))
    for _ in range(data.draw(st.integers(1, 3))):
        spots = list(positions(config))
        (here, key), (there, other) = data.draw(st.sampled_from(spots)), data.draw(st.sampled_from(spots))
        here[key] = copy.deepcopy(there[other])
    open_with(path, config)


def positions(config: Json) -> Iterator[tuple[Json, Any]]:
    """Yield every position in a JSON document, as a list or dictionary and an index or key into it."""
    items = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    for key, value in items:
        yield config, key
        yield from positions(value)
