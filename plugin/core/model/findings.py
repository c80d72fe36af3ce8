# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings (问题) of rules, and reports of data that were not read.

A finding states what is wrong, where, and how much. It owns its geometry and has no reference to a feature.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from dataclasses import field as fresh
from typing import Any

import numpy as np
import shapely

from .rule import RULE_FAMILIES, Severity

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


@dataclass
class Finding:
    """A single problem that a rule found.

    ``role``, ``key``: layer code and key (BSM) of the row; ``related_role``, ``related_keys``: those of the rows on
    the other side. ``area_m2``: statutory area of a whole feature; for a clipped part, the area within its edges as
    drawn on the same ellipsoid (`geometry.statutory_area`). ``net_area_m2``: net area (净面积). ``width_m``: 2 × area
    ÷ perimeter. ``geometry``: where the problem is, in the plan's CRS. ``case`` selects one of the rule's messages,
    ``params`` fill it. ``by_place``: only the location distinguishes this finding from others. The
    engine sets ``code``, ``message``, ``township`` and ``fingerprint``.
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

    @property
    def geom_kind(self) -> str:
        """Return the type of the geometry: area, line, point or none."""
        if self.geometry is None or self.geometry.is_empty:
            return "none"
        return {0: "point", 1: "line", 2: "area"}[int(shapely.get_dimensions(self.geometry))]

    @property
    def area_by_vertices_m2(self) -> float | None:
        """Return the area as version 0.1.0 measured it: by stored vertices."""
        return self.area_m2 if self.by_nodes_m2 is None else self.by_nodes_m2

    def make_layer_geometry(self) -> Any:
        """Return the multipolygon for a findings layer; None without geometry.

        Areas are exact; a line or a point becomes a small polygon around it.
        """
        geometry_type = self.geom_kind
        if geometry_type == "none":
            return None
        shape = self.geometry
        if geometry_type != "area":
            shape = shapely.buffer(shape, MARK_RADIUS_M)
        polygons = [geometry for geometry in shapely.get_parts([shape]) if geometry.geom_type == "Polygon"]
        if shape.geom_type == "GeometryCollection":
            polygons = [
                polygon
                for geometry in shapely.get_parts([shape])
                for polygon in shapely.get_parts([geometry])
                if polygon.geom_type == "Polygon"
            ]
        return shapely.multipolygons(polygons)

    def row(self) -> dict[str, Any]:
        """Return the columns of the findings layer as plain values."""
        return {
            "code": self.code,
            "severity": str(self.severity or ""),
            "role": self.role,
            "key": self.key,
            "related_role": self.related_role,
            "related_keys": ";".join(self.related_keys),
            "field": self.field,
            "message": self.message,
            "params": json.dumps(self.params, ensure_ascii=False, default=convert_to_plain_value),
            "area_m2": self.area_m2,
            "net_area_m2": self.net_area_m2,
            "width_m": self.width_m,
            "township": self.township,
            "geom_kind": self.geom_kind,
            "fingerprint": self.fingerprint,
            "state": self.state,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return a dict for JSON: the columns of `row`, with lists and exact WKT."""
        row = self.row()
        row["related_keys"] = list(self.related_keys)
        row["params"] = {k: convert_to_plain_value(v) for k, v in self.params.items()}
        row["case"] = self.case
        if self.needs_approval:
            row["needs_approval"] = True
        row["geometry"] = None if self.geom_kind == "none" else shapely.to_wkt(self.geometry, rounding_precision=-1)
        return row

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Finding:
        """Return the finding of a dict made by `to_dict`."""
        values = {k: v for k, v in row.items() if k not in ("geom_kind", "geometry", "severity")}
        geometry = shapely.from_wkt(row["geometry"]) if row.get("geometry") else None
        return cls(**values, geometry=geometry, severity=Severity(row["severity"]))


def convert_to_plain_value(value: Any) -> Any:
    """Return numpy and pandas scalars as plain Python values, for JSON."""
    if isinstance(value, list | tuple | set):
        return [convert_to_plain_value(v) for v in value]
    if isinstance(value, dict):
        return {k: convert_to_plain_value(v) for k, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings sorted by rule, role, keys, field and case.

    The result does not depend on the order of the argument; ties are sorted by fingerprint.
    """
    return sorted(
        findings,
        key=lambda f: (
            RULE_FAMILIES.index(f.code[:3]), f.code, f.role, f.key, f.related_role, f.related_keys, f.field, f.case, f.fingerprint,  # noqa: E501 - a table
        ),
    )  # fmt: skip


def set_fingerprints(findings: Iterable[Finding], places: dict[int, tuple[float, float]]) -> None:
    """Set the fingerprint of each finding, in place: a stable identity across checks.

    It is a hash of code, roles, sorted keys and field; findings that agree in these also include their location. A
    finding that is one connected part of many (``by_place``) always includes the location. Otherwise a
    part added or removed elsewhere would change its fingerprint, and a waiver would be lost or pass to another finding.

    Parameters
    ----------
    findings
        Changed in place.
    places
        id(finding) → (longitude, latitude) in degrees (EPSG:4490). They are rounded to 1e-4° (about 10 m), so that an
        edit nearby or another projection changes nothing. Areas only order the findings at one location, because an
        additional vertex on a slanted edge changes a statutory area. Areas by vertices are used, so that fingerprints
        remain those of 0.1.0.
    """
    by_base_fingerprint: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        identity = [
            finding.code,
            finding.case,
            finding.role,
            finding.related_role,
            ";".join(sorted([finding.key, *finding.related_keys])),
            finding.field,
        ]
        by_base_fingerprint[_hash_parts(identity)].append(finding)
    for base, findings_of_base in by_base_fingerprint.items():
        if len(findings_of_base) == 1 and not findings_of_base[0].by_place:
            findings_of_base[0].fingerprint = base
            continue
        use_counts: dict[str, int] = defaultdict(int)
        for finding in sorted(findings_of_base, key=lambda f: -round(f.area_by_vertices_m2 or 0.0, 1)):
            lon, lat = places.get(id(finding), (0.0, 0.0))
            name = _hash_parts([base, f"{lon:.4f}", f"{lat:.4f}"])
            use_counts[name] += 1
            finding.fingerprint = name if use_counts[name] == 1 else _hash_parts([name, str(use_counts[name])])


def _hash_parts(parts: list[str]) -> str:
    return hashlib.sha256("|".join(parts).encode("utf-8")).hexdigest()[:20]


UNREAD_CODE = "RUN905"


@dataclass(frozen=True)
class UnreadData:
    """Data of a source that were not read.

    ``case`` selects the message, ``params`` fill it. ``incomplete``: the data may contain a layer of the plan, so the
    verdict is at best 未完成; otherwise it is at best 有条件通过.
    """

    case: str
    params: dict[str, Any] = field(default_factory=dict, hash=False)
    incomplete: bool = True

    def make_finding(self) -> Finding:
        """Return a finding RUN905 on these data, without a message."""
        finding = Finding(role=str(self.params.get("role", "")), params={**self.params, "incomplete": self.incomplete})
        finding.code, finding.case, finding.severity = UNREAD_CODE, self.case, Severity.WARNING
        name = "|".join(str(self.params.get(key, "")) for key in ("layer_name", "name", "file", "folder"))
        finding.fingerprint = hashlib.sha256(f"{UNREAD_CODE}|{self.case}|{finding.role}|{name}".encode()).hexdigest()[
            :20
        ]
        return finding


def add_unread_data_findings(
    findings: list[Finding], unread: Iterable[UnreadData], render: Callable[[Finding], str]
) -> None:
    """Add a finding on each unread item to ``findings``, unless it is there already.

    ``render`` returns the message of a finding.
    """
    known_fingerprints = {
        finding_so_far.fingerprint for finding_so_far in findings if finding_so_far.code == UNREAD_CODE
    }
    for unread_item in unread:
        finding = unread_item.make_finding()
        if finding.fingerprint not in known_fingerprints:
            known_fingerprints.add(finding.fingerprint)
            finding.message = render(finding)
            findings.append(finding)


def is_about_unread_data(finding: Finding) -> bool:
    """Return True if a finding is on unread data that may contain a layer."""
    return finding.code == UNREAD_CODE and finding.params.get("incomplete") is not False
