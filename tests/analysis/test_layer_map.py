from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from filterviz.analysis.layer_map import layer_map
from filterviz.spec import LayerSpec, ModelSpec, NodeSpec


def network(*inputs: tuple[int, ...], layers: list[int] | None = None) -> ModelSpec:
    """A network of nodes with these inputs, each of a layer of its own unless other ``layers`` are given."""
    called = layers if layers is not None else list(range(len(inputs)))
    nodes = tuple(NodeSpec(layer, given) for layer, given in zip(called, inputs, strict=True))
    specs = tuple(LayerSpec(f"l{number}", "Conv2D") for number in range(max(called) + 1))
    return ModelSpec("m", specs, nodes, (0,), (len(nodes) - 1,))


@st.composite
def networks(draw: st.DrawFn) -> ModelSpec:
    inputs: list[tuple[int, ...]] = [()]
    for number in range(1, draw(st.integers(1, 25))):
        inputs.append(tuple(draw(st.sets(st.integers(0, number - 1), min_size=1, max_size=3))))
    return network(*inputs)


@given(networks())
def test_every_connection_is_a_line_and_no_two_lines_lie_on_each_other(spec: ModelSpec) -> None:
    found = layer_map(spec)
    assert found.layers == tuple(range(len(spec.layers)))
    drawn = {(row - 1, row) for row, joined in enumerate(found.joined) if joined}
    drawn |= {(arc.start, end) for arc in found.arcs for end in arc.ends}
    assert drawn == {(source, at) for at, node in enumerate(spec.nodes) for source in node.inputs}
    for one, other in combinations(found.arcs, 2):
        apart = one.ends[-1] <= other.start or other.ends[-1] <= one.start
        assert one.lane != other.lane or apart


def test_a_shortcut_is_an_arc_and_an_inner_one_runs_closer() -> None:
    found = layer_map(network((), (0,), (1,), (1, 2), (0, 3)))
    assert found.joined == (False, True, True, True, True)
    assert [(arc.start, arc.ends, arc.lane) for arc in found.arcs] == [(0, (4,), 1), (1, (3,), 0)]


def test_branches_that_stand_below_each_other_are_not_joined() -> None:
    found = layer_map(network((), (0,), (0,), (1, 2)))
    assert found.joined == (False, True, False, True)


def test_a_layer_that_is_called_twice_has_one_row() -> None:
    found = layer_map(network((), (0,), (1,), (2,), layers=[0, 1, 2, 1]))
    assert found.layers == (0, 1, 2)
    assert found.arcs == ()
