"""Putting things in a row in which alike ones stand together, given how far apart any two of them are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def order(apart: NDArray[np.floating]) -> list[int]:
    """The things in a row in which alike ones stand together; the same row every time.

    They are first put in the order of the Fiedler vector of the graph in which alike ones are linked (Atkins, Boman &
    Hendrickson 1998, "A spectral algorithm for seriation"), which gets the row right as a whole. Then pieces of the row
    are turned round as long as that makes it shorter (2-opt, Croes 1958), which gets neighbours right.

    Args:
        apart: the distances, ``[n, n]``, symmetric.

    Returns:
        Indices of all; of the two ends of the row, the one with the smaller index comes first.

    Example:
        >>> places = np.array([[0.0], [3.0], [1.0], [2.0]])
        >>> order(np.abs(places - places.T))
        [0, 2, 3, 1]
    """
    if len(apart) < 3 or not apart.any():
        return list(range(len(apart)))
    exact = apart.astype(np.float64)
    row = _shortened(_fiedler(exact), exact)
    return [int(index) for index in (row if row[0] < row[-1] else row[::-1])]


def _fiedler(apart: NDArray[np.float64]) -> NDArray[np.intp]:
    """The order of the smoothest wave over the graph: the second eigenvector of its normalised Laplacian."""
    count = len(apart)
    # Near is what a tile's own neighbourhood calls near (Zelnik-Manor & Perona 2004): walls have crowds and loners.
    near = np.sort(apart, axis=1)[:, min(7, count - 1)] + 1e-9
    alike = np.exp(-np.square(apart) / np.outer(near, near)) + 1e-6
    root = np.sqrt(alike.sum(axis=1))
    vectors = np.linalg.eigh(alike / np.outer(root, root))[1]
    # Rounded, so that tiles of equal rank keep the order they had.
    return np.argsort(np.round(vectors[:, -2] / root, 9), kind="stable")


def _shortened(row: NDArray[np.intp], apart: NDArray[np.float64]) -> NDArray[np.intp]:
    """The row, with pieces turned round until no turn makes it shorter.

    Args:
        row: indices, at least three.
        apart: the distances.
    """
    row = row.copy()
    steps = apart[row[:-1], row[1:]]
    for _ in range(len(row)):
        better = False
        for start in range(len(row) - 1):
            # What is won if the piece from `start` to each later place is turned round: at an end of the row there is
            # nobody on the other side.
            won = np.zeros(len(row) - start - 1)
            won[:-1] = steps[start + 1 :] - apart[row[start]].take(row[start + 2 :])
            if start:
                won += steps[start - 1] - apart[row[start - 1]].take(row[start + 1 :])
            best = int(won.argmax())
            if won[best] > 1e-9:
                stop = start + best + 2
                row[start:stop] = row[start:stop][::-1].copy()
                first, last = max(start - 1, 0), min(stop + 1, len(row))
                steps[first : last - 1] = apart[row[first : last - 1], row[first + 1 : last]]
                better = True
        if not better:
            break
    return row
