# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings (问题): what is wrong, where, and how much; and data that were not read.

A finding owns its geometry and keeps no reference to a feature.
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

from .rule import FAMILIES, Severity

#: The columns of a findings table, in order; users rely on them.
COLUMNS = (
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
#: Half-width of the area that represents a line or a point in a findings layer, in metres.
MARK_RADIUS_M = 0.5


@dataclass
class Finding:
    """A single problem that a rule found.

    ``area_m2``: statutory area of a whole feature; for a clipped part, the area within its densified edges on the same
    ellipsoid (`geometry.statutory_area`). ``net_area_m2``: net area (净面积). ``width_m``: 2 × area ÷ perimeter.
    ``geometry``: the place of the conflict in the plan's CRS. ``case`` selects the message, ``params`` fill it. The
    engine sets ``code``, ``message``, ``township`` and ``fingerprint``, not the rule.
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
    #: Area of a clipped part by its vertices alone, as 0.1.0 reported it; None if it is the same. Set by the engine.
    by_nodes_m2: float | None = None
    #: Longitude and latitude of the centre in degrees (EPSG:4490), unrounded; None without a place. Set by the engine.
    place: tuple[float, float] | None = None

    @property
    def geom_kind(self) -> str:
        """Return area, line, point or none."""
        if self.geometry is None or self.geometry.is_empty:
            return "none"
        return {0: "point", 1: "line", 2: "area"}[int(shapely.get_dimensions(self.geometry))]

    @property
    def former_m2(self) -> float | None:
        """Return ``area_m2`` as 0.1.0 measured it."""
        return self.area_m2 if self.by_nodes_m2 is None else self.by_nodes_m2

    def layer_geometry(self) -> Any:
        """Return the multipolygon for a findings layer; None without geometry.

        Areas are exact; a line or a point becomes a small polygon around it.
        """
        kind = self.geom_kind
        if kind == "none":
            return None
        shape = self.geometry
        if kind != "area":
            shape = shapely.buffer(shape, MARK_RADIUS_M)
        polygons = [g for g in shapely.get_parts([shape]) if g.geom_type == "Polygon"]
        if shape.geom_type == "GeometryCollection":
            polygons = [
                p for g in shapely.get_parts([shape]) for p in shapely.get_parts([g]) if p.geom_type == "Polygon"
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
            "params": json.dumps(self.params, ensure_ascii=False, default=to_plain_value),
            "area_m2": self.area_m2,
            "net_area_m2": self.net_area_m2,
            "width_m": self.width_m,
            "township": self.township,
            "geom_kind": self.geom_kind,
            "fingerprint": self.fingerprint,
            "state": self.state,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return a dict for JSON: as `row`, with lists and the exact WKT."""
        row = self.row()
        row["related_keys"] = list(self.related_keys)
        row["params"] = {k: to_plain_value(v) for k, v in self.params.items()}
        row["case"] = self.case
        row["geometry"] = None if self.geom_kind == "none" else shapely.to_wkt(self.geometry, rounding_precision=-1)
        return row

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Finding:
        """Return the finding of a dict made by `to_dict`."""
        values = {k: v for k, v in row.items() if k not in ("geom_kind", "geometry", "severity")}
        geometry = shapely.from_wkt(row["geometry"]) if row.get("geometry") else None
        return cls(**values, geometry=geometry, severity=Severity(row["severity"]))


def to_plain_value(value: Any) -> Any:
    """Return numpy and pandas scalars as plain Python values, for JSON."""
    if isinstance(value, list | tuple | set):
        return [to_plain_value(v) for v in value]
    if isinstance(value, dict):
        return {k: to_plain_value(v) for k, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by rule, role, keys, field and case.

    The order does not depend on that in which the rules found them. Ties are sorted by fingerprint.
    """
    return sorted(
        findings,
        key=lambda f: (
            FAMILIES.index(f.code[:3]), f.code, f.role, f.key, f.related_role, f.related_keys, f.field, f.case, f.fingerprint,  # noqa: E501 - a table
        ),
    )  # fmt: skip


def set_fingerprints(findings: Iterable[Finding], places: dict[int, tuple[float, float]]) -> None:
    """Set the fingerprint of each finding: code, roles, sorted keys and field.

    Findings that agree in these are distinguished by place. A finding that is one connected part of many (``by_place``)
    always includes its place: otherwise a part added or removed elsewhere would change its fingerprint or pass on its
    own, and the waiver with it.

    Parameters
    ----------
    findings
        Changed in place.
    places
        id(finding) → (longitude, latitude) in degrees (EPSG:4490). They are rounded to 1e-4° (about 10 m), so that an
        edit nearby or another projection changes nothing. Areas only order the findings at one place, because an
        additional vertex on a slanted edge changes a statutory area. Areas by vertices are used, so that fingerprints
        remain those of 0.1.0.
    """
    alike: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        parts = [
            finding.code,
            finding.case,
            finding.role,
            finding.related_role,
            ";".join(sorted([finding.key, *finding.related_keys])),
            finding.field,
        ]
        alike[_digest(parts)].append(finding)
    for base, group in alike.items():
        if len(group) == 1 and not group[0].by_place:
            group[0].fingerprint = base
            continue
        seen: dict[str, int] = defaultdict(int)
        for finding in sorted(group, key=lambda f: -round(f.former_m2 or 0.0, 1)):
            lon, lat = places.get(id(finding), (0.0, 0.0))
            name = _digest([base, f"{lon:.4f}", f"{lat:.4f}"])
            seen[name] += 1
            finding.fingerprint = name if seen[name] == 1 else _digest([name, str(seen[name])])


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("|".join(parts).encode("utf-8")).hexdigest()[:20]


CODE = "RUN905"


@dataclass(frozen=True)
class UnreadData:
    """Data that were not read.

    ``case`` selects the message, ``params`` fill it. ``incomplete``: the data may hold a layer of the plan, so the
    verdict is at best 未完成 (else 有条件通过).
    """

    case: str
    params: dict[str, Any] = field(default_factory=dict, hash=False)
    incomplete: bool = True

    def finding(self) -> Finding:
        """Return the finding without its message."""
        made = Finding(role=str(self.params.get("role", "")), params={**self.params, "incomplete": self.incomplete})
        made.code, made.case, made.severity = CODE, self.case, Severity.WARNING
        name = "|".join(str(self.params.get(key, "")) for key in ("layer_name", "name", "file", "folder"))
        made.fingerprint = hashlib.sha256(f"{CODE}|{self.case}|{made.role}|{name}".encode()).hexdigest()[:20]
        return made


def report_unread(findings: list[Finding], unread: Iterable[UnreadData], render: Callable[[Finding], str]) -> None:
    """Add a finding for each unread item that has none yet.

    ``render`` returns the message of a finding.
    """
    known = {f.fingerprint for f in findings if f.code == CODE}
    for one in unread:
        finding = one.finding()
        if finding.fingerprint not in known:
            known.add(finding.fingerprint)
            finding.message = render(finding)
            findings.append(finding)


def names_unread_data(finding: Finding) -> bool:
    """Return True if the finding names data that may hold a layer of the plan."""
    return finding.code == CODE and finding.params.get("incomplete") is not False
