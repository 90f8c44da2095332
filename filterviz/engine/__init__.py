"""From a rebuilt network and a recipe to patterns. The only place that imports Keras; it runs in child processes."""

from filterviz.engine.engine import Engine

__all__ = ["Engine"]
