# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans made from the WKT examples of rules and fixes, and the report of one rule on its example."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from ...checks.run_check import run_check
from ...checks.side_tables import ChangeRecord
from ...engine.plan_consistency import INCONSISTENCY_CODE as FRAME
from ...figures.heritage_sites import HeritageRegister, ListedSite
from ...figures.supplied_tables import parse_figure
from ...geometry.arcs import straighten_arcs
from ...model.report import Report
from ...model.rule import EVERY_LAYER, Rule, RuleExample, load_all_rules
from ...model.side_inputs import SideInputs
from ...plan.layer import FieldInfo, SourceLayer
from ...plan.loading.assembly import assemble_plan
from ...plan.plan import Plan
from ...standard import load_standard
from ...standard.messages.texts import Texts
from ...standard.profile import IndicatorTarget, Norm, OtherSource, Profile, RegisteredSite
from ...standard.profile.profile_figures import AllocatedTarget, AllocatedTargets
from .package_facts import make_package_facts

#: Examples are drawn near 0, 0 and moved to 浑源, where statutory areas are realistic.
ORIGIN = (38_600_000.0, 4_380_000.0)
AREA_CODE = "140225"
#: Examples with arcs are read as edges this near (m) to them.
READING_TOLERANCE_M = 0.1
UNREAD_DATA_RULE = "RUN905"
#: Side inputs of examples: the name of their option → rows as the plan holds them.
SIDE_INPUT_READERS: dict[str, Callable[[Any], Any]] = {
    "figures": lambda rows: tuple(parse_figure(*row, row=n) for n, row in enumerate(rows, 2)),  # type: ignore[misc]
    "targets": lambda rows: AllocatedTargets(
        "乡镇任务表.csv", tuple(AllocatedTarget(*(*row, "", n)) for n, row in enumerate(rows, 2))
    ),
    "register": lambda rows: HeritageRegister(
        "名录.xlsx", tuple(ListedSite(*(*row, n)) for n, row in enumerate(rows, 2))
    ),
    "baseline": lambda layers: make_example_plan(layers, standard="county_db"),
    "package": make_package_facts,
    "record": lambda classes: ChangeRecord("面积平衡表.json", classes),
}


@dataclasses.dataclass(frozen=True)
class ExampleProblem:
    """How the result of an example differs from the declared one.

    ``key``: a text of ``[examples]`` in ``resources/texts``; ``params``: its placeholders.
    """

    key: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)

    def explain(self, texts: Texts) -> str:
        """Return the problem as a text."""
        params = dict(self.params)
        if self.key == "outcome":
            params |= {name: texts.get("outcomes", params[name]) for name in ("expected", "found")}
        return texts.get("examples", self.key, **params).strip()


def make_example_norm(settings: dict[str, Any] | None = None, standard: str = "county_db", **profile: Any) -> Norm:
    """Return the norm (standard and profile resolved together) with given settings.

    Two keys of ``settings`` are parts of the profile: targets, as rows of indicator, comparison, value and unit, then
    (value, name) of each other document with the figure; and register, heritage counts as (term, kind, level, count),
    where a dict with name and areas replaces the count.
    """
    settings = dict(settings or {})
    made = Profile(
        "example",
        "示例",
        AREA_CODE,
        standard,
        settings=settings,
        targets=tuple(
            IndicatorTarget(
                *(AREA_CODE, *row[:4], 2035, "约束性", "example", tuple(OtherSource(*stated) for stated in row[4:]))
            )
            for row in settings.pop("targets", ())
        ),
        register=tuple(
            RegisteredSite(
                AREA_CODE, term, kind, level, "example", **(stated if isinstance(stated, dict) else {"count": stated})
            )
            for term, kind, level, stated in settings.pop("register", ())
        ),
        **profile,
    )
    return Norm(load_standard(standard), made)


def move_to_origin(xy: np.ndarray) -> np.ndarray:
    """Return (n, 2) or (n, 3) coordinates moved to `ORIGIN`; heights stay."""
    return xy + np.array([*ORIGIN, 0.0])[: xy.shape[1]]


def move_text_to_origin(wkt: str) -> str:
    """Return the WKT of a shape with arcs, moved to `ORIGIN`."""
    return re.sub(
        r"(-?[\d.]+) (-?[\d.]+)",
        lambda point: f"{float(point[1]) + ORIGIN[0]!r} {float(point[2]) + ORIGIN[1]!r}",
        wkt,
    )


def make_example_layer(role: str, rows: list[Any], norm: Norm, crs: int | None = 4526, name: str = "") -> SourceLayer:
    """Return a source layer from rows: WKT texts, None for no shape, or dicts.

    A dict has ``wkt`` and values by field name or field meaning. The WKT may have arcs. A dict may also have ``curve``
    (the shape is drawn with a curve of an unknown kind), the ``crs`` of the layer, and ``lengths``, ``aliases`` and
    ``domains`` of fields by meaning.
    """
    template = norm.standard.templates[role]
    fields = {f.name: f for f in template.fields} | {f.meaning: f for f in template.fields if f.meaning}
    rows = [row if isinstance(row, dict) else {"wkt": row} for row in rows]
    crs = next((row["crs"] for row in rows if "crs" in row), crs)
    declared: dict[str, dict[str, Any]] = {
        part: next((row[part] for row in rows if part in row), {}) for part in ("lengths", "aliases", "domains")
    }
    meanings = list(dict.fromkeys(m for row in rows for m in row if m not in ("wkt", "crs", "curve", *declared)))
    if "key" not in meanings:
        meanings.insert(0, "key")
        rows = [{"key": f"{AREA_CODE}0000{n:08d}", **row} for n, row in enumerate(rows, 1)]
    arcs = {n: move_text_to_origin(row["wkt"]) for n, row in enumerate(rows) if "CIRCULARSTRING" in (row["wkt"] or "")}
    shapes = [
        straighten_arcs(arcs[n], READING_TOLERANCE_M)
        if n in arcs
        else shapely.from_wkt(row["wkt"])
        if row["wkt"]
        else None
        for n, row in enumerate(rows)
    ]
    # Large coordinates are not moved.
    shapes = [
        s if s is None or s.is_empty or s.bounds[0] > 1e6 else shapely.transform(s, move_to_origin, include_z=s.has_z)
        for s in shapes
    ]
    columns = {fields[m].name: [row.get(m) for row in rows] for m in meanings}
    kinds = {m: next((type(row[m]) for row in rows if row.get(m) is not None), str) for m in meanings}
    infos = [
        FieldInfo(
            fields[m].name,
            {str: "text", float: "real", int: "integer"}[kinds[m]],
            *(declared[part].get(m) for part in ("lengths", "aliases", "domains")),
        )
        for m in meanings
    ]
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
    curves = arcs | {n: "CURVE" for n, row in enumerate(rows) if row.get("curve")}
    return dataclasses.replace(
        SourceLayer(name or role, frame, tuple(infos), CRS.from_epsg(crs) if crs else None),
        curve_texts=curves,
        curve_step=4.0 if curves else 0.0,
    )


def make_example_layers(layers: dict[str, list[Any]], roles: dict[str, str], norm: Norm) -> dict[str, SourceLayer]:
    """Return a source layer for each input of a rule, by its name; for the arguments see `make_example_plan`."""
    return {
        name: make_example_layer(roles.get(name) or norm.standard.concepts.get(name, (name,))[0], rows, norm)
        for name, rows in layers.items()
    }


def make_example_plan(
    layers: dict[str, list[Any]],
    roles: dict[str, str] | None = None,
    settings: dict[str, Any] | None = None,
    standard: str = "county_db",
) -> Plan:
    """Return a plan made from rows by concept, layer code or name of a rule's input.

    ``roles`` gives the layer code for a rule's input.
    """
    norm = make_example_norm(settings, standard)
    sources = list(make_example_layers(layers, roles or {}, norm).values())
    # A rule on a package needs no layer.
    return assemble_plan(sources, norm, scope="three_lines", allow_no_layers=not sources)


def get_example_roles(rule: Rule, example: RuleExample) -> dict[str, str]:
    """Return the layer codes of a rule's inputs; ``layer`` is the red line unless the example names another one."""
    roles = {"layer": "STBHHX"} if any(n.concept == EVERY_LAYER for n in rule.needs.values()) else {}
    return {**roles, **example.roles}


def run_example(rule: Rule, example: RuleExample) -> Report:
    """Return the report of one rule on its example."""
    parameters = dict(example.parameters)
    also = [load_all_rules()[code] for code in parameters.pop("rules", [])]
    report = run_check(
        make_example_plan(example.layers, get_example_roles(rule, example), example.settings, example.standard),
        [rule, *also],
        side_inputs=SideInputs(**{name: SIDE_INPUT_READERS[name](rows) for name, rows in example.side.items()}),
        parameters={rule.code: parameters},
    )
    return dataclasses.replace(
        report,
        # Ignore findings of the run itself: the county of the example and layers without shapes.
        findings=[
            f
            for f in report.findings
            if f.code == rule.code or (f.code.startswith("RUN") and f.code not in (FRAME, UNREAD_DATA_RULE))
        ],
        rules=[r for r in report.rules if r.code == rule.code],
    )
