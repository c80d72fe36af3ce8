# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of VCT files with the original shapes, without the VCT reader."""

import numpy as np
import pandas as pd
import shapely


def list_polygon_edges(shapes, decimals=4):
    """Return the (e, 4) edges of polygons as x, y, x, y; common edges are repeated.

    The lower end of an edge is first.
    """
    xy, ring = shapely.get_coordinates(shapely.get_rings(shapes), return_index=True)
    xy = np.round(xy, decimals) + 0.0
    along = (ring[1:] == ring[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    return _order_edge_ends(xy[:-1][along], xy[1:][along])


def _order_edge_ends(a, b):
    back = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    return np.where(back[:, None], np.hstack([b, a]), np.hstack([a, b]))


def read_vct_edges(path, code="1099000000"):
    """Return the (e, 4) edges of the polygon boundary lines in a VCT file."""
    starts, ends, last = [], [], None
    with path.open("rb") as lines:
        for line in lines:
            if line.startswith(b"LineBegin"):
                break
        while (ident := next(lines).strip()) != b"LineEnd":
            assert ident.isdigit()
            own = next(lines).strip().decode() == code
            count = int([next(lines) for _ in range(5)][-1])
            for number in range(count):
                place = next(lines)
                if own and number:
                    starts.append(last)
                    ends.append(place)
                last = place
            assert next(lines).strip() == b"0"
    return _order_edge_ends(_parse_positions(starts), _parse_positions(ends))


def _parse_positions(places):
    return np.array([float(n) for n in b",".join(places).split(b",")]).reshape(-1, 2)


def count_distinct_edges(edges):
    """Return the distinct edges: (d,) counts, and the edges as rows."""
    return np.unique(np.ascontiguousarray(edges).view([("", float)] * 4).ravel(), return_counts=True)[::-1]


def assert_every_edge_once(shapes, path):
    """Return the number of distinct edges of polygons.

    Fail unless the VCT file has exactly these edges, once each.
    """
    _, drawn = count_distinct_edges(list_polygon_edges(shapes))
    often, written = count_distinct_edges(read_vct_edges(path))
    assert often.max(initial=1) == 1
    assert len(drawn) == len(written) and (drawn == written).all()
    return len(drawn)


def count_differing_values(given, back):
    """Return how many values differ between two tables with the same rows."""
    assert len(given) == len(back)
    names = [c for c in given if c != given.geometry.name]
    assert names == [c for c in back if c != back.geometry.name]
    return sum(_mark_unequal(given[name].reset_index(drop=True), back[name].reset_index(drop=True)) for name in names)


def _mark_unequal(given, back):
    missing = given.isna() | (given.astype(str) == "")
    both = ~missing & ~back.isna()
    one, other = given[both], back[both]
    if given.dtype.kind in "if":
        same = np.isclose(other.astype(float), one.astype(float), rtol=2e-14, atol=1e-12)
    elif given.dtype.kind == "M":
        same = (pd.to_datetime(other) == one).to_numpy()
    else:
        same = (other.astype(str) == one.astype(str)).to_numpy()
    return int((missing != back.isna()).sum() + (~np.asarray(same)).sum())
