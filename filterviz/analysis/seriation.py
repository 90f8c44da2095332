"""Seriation: arranging items in a row so that similar ones are neighbours, given the distances between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def order(distances: NDArray[np.floating]) -> list[int]:
    """Arrange items in a row so that similar ones are neighbours. The same distances always give the same row.

    The items are first sorted by the Fiedler vector of their similarity graph (Atkins, Boman & Hendrickson 1998, "A
    spectral algorithm for seriation"), which gets the row right as a whole. Then segments of the row are reversed as
    long as that makes it shorter (2-opt, Croes 1958), which gets neighbours right.

    Args:
        distances: The distances, ``[n, n]``, symmetric.

    Returns:
        The indices of all items. Of the two ends of the row, the one with the smaller index comes first.

    Example:
        >>> positions = np.array([[0.0], [3.0], [1.0], [2.0]])
        >>> order(np.abs(positions - positions.T))
        [0, 2, 3, 1]
    """
    if len(distances) < 3 or not distances.any():
        return list(range(len(distances)))
    exact = distances.astype(np.float64)
    row = _shortened(_fiedler(exact), exact)
    return [int(index) for index in (row if row[0] < row[-1] else row[::-1])]


def _fiedler(distances: NDArray[np.float64]) -> NDArray[np.intp]:
    """The items sorted by the Fiedler vector, the second eigenvector of the graph's normalised Laplacian."""
    count = len(distances)
    # Scaled by the distances in each neighbourhood (Zelnik-Manor & Perona 2004): walls have clusters and outliers.
    scale = np.sort(distances, axis=1)[:, min(7, count - 1)] + 1e-9
    similarity = np.exp(-np.square(distances) / np.outer(scale, scale)) + 1e-6
    root = np.sqrt(similarity.sum(axis=1))
    vectors = np.linalg.eigh(similarity / np.outer(root, root))[1]
    # Rounded, so that items of equal rank keep their order.
    return np.argsort(np.round(vectors[:, -2] / root, 9), kind="stable")


def _shortened(row: NDArray[np.intp], distances: NDArray[np.float64]) -> NDArray[np.intp]:
    """The row with segments reversed until no reversal makes it shorter.

    Args:
        row: Indices of at least three items.
        distances: The distances.
    """
    row = row.copy()
    steps = distances[row[:-1], row[1:]]
    for _ in range(len(row)):
        better = False
        for start in range(len(row) - 1):
            # How much shorter the row becomes if the segment from `start` to each later position is reversed. At an end
            # of the row a segment has a neighbour on one side only.
            gain = np.zeros(len(row) - start - 1)
            gain[:-1] = steps[start + 1 :] - distances[row[start]].take(row[start + 2 :])
            if start:
                gain += steps[start - 1] - distances[row[start - 1]].take(row[start + 1 :])
            best = int(gain.argmax())
            if gain[best] > 1e-9:
                stop = start + best + 2
                row[start:stop] = row[start:stop][::-1].copy()
                first, last = max(start - 1, 0), min(stop + 1, len(row))
                steps[first : last - 1] = distances[row[first : last - 1], row[first + 1 : last]]
                better = True
        if not better:
            break
    return row
