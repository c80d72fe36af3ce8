# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of a source that no command reads: files, and layers without a role."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyogrio

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..files.digests import OK, UNLISTED, files_below, read_manifest, sha256
from ..files.open_datasource import openable
from ..io.file import ERRORS
from ..io.records import deleted_shapes, stored_rows
from ..io.rows import KEY
from ..io.source import datasets, datasets_of, folder_of
from ..io.unread_data import find_data_in_database, find_unread_data, is_geodatabase
from ..messages.texts import Texts
from ..model.findings import COLUMNS, UnreadData
from ..model.report import SCHEMA
from .recognition import find_role

if TYPE_CHECKING:
    from ..plan.layer import SourceLayer
    from ..plan.plan import Plan
    from ..profile import Norm


#: A layer with this share of a template's fields may be that layer under another name.
_SHARE = 0.6
#: A .dbf stores ten bytes of a name.
_SHORT = 10
_FINDING_COLUMNS = {name[:_SHORT].upper() for name in COLUMNS}
_POLYGONS = ("POLYGON", "SURFACE", "COLLECTION", "UNKNOWN", "GEOMETRY")
_LINES = ("LINE", "COMPOUNDCURVE", "MULTICURVE", "CIRCULAR")


def report_unread_layers(others: Iterable[SourceLayer], plan: Plan, *, project: bool) -> list[UnreadData]:
    """Return what must be reported of layers without a role in the plan.

    A ``project`` also contains drafts and base maps: there a layer with unrelated fields is left to the notice that
    names it.
    """
    found = []
    for layer in others:
        if layer.problem is not None and layer.problem[0] == "table":
            found += _report_table(layer, plan)
        elif layer.problem is not None:
            found += _report_problem(layer)
        elif layer.rows == 0 or is_findings([f.name for f in layer.fields]):
            continue
        else:
            found += _report_without_role(layer, plan, project)
    return found


def _report_problem(layer: SourceLayer) -> list[UnreadData]:
    key, params = layer.problem or ("", {})
    return [UnreadData("damaged", {**params, "layer_name": layer.full_name, "name": layer.full_name, "problem": key})]


def _report_table(layer: SourceLayer, plan: Plan) -> list[UnreadData]:
    """Report a table without geometry.

    Only if it has a layer's fields, or geometry in its cells.
    """
    if layer.rows == 0 or is_findings([f.name for f in layer.fields]):
        return []
    drawn = str((layer.problem or ("", {}))[1].get("drawn", ""))
    has_key = any(f.name.upper() == KEY for f in layer.fields)
    likely = (find_role(layer, plan.norm)[0] if drawn or has_key else "") or resembled(layer, plan.norm)
    if likely:
        return [UnreadData(*_counted("table_alike", layer, {"likely": likely}))]
    return [UnreadData(*_counted("table_drawn", layer, {"field": drawn}), incomplete=False)] if drawn else []


def _report_without_role(layer: SourceLayer, plan: Plan, project: bool) -> list[UnreadData]:
    role, _ = find_role(layer, plan.norm)
    if role in plan.role_choices:
        used = plan.layers[role].source.full_name if role in plan.layers else plan.unusable[role].name
        return [UnreadData("second", {"name": layer.full_name, "role": role, "used": used}, incomplete=False)]
    polygons, lines = _may_hold_polygons(layer), any(word in layer.kind.upper() for word in _LINES)
    if not polygons and not lines:
        return []
    likely = resembled(layer, plan.norm)
    if likely and (polygons or not _fits_line_template(layer, plan.norm, likely)):
        return [UnreadData(*_counted("alike", layer, {"likely": likely}))]
    if project or not (polygons or layer.rings):
        return []
    return [UnreadData(*_counted("layer" if polygons else "rings", layer, {}), incomplete=False)]


def _fits_line_template(layer: SourceLayer, norm: Norm, likely: str) -> bool:
    """Return True if a line template fits as well as the ``likely`` polygon template."""
    return max(_compute_shares(layer, norm, "line").values(), default=0.0) >= _compute_shares(layer, norm)[likely]


def _counted(case: str, layer: SourceLayer, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the case and its parameters, with the number of rows if known."""
    rows = stored_rows(Path(layer.source), layer.name) if layer.rows is None else layer.rows
    params = {"name": layer.full_name, **params}
    return (f"{case}_uncounted", params) if rows is None else (case, {**params, "rows": rows})


def _may_hold_polygons(layer: SourceLayer) -> bool:
    kind = layer.kind.upper()
    return not kind or any(word in kind for word in _POLYGONS)


def resembled(layer: SourceLayer, norm: Norm) -> str:
    """Return the role of the template that shares most fields.

    Empty if too few of any.
    """
    shares = _compute_shares(layer, norm)
    best = max(shares, key=lambda role: shares[role], default="")
    return best if best and shares[best] >= _SHARE else ""


def _compute_shares(layer: SourceLayer, norm: Norm, geometry: str = "polygon") -> dict[str, float]:
    """Return role → share of its fields in the layer.

    For templates of a geometry type.
    """
    columns = {f.name.upper() for f in layer.fields}
    shares = {}
    for role, template in norm.standard.templates.items():
        names = {f.name for f in template.fields} - {"BZ"}
        if template.geometry == geometry and names:
            shares[role] = len(names & columns) / len(names)
    return shares


def is_findings(names: Iterable[str]) -> bool:
    """Return True if the fields include all those of the plugin's findings layer."""
    return {name[:_SHORT].upper() for name in names} >= _FINDING_COLUMNS


def report_layers_without_shapes(plan: Plan) -> list[UnreadData]:
    """Report layers without geometry, filtered layers, and deleted rows with geometry.

    A shapefile may mark rows as deleted while it still contains their geometry.
    """
    found = []
    for role, layer in plan.layers.items():
        if len(layer) and not layer.source.broken and bool(layer.empty.all()):
            found.append(UnreadData("no_shapes", {"name": layer.name, "role": role, "rows": len(layer)}))
        if layer.source.filter:
            found.append(UnreadData("filter", {"name": layer.name, "role": role, "filter": layer.source.filter}))
        deleted = deleted_shapes(Path(layer.source.source))
        if deleted:
            params = {"name": layer.name, "role": role, "rows": deleted}
            found.append(UnreadData("deleted", params, incomplete=False))
    return found


def report_reassigned_layers(chosen: Mapping[str, SourceLayer], plan: Plan) -> list[UnreadData]:
    """Report layers with a role that neither their name nor their fields indicate.

    The user assigned it.
    """
    found = []
    for role, layer in chosen.items():
        own = _find_own_role(layer, role, plan) if plan.role_choices.get(role) == "chosen" else ""
        if own and own != role and not _answer_alike(own, role, plan):
            params = {"name": layer.full_name, "role": role, "own": own}
            params["own_layer"] = plan.norm.standard.templates[own].name
            found.append(UnreadData("elsewhere", params, incomplete=False))
    return found


def _find_own_role(layer: SourceLayer, role: str, plan: Plan) -> str:
    """Return a layer's role by its name, else by its fields.

    The fields count if they fit the assigned role much worse.
    """
    own, _ = find_role(layer, plan.norm)
    if own:
        return own
    shares = _compute_shares(layer, plan.norm)
    likely = resembled(layer, plan.norm)
    return likely if likely and shares.get(role, 0.0) < shares[likely] / 2 else ""


def _answer_alike(one: str, other: str, plan: Plan) -> bool:
    """Return True if two roles answer the same concept.

    DLTB and XZYDYH, for example: the same rules read both.
    """
    return any(one in roles and other in roles for roles in plan.norm.standard.concepts.values())


def report_empty_layers(plan: Plan) -> list[UnreadData]:
    """Report empty layers that a wider scope requires, and this one does not.

    No rule reports them as missing. None in a database without any feature: it has just been created.
    """
    if not any(map(len, plan.layers.values())):
        return []
    scopes = plan.norm.standard.scopes
    taken = scopes[plan.scope].mandatory
    wider = {c for scope in scopes.values() if len(scope.mandatory) > len(taken) for c in scope.mandatory}
    found = []
    for concept in sorted(wider - {*taken} - {*plan.norm.profile.absent}):
        layer = plan.concept(concept)
        if layer is not None and not len(layer):
            found.append(UnreadData("empty", {"name": layer.name, "role": layer.role}, incomplete=False))
    return found


#: Limits: databases opened to search for findings, and the size of a report in bytes.
_OPENED, _LARGEST = 200, 2**28
#: Formats of findings layers.
_FINDINGS = (".gpkg", ".shp", ".geojson", ".gdb")


def find_unread_files(source: str | Path, cancellation: Cancellation = NEVER) -> list[UnreadData]:
    """Return the data in a folder or FileGDB that its reading leaves out.

    Nothing for a file, which is read completely.
    """
    folder = folder_of(source)
    if folder is None:
        return [
            one
            for path in datasets_of(Path(source))
            if is_geodatabase(path)
            for one in find_data_in_database(path, cancellation)
        ]
    outputs = _Outputs(cancellation)
    try:
        read = datasets(folder)
    except OSError:
        # Reading the folder has reported that.
        return []
    return find_unread_data(folder, read, is_output=outputs.holds, cancellation=cancellation)


def describe_unread_files(source: str | Path, texts: Texts, cancellation: Cancellation = NEVER) -> list[str]:
    """Return a sentence for each of `find_unread_files`.

    For commands that have no report.
    """
    return [texts.unread(one) for one in find_unread_files(source, cancellation)]


class _Outputs:
    """Recognise the plugin's own results by their content, never by their name alone."""

    def __init__(self, cancellation: Cancellation):
        self._cancellation = cancellation
        self._opened = 0

    def holds(self, path: Path) -> bool:
        suffix = path.suffix.lower()
        if suffix in _FINDINGS:
            self._opened += 1
            return self._opened <= _OPENED and _holds_findings(path)
        if suffix == ".json":
            return is_report(path)
        return path.is_dir() and self._is_package(path)

    def _is_package(self, folder: Path) -> bool:
        """Return True for a package of this plugin without added or changed files.

        Files are compared by digest.
        """
        manifest, state = read_manifest(folder)
        if manifest is None or state != OK:
            return False
        listed = {row["path"]: row["sha256"] for row in manifest["files"]}
        try:
            for name, path in files_below(folder):
                self._cancellation.raise_if_cancelled()
                if name not in UNLISTED and listed.get(name) != sha256(path, self._cancellation):
                    return False
        except OSError:
            return False
        return True


def is_report(path: Path) -> bool:
    """Return True if a file is a report of this plugin and nothing else."""
    try:
        if path.stat().st_size > _LARGEST:
            return False
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    kept = {"schema", "lang", "summary", "rules", "findings", "indicators", "tolerance", "provenance"}
    return isinstance(data, dict) and data.get("schema") == SCHEMA and set(data) <= kept


def _holds_findings(path: Path) -> bool:
    try:
        with openable(path) as opened:
            names = [str(name) for name, _ in pyogrio.list_layers(opened)]
            return bool(names) and all(
                is_findings(map(str, pyogrio.read_info(opened, layer=n)["fields"])) for n in names
            )
    except (*ERRORS, InputError, ValueError, UnicodeDecodeError, OSError):
        return False
