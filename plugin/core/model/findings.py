# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings (问题) of rules, and reports of data that were not read.

A finding states what is wrong, where, and how much. It contains its geometry and refers to no feature.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field as fresh, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from ..base.files.data import check_type, make_unknown_value_error, read_record, read_value
from ..base.files.json_text import convert_to_plain_value, encode_json
from .indicator import REPORT_PATH
from .verdict import RULE_FAMILIES, Severity, get_rule_family

#: The columns of a findings table, in order; users rely on them.
FINDING_COLUMNS = (
    "code",
    "severity",
    "role",
    "key",
    "related_role",
    "related_keys",
    "field",
    "message",
    "params",
    "area_m2",
    "net_area_m2",
    "width_m",
    "township",
    "geom_kind",
    "fingerprint",
    "state",
)
#: The columns of a findings layer that hold numbers; the others hold text.
NUMERIC_FINDING_COLUMNS = ("area_m2", "net_area_m2", "width_m")
#: Half-width of the area that represents a line or a point in a findings layer, in metres.
MARK_RADIUS_M = 0.5
#: Findings that are written as text together.
_FINDINGS_PER_BATCH = 1000
#: Types of geometries by their dimension; the last is that of -1, the dimension of none.
_GEOM_KINDS = np.array(["point", "line", "area", "none"], dtype=object)
UNREAD_CODE = "RUN905"


@dataclass
class Finding:
    """A single problem that a rule found.

    ``role``, ``key``: layer code and key (BSM) of the row; ``related_role``, ``related_keys``: those of the other rows
    of the problem. ``area_m2``: statutory area of a whole feature; for a piece of one, the area within its edges as
    drawn on the same ellipsoid (`geometry.statutory_area`). ``net_area_m2``: net area (净面积). ``width_m``: 2 × area ÷
    perimeter. ``geometry``: where the problem is, in the plan's CRS.

    ``case`` selects one of the rule's messages, ``params`` fill it. ``by_place``: only the location distinguishes this
    finding from others. ``by_nodes_m2``: the area by stored vertices, if it differs. ``place``: longitude and latitude
    (degrees) of the location. The engine sets ``code``, ``message``, ``township`` and ``fingerprint``.
    """

    role: str
    key: str = ""
    related_role: str = ""
    related_keys: list[str] = fresh(default_factory=list)
    field: str = ""
    params: dict[str, Any] = fresh(default_factory=dict)
    area_m2: float | None = None
    net_area_m2: float | None = None
    width_m: float | None = None
    geometry: Any = None
    severity: Severity | None = None
    case: str = ""
    code: str = ""
    message: str = ""
    township: str = ""
    fingerprint: str = ""
    state: str = "open"
    by_place: bool = False
    #: True for a note on a case that is legal only with an approval. The data do not contain the approval; a waiver
    #: states its document.
    needs_approval: bool = False
    #: Area of a clipped part by its vertices alone, as 0.1.0 reported it; None if it is the same. Set by the engine.
    by_nodes_m2: float | None = None
    #: Longitude and latitude of the centre in degrees (EPSG:4490), unrounded; None without a place. Set by the engine.
    place: tuple[float, float] | None = None
    #: A geometry and its type, so that the type is computed once.
    _typed_geometry: tuple[Any, str] = fresh(default=(None, "none"), init=False, repr=False, compare=False)

    @property
    def geom_kind(self) -> str:
        """Return the type of the geometry: area, line, point or none."""
        if self._typed_geometry[0] is not self.geometry:
            set_geometries([self], [self.geometry])
        return self._typed_geometry[1]

    def copy_without_geometry(self, *, keeps_kind: bool) -> Finding:
        """Return a copy without geometry and place; ``keeps_kind``: its geometry type remains known."""
        copy = replace(self, geometry=None, place=None)
        copy._typed_geometry = (None, self.geom_kind if keeps_kind else "none")
        return copy

    @property
    def shape_hash(self) -> str:
        """Return the hash of a shape, if the finding is on all features with this shape; else an empty text."""
        return str(self.params.get("shape_hash", ""))

    @property
    def problem_name(self) -> tuple[Any, ...]:
        """Return code, case, layers, keys and field as the name of the problem.

        Two findings on one problem have equal names. Findings with equal names may still be on different problems,
        which their locations distinguish (`fixes.differences.is_same_problem`).
        """
        related_keys = tuple(sorted(self.related_keys))
        return self.code, self.case, self.role, self.key, self.field, self.related_role, related_keys

    def list_rows(self) -> list[tuple[str, str, int | None]]:
        """Return layer code, key and feature id (None where the key identifies it) of each row, the own row first."""
        related_fids = self.params.get("related_fids") or [self.params.get("related_fid")] * len(self.related_keys)
        related_rows = zip(self.related_keys, related_fids, strict=False)
        own_row = (self.role, self.key, self.params.get("fid"))
        return [own_row, *((self.related_role, key, fid) for key, fid in related_rows)]

    @property
    def area_by_vertices_m2(self) -> float | None:
        """Return the area (m²) by stored vertices, as version 0.1.0 measured it; None without an area."""
        return self.area_m2 if self.by_nodes_m2 is None else self.by_nodes_m2

    def row(self) -> dict[str, Any]:
        """Return the finding as a row of the findings layer: column name → plain value."""
        return self._make_columns(";".join(self.related_keys), encode_json(self.params))

    def _make_columns(self, related_keys: Any, params: Any) -> dict[str, Any]:
        """Return column name → value of the findings layer; related keys and parameters as given."""
        columns = {name: getattr(self, name) for name in FINDING_COLUMNS}
        return {**columns, "severity": str(self.severity or ""), "related_keys": related_keys, "params": params}

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as a dict for JSON: the columns of `row`, but with lists and exact WKT."""
        return next(iterate_finding_dicts([self]))

    @classmethod
    def from_dict(cls, data: Any, file: Path = REPORT_PATH, where: str = "") -> Finding:
        """Return the finding of a dict made by `to_dict`.

        ``file``, ``where``: for the DataError that other data raise.
        """
        table = check_type(data, dict, file=file, key=where)
        geometry = read_value(table.get("geometry"), str | None, file=file, key=f"{where}.geometry")
        table = {key: table[key] for key in table if key not in ("geom_kind", "geometry")}
        finding = read_record(cls, table, file=file, where=where)
        try:
            finding.geometry = shapely.from_wkt(geometry) if geometry else None
        except shapely.errors.ShapelyError as error:
            raise make_unknown_value_error(file, f"{where}.geometry", geometry[:40], ("WKT",)) from error
        return finding


def set_geometries(findings: Sequence[Finding], geometries: ArrayLike) -> None:
    """Set the geometry of each finding, in place; their types are computed together."""
    shapes = np.array(geometries, dtype=object)
    kinds = _GEOM_KINDS[np.where(shapely.is_empty(shapes), -1, shapely.get_dimensions(shapes))]
    for finding, shape, kind in zip(findings, shapes, kinds.tolist(), strict=True):
        finding.geometry, finding._typed_geometry = shape, (shape, kind)


def make_layer_geometries(findings: Sequence[Finding]) -> NDArray:
    """Return (n,) multipolygons of findings for a findings layer; None for a finding without geometry.

    Areas are exact; a line or a point becomes a small polygon around it.
    """
    shapes = np.array([finding.geometry for finding in findings], dtype=object)
    shapes[shapely.is_empty(shapes)] = None
    marked = np.isin(shapely.get_dimensions(shapes), (0, 1))
    shapes[marked] = shapely.buffer(shapes[marked], MARK_RADIUS_M)
    for row in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION).tolist():
        polygons = shapely.get_parts(shapely.get_parts([shapes[row]]))
        shapes[row] = shapely.multipolygons(polygons[shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON])
    single = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
    shapes[single] = shapely.multipolygons(shapes[single], indices=np.arange(len(single)))
    return shapes


def iterate_finding_dicts(findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    """Yield findings as dicts for JSON, as `Finding.to_dict`; the WKT of many are made together."""
    for rows in iterate_batches(len(findings)):
        batch = findings[rows]
        shapes = np.array([None if f.geom_kind == "none" else f.geometry for f in batch], dtype=object)
        for finding, text in zip(batch, shapely.to_wkt(shapes, rounding_precision=-1).tolist(), strict=True):
            row = finding._make_columns(list(finding.related_keys), convert_to_plain_value(finding.params))
            row["case"] = finding.case
            if finding.needs_approval:
                row["needs_approval"] = True
            row["geometry"] = text
            yield row


def iterate_batches(count: int) -> Iterator[slice]:
    """Yield slices of a number of findings, many in each."""
    for start in range(0, count, _FINDINGS_PER_BATCH):
        yield slice(start, min(start + _FINDINGS_PER_BATCH, count))


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings sorted by rule, role, keys, field and case, then by fingerprint.

    So the result does not depend on the order of the argument.
    """
    findings = list(findings)
    family_positions = {code: RULE_FAMILIES.index(get_rule_family(code)) for code in {f.code for f in findings}}
    return sorted(
        findings,
        key=lambda f: (
            family_positions[f.code], f.code, f.role, f.key, f.related_role, f.related_keys, f.field, f.case, f.fingerprint,  # noqa: E501 - a table
        ),
    )  # fmt: skip


def set_fingerprints(findings: Iterable[Finding]) -> None:
    """Set the fingerprint of each finding, in place: its stable identity in all checks.

    It is a hash of code, roles, sorted keys and field; where several findings agree in these, also of the location. On
    features with equal shapes the shape takes the place of the keys, so that one copy more or less changes nothing. A
    finding on one of many connected pieces (``by_place``) always includes the location. Otherwise a piece added or
    removed elsewhere would change its fingerprint, and a waiver would be lost or pass to another finding.

    The location is the centre (``Finding.place``), rounded to 1e-4° (about 10 m), so that an edit nearby or another
    projection changes nothing. Areas only order the findings at one location, because an additional vertex on a slanted
    edge changes a statutory area. Areas by vertices are used, so that fingerprints remain those of 0.1.0.
    """
    located_by_base: dict[str, list[Finding]] = defaultdict(list)
    findings = list(findings)
    bases = [
        _hash_texts(
            [f.code, f.role, f.shape_hash]
            if f.shape_hash
            else [f.code, f.case, f.role, f.related_role, ";".join(sorted([f.key, *f.related_keys])), f.field]
        )
        for f in findings
    ]
    counts = Counter(bases)
    for finding, base in zip(findings, bases, strict=True):
        if counts[base] == 1 and not finding.by_place:
            finding.fingerprint = base
        else:
            located_by_base[base].append(finding)
    for base, findings_of_base in located_by_base.items():
        use_counts: dict[str, int] = defaultdict(int)
        for finding in sorted(findings_of_base, key=lambda f: -round(f.area_by_vertices_m2 or 0.0, 1)):
            # Rounded twice, as in 0.1.0: once would differ at a half.
            lon, lat = (round(degrees, 5) for degrees in finding.place or (0.0, 0.0))
            name = _hash_texts([base, f"{lon:.4f}", f"{lat:.4f}"])
            use_counts[name] += 1
            finding.fingerprint = name if use_counts[name] == 1 else _hash_texts([name, str(use_counts[name])])


def _hash_texts(parts: Sequence[str]) -> str:
    """Return the hash of a fingerprint's texts."""
    return hashlib.sha256("|".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


@dataclass(frozen=True)
class UnreadData:
    """Data of a source that were not read.

    ``case`` selects the message, ``params`` fill it. ``incomplete``: the data may contain a layer of the plan, so the
    verdict is at best 未完成; if False, it is at best 有条件通过.
    """

    case: str
    params: dict[str, Any] = fresh(default_factory=dict, hash=False)
    incomplete: bool = True

    def make_finding(self) -> Finding:
        """Return a finding RUN905 about these data, without a message."""
        role, *names = (str(self.params.get(key, "")) for key in ("role", "layer_name", "name", "file", "folder"))
        return Finding(
            role=role,
            code=UNREAD_CODE,
            case=self.case,
            severity=Severity.WARNING,
            params={**self.params, "incomplete": self.incomplete},
            fingerprint=_hash_texts([UNREAD_CODE, self.case, role, *names]),
        )


def is_about_unread_data(finding: Finding) -> bool:
    """Return True if a finding reports unread data that may contain a layer of the plan."""
    return finding.code == UNREAD_CODE and finding.params.get("incomplete") is not False
