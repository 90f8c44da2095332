from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from filterviz.settings import Settings
from filterviz.spec import OBJECTIVES, RECIPES, LayerSpec, ModelSpec, PixelRange
from filterviz.ui.i18n import LANGUAGES
from filterviz.ui.view import COUNTS, EVERY, GLIMPSE, SORTS, OpenTile, View

SETTINGS = Settings()

views = st.builds(
    View,
    token=st.text("0123456789abcdef", min_size=24, max_size=24),
    architecture=st.sampled_from(["", "vgg16", "mobilenetv2-0.35"]),
    checkpoints=st.lists(st.text("0123456789abcdef", min_size=24, max_size=24), unique=True, max_size=24).map(tuple),
    other=st.sampled_from(["", "untrained", "0123456789abcdef01234567"]),
    third=st.booleans(),
    layers=st.lists(st.integers(0, 99), unique=True, max_size=12).map(tuple),
    at=st.none() | st.integers(0, 99),
    overview=st.booleans(),
    beside=st.dictionaries(st.integers(0, 99), st.integers(0, 99)),
    recipe=st.builds(
        replace,
        st.sampled_from([*RECIPES.values(), *(replace(RECIPES["natural"], objective=name) for name in OBJECTIVES)]),
        size=st.integers(1, SETTINGS.max_size),
        steps=st.integers(1, SETTINGS.max_steps),
        seed=st.integers(0, 2**31 - 1),
    ),
    count=st.sampled_from(COUNTS),
    pages=st.dictionaries(st.integers(0, 99), st.integers(2, 99)),
    sort=st.sampled_from(SORTS),
    pixel_range=st.sampled_from(PixelRange),
    tile=st.none() | st.builds(OpenTile, st.integers(0, 99), st.integers(0, 2), st.integers(0, 9999)),
    stopped=st.booleans(),
    language=st.sampled_from(["", *LANGUAGES]),
    help=st.booleans(),
)


@given(views)
def test_an_address_brings_the_view_back(view: View) -> None:
    assert View.from_query(view.to_query(), SETTINGS) == view


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "m",
                "files",
                "at",
                "tile",
                "layers",
                "beside",
                "recipe",
                "size",
                "steps",
                "count",
                "range",
                "page",
                "sort",
            ]
        ),
        st.text(),
    )
)
def test_any_address_is_some_view(params: dict[str, str]) -> None:
    view = View.from_query(params, SETTINGS)
    assert 1 <= view.recipe.size <= SETTINGS.max_size
    assert 1 <= view.recipe.steps <= SETTINGS.max_steps
    assert len(view.layers) <= 12
    assert len(view.checkpoints) <= 24
    assert view.count in COUNTS


def network(*kinds: str) -> ModelSpec:
    layers = [
        LayerSpec(f"layer{at}", kind, channels=None if kind == "Flatten" else 30, visualisable=kind != "Flatten")
        for at, kind in enumerate(kinds)
    ]
    return ModelSpec("m", tuple(layers), (), (), ())


def test_an_address_for_another_network_shows_what_fits() -> None:
    spec = network("Conv2D", "Flatten", "Conv2D")
    view = View(layers=(0, 1, 2, 77), beside={0: 99, 2: 1})
    assert view.fitted(spec).layers == (0, 2)
    reference = replace(network("Conv2D", "Conv2D"), name="vgg16")
    assert view.counterpart(0, spec, reference) in reference.layers
    assert view.counterpart(2, spec, reference) == reference.layers[1]
    assert view.request(0, spec).filters == tuple(range(25))
    assert replace(view, count=64).request(0, spec).filters == tuple(range(30))
    assert replace(view, count=EVERY).request(0, spec).filters == tuple(range(30))
    assert View(layers=(77,)).fitted(spec).layers == (0, 2), "nothing fits: as before anybody chose"


def test_one_of_the_chosen_layers_is_looked_at() -> None:
    spec = network("Conv2D", "Conv2D", "Conv2D", "Flatten", "Conv2D")
    assert View().fitted(spec).at == 2, "neither the first nor the last"
    assert View(at=4).fitted(spec).at == 4
    assert View(layers=(0, 1), at=4).fitted(spec).at in (0, 1)
    assert View(tile=OpenTile(1, 0, 7)).fitted(spec).at == 1, "a link to a tile"
    view = View(layers=(0, 1, 4), at=1)
    assert view.shown == (1,)
    assert replace(view, overview=True).shown == (0, 1, 4)
    assert view.glimpse(4, spec).filters == tuple(range(GLIMPSE))


def test_what_belongs_to_other_work_is_not_carried_along() -> None:
    """Neither the open tile nor Stop; another order of the same tiles keeps both."""
    view = View(layers=(0, 1), at=0, tile=OpenTile(0, 1, 3), stopped=True)
    for kept in (view.change(sort="response"), view.change(language="zh"), view.change(help=True)):
        assert (kept.tile, kept.stopped) == (view.tile, True)
    for other in (view.change(at=1), view.change(count=64), view.change(other="untrained"), view.change(overview=True)):
        assert (other.tile, other.stopped) == (None, False)
    assert view.change(tile=OpenTile(0, 0, 1)).tile == OpenTile(0, 0, 1)


def test_a_page_counts_filters_of_both_sides() -> None:
    spec = network("Conv2D")
    view = View(layers=(0,), pages={0: 2})
    assert view.request(0, spec).filters == view.other_request(0, spec.layers[0]).filters == tuple(range(25, 30))
    assert view.pages_of(spec.layers[0]) == 2
    assert view.change(count=64).pages == {}
    assert view.change(count=25).pages == {0: 2}
