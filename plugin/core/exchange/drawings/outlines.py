# SPDX-License-Identifier: GPL-2.0-or-later
"""Join the lines of one layer of a drawing, end to end, to closed outlines."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry.tolerance import Tolerance
from .drawing import DrawingLine, LeftOut, Ring

#: Two vertices this near are one (m).
_SAME_M = Tolerance().cluster_m
_MIN_RING_VERTICES = 4


@dataclass(frozen=True)
class _Chain:
    """Lines of one layer that are joined end to end. ``gap_m``: the largest gap that was bridged."""

    handles: tuple[str, ...]
    kinds: tuple[str, ...]
    layer: str
    vertices: NDArray
    gap_m: float = 0.0

    @property
    def end_gap_m(self) -> float:
        """Return the distance between both ends (m)."""
        return _measure_gap(self.vertices[0], self.vertices[-1])

    @property
    def length_m(self) -> float:
        """Return the length (m)."""
        return float(np.hypot(*np.diff(self.vertices, axis=0).T).sum())

    def leave_out(self, key: str, place: NDArray, gap_m: float | None = None) -> LeftOut:
        """Return the chain as left out, at a place."""
        x, y = place.tolist()
        return LeftOut(key, self.layer, self.handles, " ".join(self.kinds), (x, y), gap_m)

    def close(self) -> Ring:
        """Return the ring that ends exactly at the start of the chain."""
        vertices = self.vertices[:-1] if self.end_gap_m <= _SAME_M else self.vertices
        gap = max(self.gap_m, self.end_gap_m)
        closed = np.concatenate([vertices, self.vertices[:1]])
        return Ring(self.handles, self.layer, " ".join(self.kinds), closed, gap if gap > _SAME_M else 0.0)


def join_outlines(lines: Sequence[DrawingLine], closing_m: float) -> tuple[list[Ring], list[LeftOut]]:
    """Return the closed outlines of the lines of one layer, and the lines that do not close.

    Ends that meet are joined first, then those within the tolerance: no vertex moves, a straight segment bridges the
    gap. Where more than two ends meet, the outline is ambiguous, and its lines are left out.

    Parameters
    ----------
    lines
        Lines of one layer, coordinates in metres.
    closing_m
        Largest gap that is bridged (m).
    """
    rings, open_chains = [], []
    for line in lines:
        chain = _Chain((line.handle,), (line.kind,), line.layer, line.vertices)
        if len(line.vertices) >= _MIN_RING_VERTICES and chain.end_gap_m <= _SAME_M:
            rings.append(chain.close())
        else:
            open_chains.append(chain)
    kept: list[_Chain] = []
    double: list[LeftOut] = []
    seen: dict[bytes, str] = {}
    for chain in open_chains:
        rounded = np.round(chain.vertices / _SAME_M).astype(np.int64)
        key = min(rounded.tobytes(), rounded[::-1].tobytes())
        if key in seen:
            double.append(replace(chain.leave_out("double_line", chain.vertices[0]), params={"other": seen[key]}))
        else:
            seen[key] = chain.handles[0]
            kept.append(chain)
    open_chains, left_out = kept, double
    joined, open_chains, branched = _join_ends(open_chains, _SAME_M)
    left_out += branched
    rings += joined
    if closing_m > _SAME_M:
        left_out += [
            chain.leave_out("short", chain.vertices[0]) for chain in open_chains if chain.length_m <= closing_m
        ]
        open_chains = [chain for chain in open_chains if chain.length_m > closing_m]
        joined, open_chains, branched = _join_ends(open_chains, closing_m)
        left_out += branched
        rings += joined
    left_out += [chain.leave_out("open", chain.vertices[-1], chain.end_gap_m) for chain in open_chains]
    return rings, left_out


def _measure_gap(first: NDArray, second: NDArray) -> float:
    """Return the distance between two points (m)."""
    return float(np.hypot(*(first - second)))


@dataclass
class _EndGraph:
    """Lines as edges between groups of ends that meet.

    ``nodes``: (n, 2) group of the start and of the end of each line; ``lines_at``: group → lines, a line that begins
    and ends in the group twice.
    """

    nodes: NDArray
    lines_at: dict[int, list[int]]


def _make_graph(lines: Sequence[_Chain], tolerance_m: float) -> _EndGraph:
    """Return which ends of lines meet within a tolerance; ends are grouped by a chain of such pairs."""
    ends = np.array([[line.vertices[0], line.vertices[-1]] for line in lines]).reshape(-1, 2)
    points = shapely.points(ends)
    parents = list(range(len(points)))

    def find(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    pairs = shapely.STRtree(points).query(points, predicate="dwithin", distance=tolerance_m)
    for first, second in pairs.T.tolist():
        if first < second:
            parents[find(second)] = find(first)
    nodes = np.array([find(number) for number in range(len(points))]).reshape(-1, 2)
    lines_at: dict[int, list[int]] = defaultdict(list)
    for number, pair in enumerate(nodes.tolist()):
        for node in pair:
            lines_at[node].append(number)
    return _EndGraph(nodes, lines_at)


def _join_ends(lines: Sequence[_Chain], tolerance_m: float) -> tuple[list[Ring], list[_Chain], list[LeftOut]]:
    """Return the closed outlines, the open chains, and the lines that meet more than one other at an end.

    Ends meet within a tolerance.
    """
    rings: list[Ring] = []
    open_chains: list[_Chain] = []
    branched: list[LeftOut] = []
    if not lines:
        return rings, open_chains, branched
    graph = _make_graph(lines, tolerance_m)
    for component in _find_components(graph, len(lines)):
        degrees = Counter(node for number in component for node in graph.nodes[number].tolist())
        node, degree = degrees.most_common(1)[0]
        if degree > 2:
            place = lines[node // 2].vertices[-(node % 2)]
            branched.append(
                _merge([lines[number] for number in component], lines[0].vertices, 0.0).leave_out("branch", place)
            )
            continue
        chain = _walk(lines, graph, component)
        if min(degrees.values()) == 2:
            rings.append(chain.close())
        else:
            open_chains.append(chain)
    return rings, open_chains, branched


def _find_components(graph: _EndGraph, count: int) -> Iterable[list[int]]:
    """Yield the numbers of the lines that are connected with each other, each from a free end if there is one."""
    is_free = [any(len(graph.lines_at[node]) == 1 for node in pair) for pair in graph.nodes.tolist()]
    visited = [False] * count
    for start in sorted(range(count), key=lambda number: not is_free[number]):
        if visited[start]:
            continue
        visited[start] = True
        component, waiting = [], [start]
        while waiting:
            number = waiting.pop()
            component.append(number)
            for node in graph.nodes[number].tolist():
                for neighbour in graph.lines_at[node]:
                    if not visited[neighbour]:
                        visited[neighbour] = True
                        waiting.append(neighbour)
        yield component


def _walk(lines: Sequence[_Chain], graph: _EndGraph, component: Sequence[int]) -> _Chain:
    """Return connected lines as one chain.

    At most two meet in each group of ends; the first line of the component has a free end if any has.
    """
    number = component[0]
    is_forward = len(graph.lines_at[int(graph.nodes[number][1])]) > 1
    ordered: list[_Chain] = []
    parts: list[NDArray] = []
    gap = 0.0
    for _ in component:
        vertices = lines[number].vertices if is_forward else lines[number].vertices[::-1]
        if parts:
            step = _measure_gap(parts[-1][-1], vertices[0])
            gap = max(gap, step)
            vertices = vertices[1:] if step <= _SAME_M else vertices
        ordered.append(lines[number])
        parts.append(vertices)
        node = int(graph.nodes[number][1 if is_forward else 0])
        number = next((other for other in graph.lines_at[node] if other != number), number)
        is_forward = int(graph.nodes[number][0]) == node
    return _merge(ordered, np.concatenate(parts), gap)


def _merge(chains: Sequence[_Chain], vertices: NDArray, gap_m: float) -> _Chain:
    """Return one chain with the handles and kinds of several, and the given vertices."""
    handles = dict.fromkeys(handle for chain in chains for handle in chain.handles)
    kinds = dict.fromkeys(kind for chain in chains for kind in chain.kinds)
    gap = max(gap_m, *(chain.gap_m for chain in chains))
    return _Chain(tuple(handles), tuple(kinds), chains[0].layer, vertices, gap)
