# SPDX-License-Identifier: GPL-2.0-or-later
"""Reader of the case files: ``name | layer a | layer b | expected``.

A layer is a list of WKT or calls of functions in `shapes`, separated by `;`, or empty; ``NULL`` is a row without a
shape. Invalid shapes are repaired as in a plan. Expected areas in m²: ``a0b1=25`` is shared by row 0 of a and row 1 of b,
``25+4`` in two connected parts; ``a0a1``, ``b0b1`` within a layer; ``a0=10`` is the part of row 0 of a that b does not
cover, ``b0`` the reverse. Pairs that are not named share no area. Long layers have totals: ``ab``, ``aa``, ``bb``, ``a``,
``b``. ``ignored=0.2`` are slivers ignored in a × b, ``bare_ignored`` those ignored in uncovered parts of a.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from plugin.core.geometry.validity import repair_polygon
from tests.cases import shapes

CASES_FOLDER = Path(__file__).parent
_CASE_FILE_FUNCTIONS = {k: v for k, v in vars(shapes).items() if callable(v)} | {
    "area": lambda s: float(shapely.area(s))
}


@dataclass(frozen=True)
class Case:
    """A geometry case: two layers and the expected overlay areas.

    ``expected``: key of a pair of rows → areas, m², of its connected parts.
    """

    name: str
    a: np.ndarray
    b: np.ndarray
    expected: dict[str, tuple[float, ...]]
    totals: frozenset[str]

    def get_areas(self, layers: str, *rows: int) -> tuple[float, ...]:
        """Return the expected areas (m²) of a row or pair of rows.

        ``layers``: ``ab``, ``aa``, ``bb``, ``a`` or ``b``, the layer of each row.
        """
        return self.expected.get("".join(f"{side}{row}" for side, row in zip(layers, rows, strict=True)), ())

    def total(self, layers: str) -> float:
        """Return the expected sum, m², of a kind: ``ab``, ``aa``, ``bb``, ``a`` or ``b``.

        Two letters are the area that the layers share, one letter what the other layer leaves uncovered.
        """
        if layers in self.totals:
            return sum(self.expected[layers])
        pattern = "".join(rf"{side}\d+" for side in layers)
        return sum(sum(v) for k, v in self.expected.items() if re.fullmatch(pattern, k))


def read_cases(file: str) -> list[Case]:
    """Return the geometry cases of a file in order.

    Raise ValueError with the line that cannot be parsed.
    """
    found = []
    for number, line in enumerate((CASES_FOLDER / file).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, a, b, expected = (part.strip() for part in line.split("|"))
            tokens = dict(token.split("=", 1) for token in expected.split())
            values = {k: tuple(_evaluate_number(part) for part in v.split("+")) for k, v in tokens.items()}
            totals = frozenset(k for k in values if not re.search(r"\d", k))
            found.append(Case(name, _parse_layer(a), _parse_layer(b), values, totals))
        except (ValueError, NameError, SyntaxError, shapely.GEOSException) as error:
            raise ValueError(f"{file}:{number}: {error}") from error
    names = [case.name for case in found]
    assert len(set(names)) == len(names), f"{file}: a name comes twice"
    return found


def _evaluate_number(text: str) -> float:
    """Return the number of an expression such as ``teeth(400)``."""
    return float(eval(text, {"__builtins__": {}}, _CASE_FILE_FUNCTIONS))


def _parse_layer(text: str) -> np.ndarray:
    """Return the shapes of a layer's text; a missing shape is None."""
    shapes: list = []
    for part in (p.strip() for p in text.split(";")):
        if part in ("", "NULL"):
            shapes += [None] if part else []
        elif part.startswith(("POLYGON", "MULTIPOLYGON", "GEOMETRYCOLLECTION")):
            shapes.append(shapely.from_wkt(part))
        else:
            one = eval(part, {"__builtins__": {}}, _CASE_FILE_FUNCTIONS)
            shapes += one if isinstance(one, list) else [one]
    layer = np.empty(len(shapes), dtype=object)
    layer[:] = [
        s if s is None or (s.is_valid and s.geom_type != "GeometryCollection") else repair_polygon(s) for s in shapes
    ]
    return layer
