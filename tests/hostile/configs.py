"""Architectures that carry code, name objects that are none of a network's, or ask for the impossible."""

from __future__ import annotations

import base64
import json
import marshal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from filterviz.errors import RefusalCode
from tests import keras_files
from tests.hostile.table import hostile
from tests.keras_files import SIDE, layer

Json = Any

NAMES = ("conv2d_1", "conv2d_2", "dense_1")


def write(path: Path, layers: list[Json], **config: Json) -> None:
    """A Sequential network of Keras 2.10, with the weights of the good one."""
    architecture = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers, **config}}
    keras_files.write_h5(path, architecture, keras_files.weights_of(NAMES))


def with_first(path: Path, **changes: Json) -> None:
    """The good network, with changes to the first convolution."""
    layers = keras_files.keras_2_layers()
    layers[0]["config"].update(changes)
    write(path, layers)


def fed_by(path: Path, *first: Json) -> None:
    """The good network, behind other layers that the image passes first."""
    layers = keras_files.keras_2_layers()
    shape = layers[0]["config"].pop("batch_input_shape")
    first[0]["config"]["batch_input_shape"] = shape
    write(path, [*first, *layers])


def write_text(path: Path, config: str) -> None:
    """A file whose architecture is any text at all."""
    keras_files.write_h5(path, {}, keras_files.weights_of(NAMES))
    with h5py.File(path, "r+") as file:
        # As Keras does for texts over 64 kB, which do not fit an attribute of fixed width.
        file.attrs["model_config"] = config


def bytecode(path: Path) -> list[Json]:
    """A function as Keras 2 stores it in a Lambda layer: marshalled bytecode that makes a file."""
    code = compile(f"open({str(path.with_name('touched'))!r}, 'w')", "lambda", "eval")
    return [base64.b64encode(marshal.dumps(code)).decode(), None, None]


def code_layer(path: Path, name: str = "lambda_1") -> Json:
    return layer("Lambda", name, function=bytecode(path), function_type="lambda", output_shape=None, arguments={})


@hostile("lambda_all.h5", RefusalCode.CODE_IN_FILE)
def nothing_but_code(path: Path) -> None:
    """Bytecode that a loader runs, and nothing else."""
    code = code_layer(path)
    code["config"]["batch_input_shape"] = [None, SIDE, SIDE, 3]
    write(path, [code])


@hostile("lambda_first.h5", None)
def code_at_the_beginning(path: Path) -> None:
    """Bytecode that a loader runs, before the layers one wants to see."""
    fed_by(path, code_layer(path))


@hostile("lambda_end.h5", None)
def code_at_the_end(path: Path) -> None:
    """Bytecode that a loader runs, behind the layers one wants to see."""
    write(path, [*keras_files.keras_2_layers(), code_layer(path)])


@hostile("lambda_nested.h5", None)
def code_in_a_nested_model(path: Path) -> None:
    """Bytecode in a model in a model, where scanners that look at the top do not see it."""
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": [code_layer(path)]}}
    write(path, [*keras_files.keras_2_layers()[:3], inner])


@hostile("lambda_name.h5", None)
def code_by_name(path: Path) -> None:
    """A Lambda that names a function of the loader's own module."""
    code = layer("Lambda", "lambda_1", function="system", function_type="function", module="os", output_shape=None)
    write(path, [*keras_files.keras_2_layers(), code])


def keras_3(path: Path, first: Json, *, h5: bool = False) -> None:
    """A Keras 3 network that consists of something else."""
    layers = [keras_files.input_layer("input", batch_shape=[None, SIDE, SIDE, 3]), first]
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    if h5:
        keras_files.write_h5(path, config, keras_files.weights_of(NAMES), version="3.9.0")
    else:
        keras_files.write_keras(path, config, keras_files.stored_by_index("layers"))


def reference(module: str, class_name: str, registered: str | None = None, /, **config: Json) -> Json:
    """An object as Keras 3 names it."""
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered}


def function(module: str, name: str) -> Json:
    """A function as Keras 3 names it."""
    return {"module": module, "class_name": "function", "config": name, "registered_name": "function"}


@hostile("module_os.keras", RefusalCode.CODE_IN_FILE)
def class_of_another_module(path: Path) -> None:
    """A layer whose class is ``os.system`` (CVE-2025-1550)."""
    keras_3(path, reference("os", "system", command="touch touched", name="a"))


@hostile("module_registered.keras", RefusalCode.CODE_IN_FILE)
def registered_class(path: Path) -> None:
    """A layer whose class a registry is to find."""
    keras_3(path, reference("builtins", "function", "function", name="a"))


@hostile("gadget_get_file.keras", RefusalCode.CODE_IN_FILE)
def keras_function_as_gadget(path: Path) -> None:
    """A Lambda that calls Keras's own downloader (CVE-2025-8747)."""
    arguments = {"fname": "touched", "origin": "http://127.0.0.1:9/touched", "cache_dir": str(path.parent)}
    get_file = function("keras.utils", "get_file")
    keras_3(path, reference("keras.layers", "Lambda", name="a", function=get_file, arguments=arguments))


@hostile("gadget_unsafe.keras", RefusalCode.CODE_IN_FILE)
def switching_the_safety_off(path: Path) -> None:
    """A Lambda that first allows what is forbidden (CVE-2025-9906)."""
    unsafe = function("keras.config", "enable_unsafe_deserialization")
    keras_3(path, reference("keras.layers", "Lambda", name="a", function=unsafe))


@hostile("gadget_deserialize.h5", RefusalCode.CODE_IN_FILE)
def function_for_a_class(path: Path) -> None:
    """A class name that is a function of Keras's own module."""
    write(path, [layer("deserialize", "a", batch_input_shape=[None, SIDE, SIDE, 3])])


@hostile("switch.keras", RefusalCode.CODE_IN_FILE)
def dead_node(path: Path) -> None:
    """A node that nothing depends on, and that is computed while the graph is put together."""
    dead_switch(path)


@hostile("switch.h5", RefusalCode.CODE_IN_FILE)
def dead_node_in_hdf5(path: Path) -> None:
    """The same in the old format."""
    dead_switch(path)


def dead_switch(path: Path) -> None:
    function = {
        "module": "keras.config",
        "class_name": "function",
        "config": "set_floatx",
        "registered_name": "function",
    }
    switch = reference("keras.src.ops.core", "Switch", name="dead")
    switch |= {"name": "dead", "inbound_nodes": [{"args": [0, [function], "float64"], "kwargs": {}}]}
    source = keras_files.input_layer("input", batch_shape=[None, SIDE, SIDE, 3])
    layers = [{**source, "name": "input", "inbound_nodes": []}, switch]
    graph = {"name": "m", "layers": layers, "input_layers": [["input", 0, 0]], "output_layers": [["dead", 0, 0]]}
    config = {"module": "keras", "class_name": "Functional", "config": graph}
    if path.suffix == ".h5":
        keras_files.write_h5(path, config, {}, version="3.9.0")
    else:
        keras_files.write_keras(path, config, {})


@hostile("torch_wrapper.keras", RefusalCode.CODE_IN_FILE)
def torch_wrapper(path: Path) -> None:
    """A layer that is a pickle of PyTorch's (CVE-2025-49655)."""
    pickled = {"class_name": "__bytes__", "config": {"value": "gASVAAAA"}}
    keras_3(path, reference("keras.layers", "TorchModuleWrapper", name="a", module=pickled))


@hostile("saved_model.keras", RefusalCode.CODE_IN_FILE)
def saved_model(path: Path) -> None:
    """A layer that is a TensorFlow program in another folder (CVE-2026-1462)."""
    keras_3(path, reference("keras.layers", "TFSMLayer", name="a", filepath="/tmp/model", call_endpoint="serve"))


@hostile("vocabulary.h5", RefusalCode.CODE_IN_FILE)
def vocabulary_file(path: Path) -> None:
    """A layer that reads a file of the server's, or an address (CVE-2025-12058)."""
    keras_3(path, reference("keras.layers", "StringLookup", name="a", vocabulary="/etc/passwd"), h5=True)


@hostile("training.h5", None)
def code_beside_the_network(path: Path) -> None:
    """Losses, metrics and an optimizer that name foreign objects; none of it is ever read."""
    keras_files.keras_2_1(path)
    with h5py.File(path, "r+") as file:
        evil = reference("os", "system", command="touch touched")
        file.attrs["training_config"] = json.dumps({"loss": evil, "metrics": [evil], "optimizer_config": evil})
        file["optimizer_weights/weights"] = np.zeros((8, 8), np.float32)


@hostile("initializer.h5", None)
def code_in_an_irrelevant_place(path: Path) -> None:
    """Initialisers, constraints and policies that name foreign objects; none of it matters to trained weights."""
    evil = reference("os", "system", command="touch touched")
    with_first(path, kernel_initializer=evil, kernel_constraint=evil, dtype=evil, activity_regularizer=evil)


@hostile("activation.h5", RefusalCode.CODE_IN_FILE)
def code_for_an_activation(path: Path) -> None:
    """An activation that names a foreign function."""
    with_first(path, activation=reference("os", "system", command="touch touched"))


@hostile("unsupported.h5", RefusalCode.UNSUPPORTED_LAYER)
def in_a_way_nobody_can_rebuild(path: Path) -> None:
    """A layer of a known kind, used in a way that is not supported, before all others."""
    fed_by(path, layer("BatchNormalization", "normalise", axis=[1, 2, 3]))


@hostile("brackets.h5", RefusalCode.TOO_DEEP)
def brackets(path: Path) -> None:
    """A hundred thousand brackets, on which a parser falls."""
    write_text(path, "[" * 100_000 + "]" * 100_000)


@hostile("objects.h5", RefusalCode.TOO_DEEP)
def objects(path: Path) -> None:
    """Objects in objects, a hundred thousand deep."""
    write_text(path, '{"config":' * 100_000 + "1" + "}" * 100_000)


@hostile("nested.h5", RefusalCode.TOO_DEEP)
def nested_models(path: Path) -> None:
    """Two hundred models in each other."""
    model: Json = keras_files.keras_2_layers()[0]
    for number in range(200):
        model = {"class_name": "Sequential", "config": {"name": f"m{number}", "layers": [model]}}
    write(path, [model])


@hostile("layers.h5", RefusalCode.TOO_LARGE)
def too_many_layers(path: Path) -> None:
    """Twenty thousand layers."""
    first, *_ = keras_files.keras_2_layers()
    write(path, [first, *(layer("Activation", f"a{number}", activation="relu") for number in range(20_000))])


@hostile("long_config.h5", RefusalCode.TOO_LARGE)
def long_config(path: Path) -> None:
    """Twelve megabytes of architecture."""
    write_text(path, json.dumps({"class_name": "Sequential", "config": {"name": "x" * 12_000_000, "layers": []}}))


@hostile("doubling.h5", RefusalCode.TOO_LARGE)
def doubling(path: Path) -> None:
    """Models that call each other twice, 27 deep: a hundred million calls in a few kB."""
    inner: Json = {"class_name": "Sequential", "config": {"name": "m0", "layers": keras_files.keras_2_layers()[:1]}}
    for number in range(1, 28):
        inner = twice(f"m{number}", inner)
    keras_files.write_h5(path, inner, keras_files.weights_of(NAMES))


def twice(name: str, inner: Json) -> Json:
    """A model that calls another twice on one input."""
    inner_name = inner["config"]["name"]
    source = keras_files.input_layer("in", batch_input_shape=[None, SIDE, SIDE, 3])
    calls = [[["in", 0, 0, {}]], [["in", 0, 0, {}]]]
    layers = [
        {**source, "name": "in", "inbound_nodes": []},
        {**inner, "name": inner_name, "inbound_nodes": calls},
        {**layer("Add", "add"), "name": "add", "inbound_nodes": [[[inner_name, 0, 0, {}], [inner_name, 1, 0, {}]]]},
    ]
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [["add", 0, 0]]}
    return {"class_name": "Functional", "config": {"name": name, "layers": layers, **ends}}


@hostile("filters.h5", RefusalCode.BAD_CONFIG)
def a_billion_filters(path: Path) -> None:
    """A convolution with a billion filters."""
    with_first(path, filters=1_000_000_000)


@hostile("kernel.h5", RefusalCode.BAD_CONFIG)
def a_giant_kernel(path: Path) -> None:
    """A kernel of a billion by a billion."""
    with_first(path, kernel_size=[1_000_000_000, 1_000_000_000])


@hostile("units.h5", RefusalCode.BAD_CONFIG)
def a_billion_units(path: Path) -> None:
    """A dense layer with a billion units."""
    layers = keras_files.keras_2_layers()
    layers[4]["config"]["units"] = 1_000_000_000
    write(path, layers)


@hostile("upsampling.h5", RefusalCode.BAD_CONFIG)
def upsampling(path: Path) -> None:
    """A layer that makes of one pixel a million times a million."""
    fed_by(path, layer("UpSampling2D", "up", size=[1_000_000, 1_000_000]))


@hostile("upsampling_often.h5", RefusalCode.TOO_LARGE)
def upsampling_often(path: Path) -> None:
    """Harmless upsampling, thirty times in a row."""
    fed_by(path, *(layer("UpSampling2D", f"up{number}", size=[4, 4]) for number in range(30)))


@hostile("padding.h5", RefusalCode.BAD_CONFIG)
def padding(path: Path) -> None:
    """A border a billion pixels wide."""
    fed_by(path, layer("ZeroPadding2D", "pad", padding=[[1_000_000_000, 1_000_000_000], [0, 0]]))


@hostile("input.h5", RefusalCode.TOO_LARGE)
def a_giant_picture(path: Path) -> None:
    """An image of a million by a million."""
    with_first(path, batch_input_shape=[None, 1_000_000, 1_000_000, 3])


@hostile("batch.h5", None)
def a_giant_batch(path: Path) -> None:
    """A batch of a billion images; the batch is ours to choose."""
    with_first(path, batch_input_shape=[1_000_000_000, SIDE, SIDE, 3])


@hostile("stride.h5", RefusalCode.BAD_CONFIG)
def no_stride(path: Path) -> None:
    """A convolution that does not move."""
    with_first(path, strides=[0, 0])


@hostile("negative.h5", RefusalCode.BAD_CONFIG)
def negative(path: Path) -> None:
    """Fewer than no filters."""
    with_first(path, filters=-4)


@hostile("text.h5", RefusalCode.BAD_CONFIG)
def text_for_numbers(path: Path) -> None:
    """Text where a number belongs."""
    with_first(path, filters="__import__('os').system('touch touched')")


@hostile("infinite.h5", RefusalCode.BAD_CONFIG)
def infinite(path: Path) -> None:
    """Infinity where a number belongs."""
    with_first(path, filters=float("inf"))


@hostile("long_number.h5", RefusalCode.BAD_CONFIG)
def long_number(path: Path) -> None:
    """A number of a hundred thousand digits, which takes long to read."""
    config = json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": keras_files.keras_2_layers()}})
    write_text(path, config.replace('"filters": 4', '"filters": ' + "9" * 100_000))


@hostile("bare_list.h5", RefusalCode.BAD_CONFIG)
def list_for_a_model(path: Path) -> None:
    """A list where the model belongs."""
    write_text(path, json.dumps(keras_files.keras_2_layers()))


@hostile("class_list.h5", RefusalCode.BAD_CONFIG)
def list_for_a_class(path: Path) -> None:
    """A list where the name of a class belongs."""
    layers = keras_files.keras_2_layers()
    layers[1]["class_name"] = ["os", "system"]
    write(path, layers)


@hostile("same_names.h5", RefusalCode.MISMATCHED_WEIGHTS)
def same_names(path: Path) -> None:
    """Two layers of one name: what is checked is not what is used."""
    layers = keras_files.keras_2_layers(("conv2d_1", "pool", "conv2d_1", "flatten", "dense_1"))
    write(path, layers)


def graph(path: Path, change: Callable[[list[Json]], Any]) -> None:
    """A good graph of Keras 2.4, with changes to its layers."""
    layers = keras_files.keras_2_layers()
    shape = layers[0]["config"].pop("batch_input_shape")
    layers.insert(0, keras_files.input_layer("input_1", batch_input_shape=shape))
    config = keras_files.functional(layers, keras_files.keras_2_call, "model")
    change(config["layers"])
    keras_files.write_h5(path, {"class_name": "Model", "config": config}, keras_files.weights_of(NAMES))


@hostile("tensor_number.h5", None)
def tensor_that_is_none(path: Path) -> None:
    """A layer fed by the millionth tensor of one that gives a single one, to be taken for another."""

    def change(layers: list[Json]) -> None:
        layers[-1]["inbound_nodes"][0][0][2] = 10**6

    graph(path, change)


@hostile("permutation.h5", RefusalCode.BAD_CONFIG)
def permutation(path: Path) -> None:
    """Axes that are named by fractions: equal to the whole numbers, and no index."""
    fed_by(path, layer("Permute", "permute", dims=[2.0, 1.0, 3.0]))


@hostile("cycle.h5", RefusalCode.BAD_CONFIG)
def cycle(path: Path) -> None:
    """A graph whose beginning waits for its end."""

    def change(layers: list[Json]) -> None:
        layers[1]["inbound_nodes"] = [[["conv2d_2", 0, 0, {}]]]

    graph(path, change)


@hostile("self_cycle.h5", RefusalCode.BAD_CONFIG)
def layer_on_itself(path: Path) -> None:
    """A layer that waits for itself."""

    def change(layers: list[Json]) -> None:
        layers[1]["inbound_nodes"] = [[["conv2d_1", 0, 0, {}]]]

    graph(path, change)


@hostile("nobody.h5", RefusalCode.BAD_CONFIG)
def input_from_nobody(path: Path) -> None:
    """A layer fed by one that is not there."""

    def change(layers: list[Json]) -> None:
        layers[1]["inbound_nodes"] = [[["nobody", 0, 0, {}]]]

    graph(path, change)


@hostile("node_index.h5", None)
def call_that_never_was(path: Path) -> None:
    """A layer fed by the billionth call of another."""

    def change(layers: list[Json]) -> None:
        layers[2]["inbound_nodes"] = [[["conv2d_1", 1_000_000_000, 0, {}]]]

    graph(path, change)


@hostile("names.h5", None)
def names_that_are_commands(path: Path) -> None:
    """Layer names that are markup, commands of a terminal, or change the direction of writing."""
    first = "<script>alert(1)<script>\x1b[2J\u202e**bold** :material/x:"
    layers = keras_files.keras_2_layers((first, "pool", "conv2d_2", "flatten", "dense_1"))
    config = {"class_name": "Sequential", "config": {"name": "$\\int$" * 50, "layers": layers}}
    good = keras_files.weights_of(NAMES)
    keras_files.write_h5(path, config, {first: good["conv2d_1"], **{name: good[name] for name in NAMES[1:]}})


@hostile("no_pictures.h5", RefusalCode.NO_IMAGE_LAYERS)
def no_pictures(path: Path) -> None:
    """A network of numbers, without an image in it."""
    dense = layer("Dense", "dense_1", units=2, batch_input_shape=[None, keras_files.FLAT], activation="linear")
    write(path, [dense])
