# SPDX-License-Identifier: GPL-2.0-or-later
"""Append the layers of one county after another to the data sets of the parent's package."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from ...base.errors import Cancellation, require_value
from ...geometry.crs import add_vertical_crs, make_crs_label, make_lonlat_transformer, reproject_geometries
from ...geometry.polygons import Polygons, union_polygon_rows
from ...geometry.statutory_area import measure_statutory_area
from ...geometry.tolerance import Tolerance
from ...package.layers.content import PackageLayer, make_package_layers
from ...package.layers.layer_validation import validate_layer
from ...package.names import fill_name_pattern
from ...package.package_spec.spec import FORMAT_NAMES, PackageSpec
from ...package.problems import MAX_NAMED_FEATURES, ExportProblem, GateRefusal, ProblemLevel, make_names_problem
from ...plan.layer import FieldInfo, SourceLayer
from ...plan.loading.assembly import assemble_plan
from ...plan.plan import Plan
from ...standard import load_standard
from ...standard.divisions import COUNTY_LEVEL
from ...standard.messages.texts import ConceptName, Message, MessageList, NameList
from ...standard.numbering import BSM_LENGTH, DIVISION_CODE_DIGITS
from ...standard.profile import Norm
from ...standard.template import CodeEntry
from .data_set import GrowingDataSet
from .gathered_counties import GatheredCounty, LayerAmount, RepeatedKeys
from .inspect_county import add_rows, convert_plan

#: First digits of a county's code that are those of its city.
_CITY_DIGITS = 4
#: Digits of a key (标识码) that follow the code of the division.
_SERIAL_DIGITS = BSM_LENGTH - DIVISION_CODE_DIGITS
#: Municipalities (直辖市), and digits 3 and 4 of counties directly under a province (省直辖县级行政区划).
#: No city has the first four digits of their counties, by the structure of codes in GB/T 2260 (C).
_MUNICIPALITIES, _DIRECTLY_UNDER_PROVINCE = ("11", "12", "31", "50"), "90"
#: Keys of a pair of counties that the result names.
_MAX_EXAMPLES = 5


@dataclass
class ProblemList:
    """Problems that are equal except for their features are one problem, with the sum of the features."""

    #: What is equal in all places → problem, in the order in which they were added.
    by_kind: dict[tuple[Any, ...], ExportProblem] = field(default_factory=dict)

    def add(self, problem: ExportProblem, county: str = "") -> None:
        """Add a problem; one without features names the county."""
        if not problem.features and county:
            problem = replace(problem, features=(county,), count=max(problem.count, 1))
        key = (
            problem.level,
            problem.key,
            problem.layer,
            problem.field,
            tuple(sorted((key, str(value)) for key, value in problem.params.items())),
        )
        earlier = self.by_kind.get(key)
        if earlier is not None:
            problem = replace(
                earlier,
                count=earlier.count + problem.count,
                features=(*earlier.features, *problem.features)[:MAX_NAMED_FEATURES],
            )
        self.by_kind[key] = problem


@dataclass
class Appender:
    """Appends layers of counties to the data sets of a new package, and collects what the tables and notes need.

    ``norm``: of the parent; ``folder``: the new package; ``amounts``: layer → amount of all counties; ``slot_roles``:
    position of a layer in the specification → layer code → counties that filled it with this layer.
    """

    spec: PackageSpec
    norm: Norm
    folder: Path
    placeholders: dict[str, str]
    keys: KeyRegister
    keeps_personal_fields: bool
    cancellation: Cancellation
    problems: ProblemList = field(default_factory=ProblemList)
    amounts: dict[str, LayerAmount] = field(default_factory=dict)
    slot_roles: dict[tuple[str, int], dict[str, list[str]]] = field(default_factory=dict)
    data_sets: list[GrowingDataSet] = field(init=False)
    joined: list[JoinedDivisions] = field(init=False)

    def __post_init__(self) -> None:
        lists = self.norm.standard.code_lists
        self.data_sets = [
            GrowingDataSet(
                self.folder
                / self.spec.get_file_path(vectors.folder, fill_name_pattern(vectors.file, self.placeholders)),
                vectors,
                lists,
            )
            for vectors in self.spec.vectors
        ]
        crs = add_vertical_crs(self.spec.vectors[0].crs, "")
        self.joined = [
            JoinedDivisions(target, source, crs, self.norm.make_tolerance())
            for target, source in self.spec.gathering.dissolved.items()
        ]

    def add_county(self, county: GatheredCounty, plan: Plan) -> None:
        """Append all layers of a county, or refuse it if a layer cannot be written without loss.

        Raises
        ------
        OutputError
            If a layer cannot be written, or differs when it is read again.
        """
        converted = convert_plan(plan, self.norm, self.spec.gathering.renamed, self.cancellation)
        contents = self._list_contents(converted.plan)
        written = {content.layer.role for layers in contents for content in layers}
        county.left_out = converted.left_out
        county.filled = {role: names for role, names in converted.filled.items() if role in written}
        county.renamed = {role: target for role, target in converted.renamed.items() if target in written}
        for role, layer in converted.plan.layers.items():
            if role not in written and len(layer):
                add_rows(county.left_out, layer.name, len(layer))
                county.unspecified.add(layer.name)
        problems = [
            problem
            for data_set, layers in zip(self.data_sets, contents, strict=True)
            for content in layers
            for problem in validate_layer(
                content, data_set.vector_set, self.norm.standard.code_lists, self.cancellation
            )
        ]
        stopping = [one for one in problems if one.level is ProblemLevel.STOP]
        if stopping:
            county.refuse(GateRefusal(tuple(stopping)))
            return
        for problem in problems:
            self.problems.add(problem, county.name)
        for content, joined in product(contents[0], self.joined):
            if content.layer.role == joined.source:
                joined.add(content, county)
        self._append(contents, county)

    def _list_contents(self, plan: Plan) -> list[list[PackageLayer]]:
        """Return for each data set the layers with rows that it gets from a plan."""
        contents = (
            make_package_layers(plan, one.vector_set, includes_personal_data=self.keeps_personal_fields)[0]
            for one in self.data_sets
        )
        return [[layer for layer in layers if len(layer)] for layers in contents]

    def _append(self, contents: Sequence[Sequence[PackageLayer]], county: GatheredCounty) -> None:
        """Append the layers of each data set, and record which fill its entries; the first one counts for amounts."""
        self.keys.names.append(county.name)
        for number, (data_set, layers) in enumerate(zip(self.data_sets, contents, strict=True)):
            vectors, roles = data_set.vector_set, {one.layer.role for one in layers}
            for position, slot in enumerate(vectors.layers):
                role = next(
                    (one for one in self.norm.standard.concepts.get(slot.layer, (slot.layer,)) if one in roles), None
                )
                if role is not None:
                    self.slot_roles.setdefault((vectors.id, position), {}).setdefault(role, []).append(county.name)
            for content in layers:
                result = data_set.add(content, county.source_crs, self.cancellation)
                if content.layer.crs != data_set.horizontal_crs:
                    self.problems.add(
                        ExportProblem(
                            ProblemLevel.NOTE,
                            "gather_reprojected",
                            content.name,
                            count=1,
                            params={"source": make_crs_label(content.layer.crs), "target": vectors.crs},
                        ),
                        county.name,
                    )
                if number == 0:
                    for amounts in (county.layers, self.amounts):
                        amounts.setdefault(content.name, LayerAmount(content.template.name)).add(
                            result.feature_count, result.areas_m2
                        )
                    self.keys.add(content.layer.keys)

    def add_joined_divisions(self) -> None:
        """Append the divisions that are joined from those of the counties."""
        for joined in self.joined:
            if joined.target in self.amounts:
                continue
            title = self.norm.standard.templates[joined.target].name
            # The office adds what these counties need.
            for without_city in joined.without_city:
                self.problems.add(
                    ExportProblem(ProblemLevel.NOTE, "gather_not_joined", layer=joined.target, params={"title": title}),
                    without_city,
                )
            source = joined.make_layer(self.norm)
            if source is None:
                continue
            plan = assemble_plan([source], self.norm, roles={joined.target: joined.target}, allow_no_layers=True)
            name = self.norm.standard.templates[joined.source].name
            self._append(self._list_contents(plan), GatheredCounty(name))
            self.problems.add(
                ExportProblem(
                    ProblemLevel.NOTE,
                    "gather_joined",
                    layer=joined.target,
                    count=len(source.frame),
                    params={"title": title, "source": name, "counties": str(len(joined.county_codes))},
                )
            )
            if missing := joined.list_missing_counties(_get_divisions(self.norm)):
                self.problems.add(
                    make_names_problem(
                        ProblemLevel.NOTE, "gather_joined_partly", missing, layer=joined.target, title=title
                    )
                )

    def find_layer_problems(self) -> Iterator[ExportProblem]:
        """Yield problems of entries without a layer or with different layers by county, and of changed shapes."""
        levels = {"M": (ProblemLevel.GATE, "layer_missing"), "C": (ProblemLevel.NOTE, "layer_absent")}
        standard = self.norm.standard
        for data_set in self.data_sets:
            vectors = data_set.vector_set
            for number, slot in enumerate(vectors.layers):
                counties_by_role = self.slot_roles.get((vectors.id, number), {})
                title = standard.templates[slot.layer].name if slot.layer in standard.templates else None
                name = title or ConceptName(slot.layer)
                if not counties_by_role and slot.need in levels:
                    level, key = levels[slot.need]
                    yield ExportProblem(
                        level,
                        key,
                        layer=slot.layer,
                        params={"title": name, "roles": " / ".join(standard.concepts.get(slot.layer, (slot.layer,)))},
                    )
                if len(counties_by_role) > 1:
                    # Each layer code with the first of its counties.
                    keys = ("role_of_more_counties", "role_of_counties")
                    layers = MessageList(
                        tuple(
                            Message(
                                "gathering",
                                keys[len(counties) <= MAX_NAMED_FEATURES],
                                {"role": role, "counties": NameList(tuple(counties[:MAX_NAMED_FEATURES]))},
                            )
                            for role, counties in counties_by_role.items()
                        )
                    )
                    yield ExportProblem(
                        ProblemLevel.GATE, "gather_other_layers", params={"title": name, "layers": layers}
                    )
            for name, changes in data_set.shape_changes.items():
                for kind, change in changes.items():
                    yield ExportProblem(
                        ProblemLevel.NOTE,
                        f"shape_now_{kind}",
                        name,
                        count=change.count,
                        features=change.keys,
                        params={"format": FORMAT_NAMES[vectors.suffix], "target": vectors.crs},
                    )


@dataclass
class JoinedDivisions:
    """Divisions of one layer that are joined by city.

    ``target``: layer of the joined divisions; ``source``: layer that has them; ``shapes``: code of a city → shape of
    each county, in the CRS of the data set; ``county_codes``: of these counties; ``without_city``: counties that belong
    to no city.
    """

    target: str
    source: str
    crs: CRS
    tolerance: Tolerance
    shapes: dict[str, list[Any]] = field(default_factory=dict)
    county_codes: list[str] = field(default_factory=list)
    without_city: list[str] = field(default_factory=list)

    def list_missing_counties(self, divisions: Mapping[str, CodeEntry]) -> list[str]:
        """Return the names of the cities’ counties that were not joined; none if one of those has a former code.

        ``divisions``: code → entry of the present divisions.
        """
        if not all(code in divisions for code in self.county_codes):
            return []
        return [
            one.name
            for code, one in divisions.items()
            if one.level == COUNTY_LEVEL and code[:_CITY_DIGITS] in self.shapes and code not in self.county_codes
        ]

    def add(self, content: PackageLayer, county: GatheredCounty) -> None:
        """Add the divisions of a county, as one shape; of a county without a city only the name."""
        code = county.area_code
        if code.startswith(_MUNICIPALITIES) or code[2:_CITY_DIGITS] == _DIRECTLY_UNDER_PROVINCE:
            self.without_city.append(county.label)
            return
        layer = content.layer
        union = union_polygon_rows(layer.polygons, tolerance=self.tolerance)
        if union is not None:
            self.county_codes.append(code)
            # The union is computed in the plane of the plan, from the nodes of the divisions.
            self.shapes.setdefault(code[:_CITY_DIGITS], []).append(
                reproject_geometries(np.array([union], dtype=object), layer.plane_crs, self.crs)[0]
            )

    def make_layer(self, norm: Norm) -> SourceLayer | None:
        """Return the joined divisions as a layer, one feature for each connected part; None without any.

        The area field (m²) has the area of the feature on the ellipsoid.
        """
        if not self.shapes:
            return None
        import geopandas as gpd

        to_lonlat = make_lonlat_transformer(self.crs)
        divisions = _get_divisions(norm)
        parts = []
        for code in sorted(self.shapes):
            counties = np.array(self.shapes[code], dtype=object)
            union = union_polygon_rows(Polygons(counties), tolerance=self.tolerance)
            # The connected parts of a city's counties, or the counties where GEOS cannot join them.
            parts += [(code, part) for part in shapely.get_parts(counties if union is None else [union])]
        shapes = np.array([part for _, part in parts], dtype=object)
        full_codes = [code.ljust(DIVISION_CODE_DIGITS, "0") for code, _ in parts]
        names = [divisions[code].name if code in divisions else None for code in full_codes]
        template = norm.standard.templates[self.target]
        values: dict[str, list[Any]] = {
            "key": [f"{code}{number:0{_SERIAL_DIGITS}d}" for number, code in enumerate(full_codes, 1)],
            "feature_code": [template.feature_code or None] * len(parts),
            "division_code": list(full_codes),
            "division_name": list(names),
            "feature_name": list(names),
            "area": [round(float(area), 2) for area in measure_statutory_area(shapes, to_lonlat)],
        }
        columns = {one.name: values[one.meaning] for one in template.fields if one.meaning in values}
        frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=self.crs), crs=self.crs)
        return SourceLayer(
            self.target,
            frame,
            tuple(FieldInfo(one.name, one.type) for one in template.fields if one.name in columns),
            self.crs,
        )


def _get_divisions(norm: Norm) -> Mapping[str, CodeEntry]:
    """Return code → entry of the country's divisions, which an office's own edition may lack."""
    return (norm.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]).entry_by_code


class KeyRegister:
    """Keys of all counties so far, in a temporary SQLite file."""

    def __init__(self, path: Path):
        self._database = sqlite3.connect(path)
        # The file is deleted after the run: it needs no protection against a crash.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE keys (key TEXT PRIMARY KEY, county INTEGER) WITHOUT ROWID")
        self._database.execute("CREATE TABLE repeated (key TEXT, first INTEGER, second INTEGER)")
        #: Names of the counties so far; keys that are added are of the last one.
        self.names: list[str] = []

    def add(self, keys: Iterable[str]) -> None:
        """Add keys of the present county; keys of an earlier county are recorded, empty ones are left out."""
        number = len(self.names) - 1
        for key in filter(None, keys):
            if self._database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (key, number)).rowcount:
                continue
            (first,) = require_value(
                self._database.execute("SELECT county FROM keys WHERE key = ?", (key,)).fetchone(),
                "the county of a repeated key",
            )
            if first != number:
                self._database.execute("INSERT INTO repeated VALUES (?, ?, ?)", (key, first, number))

    def list_repeated(self) -> list[RepeatedKeys]:
        """Return the repeated keys, by pair of counties."""
        pairs = self._database.execute(
            "SELECT first, second, COUNT(DISTINCT key) FROM repeated GROUP BY first, second ORDER BY first, second"
        ).fetchall()
        examples_sql = "SELECT DISTINCT key FROM repeated WHERE first = ? AND second = ? ORDER BY key LIMIT ?"
        return [
            RepeatedKeys(
                self.names[first],
                self.names[second],
                count,
                tuple(str(key) for (key,) in self._database.execute(examples_sql, (first, second, _MAX_EXAMPLES))),
            )
            for first, second, count in pairs
        ]

    def close(self) -> None:
        """Close the file."""
        self._database.close()
