"""The computation of patterns and network outputs: the only package that imports Keras and TensorFlow.

It runs in worker processes.
"""

from filterviz.engine.engine import Engine

__all__ = ["Engine"]
