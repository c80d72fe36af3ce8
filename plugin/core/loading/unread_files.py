# SPDX-License-Identifier: GPL-2.0-or-later
"""What lies in a source and is read by no command: files of a folder, and layers of a file that play no role."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyogrio

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..files.digests import OK, UNLISTED, files_below, sha256, told_manifest
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
#: The .dbf keeps ten bytes of a name.
_SHORT = 10
_FINDING_COLUMNS = {name[:_SHORT].upper() for name in COLUMNS}
_POLYGONS = ("POLYGON", "SURFACE", "COLLECTION", "UNKNOWN", "GEOMETRY")
_LINES = ("LINE", "COMPOUNDCURVE", "MULTICURVE", "CIRCULAR")


def report_unread_layers(others: Iterable[SourceLayer], plan: Plan, *, project: bool) -> list[UnreadData]:
    """What is to be reported of layers that have no role in the plan. In a ``project``, drafts and base maps lie beside the
    plan: there a layer with fields of its own is left to the notice that names it."""
    found = []
    for layer in others:
        if layer.problem is not None and layer.problem[0] == "table":
            found += _table(layer, plan)
        elif layer.problem is not None:
            found += _with_problem(layer)
        elif layer.rows == 0 or is_findings([f.name for f in layer.fields]):
            continue
        else:
            found += _without_role(layer, plan, project)
    return found


def _with_problem(layer: SourceLayer) -> list[UnreadData]:
    key, params = layer.problem or ("", {})
    return [UnreadData("damaged", {**params, "layer_name": layer.full_name, "name": layer.full_name, "problem": key})]


def _table(layer: SourceLayer, plan: Plan) -> list[UnreadData]:
    """A table without shapes is no layer of a plan, but where it has the fields of one, or draws shapes in its cells."""
    if layer.rows == 0 or is_findings([f.name for f in layer.fields]):
        return []
    drawn = str((layer.problem or ("", {}))[1].get("drawn", ""))
    has_key = any(f.name.upper() == KEY for f in layer.fields)
    likely = (find_role(layer, plan.norm)[0] if drawn or has_key else "") or resembled(layer, plan.norm)
    if likely:
        return [UnreadData(*_counted("table_alike", layer, {"likely": likely}))]
    return [UnreadData(*_counted("table_drawn", layer, {"field": drawn}), incomplete=False)] if drawn else []


def _without_role(layer: SourceLayer, plan: Plan, project: bool) -> list[UnreadData]:
    role, _ = find_role(layer, plan.norm)
    if role in plan.role_choices:
        used = plan.layers[role].source.full_name if role in plan.layers else plan.unusable[role].name
        return [UnreadData("second", {"name": layer.full_name, "role": role, "used": used}, incomplete=False)]
    polygons, lines = _may_hold_polygons(layer), any(word in layer.kind.upper() for word in _LINES)
    if not polygons and not lines:
        return []
    likely = resembled(layer, plan.norm)
    if likely and (polygons or not _fits_lines(layer, plan.norm, likely)):
        return [UnreadData(*_counted("alike", layer, {"likely": likely}))]
    if project or not (polygons or layer.rings):
        return []
    return [UnreadData(*_counted("layer" if polygons else "rings", layer, {}), incomplete=False)]


def _fits_lines(layer: SourceLayer, norm: Norm, likely: str) -> bool:
    """Has it as large a share of the fields of a template of lines as of the ``likely`` one of polygons?"""
    return max(_shares(layer, norm, "line").values(), default=0.0) >= _shares(layer, norm)[likely]


def _counted(case: str, layer: SourceLayer, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the case and its parameters, with the number of rows where somebody counted them."""
    rows = stored_rows(Path(layer.source), layer.name) if layer.rows is None else layer.rows
    params = {"name": layer.full_name, **params}
    return (f"{case}_uncounted", params) if rows is None else (case, {**params, "rows": rows})


def _may_hold_polygons(layer: SourceLayer) -> bool:
    kind = layer.kind.upper()
    return not kind or any(word in kind for word in _POLYGONS)


def resembled(layer: SourceLayer, norm: Norm) -> str:
    """The role of the template whose fields the layer has most of; empty where it has too few of any."""
    shares = _shares(layer, norm)
    best = max(shares, key=lambda role: shares[role], default="")
    return best if best and shares[best] >= _SHARE else ""


def _shares(layer: SourceLayer, norm: Norm, geometry: str = "polygon") -> dict[str, float]:
    """Role of each template of polygons (or another ``geometry``) → the share of its fields that the layer has."""
    columns = {f.name.upper() for f in layer.fields}
    shares = {}
    for role, template in norm.standard.templates.items():
        names = {f.name for f in template.fields} - {"BZ"}
        if template.geometry == geometry and names:
            shares[role] = len(names & columns) / len(names)
    return shares


def is_findings(names: Iterable[str]) -> bool:
    """Are these the fields of a findings layer of the plugin's own, all of them?"""
    return {name[:_SHORT].upper() for name in names} >= _FINDING_COLUMNS


def report_layers_without_shapes(plan: Plan) -> list[UnreadData]:
    """Layers of the plan all of whose rows have no shape, those of which a filter shows a part only, and those with rows that
    are marked as deleted in a shapefile where their shapes still are."""
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
    """Layers that the user assigned to another role than the one that their name or their fields stand for."""
    found = []
    for role, layer in chosen.items():
        own = _own_role(layer, role, plan) if plan.role_choices.get(role) == "chosen" else ""
        if own and own != role and not _answer_alike(own, role, plan):
            params = {"name": layer.full_name, "role": role, "own": own}
            params["own_layer"] = plan.norm.standard.templates[own].name
            found.append(UnreadData("elsewhere", params, incomplete=False))
    return found


def _own_role(layer: SourceLayer, role: str, plan: Plan) -> str:
    """The role of a layer by its name, else by its fields if they fit the role it was assigned to much worse."""
    own, _ = find_role(layer, plan.norm)
    if own:
        return own
    shares = _shares(layer, plan.norm)
    likely = resembled(layer, plan.norm)
    return likely if likely and shares.get(role, 0.0) < shares[likely] / 2 else ""


def _answer_alike(one: str, other: str, plan: Plan) -> bool:
    """Return True if two roles answer the same concept (DLTB and XZYDYH), so that the same rules read both."""
    return any(one in roles and other in roles for roles in plan.norm.standard.concepts.values())


def report_empty_layers(plan: Plan) -> list[UnreadData]:
    """Layers without a feature that this scope does not ask for and a wider one does, so that no rule misses them.

    None in a database where nothing is drawn yet: it has just been created.
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


#: Databases that are opened to see whether they hold findings, and the largest report that is read for it (bytes).
_OPENED, _LARGEST = 200, 2**28
#: Formats that findings are written in.
_FINDINGS = (".gpkg", ".shp", ".geojson", ".gdb")


def find_unread_files(source: str | Path, cancellation: Cancellation = NEVER) -> list[UnreadData]:
    """The data in a folder that its reading leaves out, that of a FileGDB too; nothing for a file, which is read as a whole."""
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
        # Reading it has reported that.
        return []
    return find_unread_data(folder, read, is_output=outputs.holds, cancellation=cancellation)


def describe_unread_files(source: str | Path, texts: Texts, cancellation: Cancellation = NEVER) -> list[str]:
    """As `find_unread_files`, a sentence each, for commands that have no report."""
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
        """A package of ours in which no file was added or changed since: every digest of its manifest is that of the file."""
        manifest, state = told_manifest(folder)
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
    """Is it a report of ours, and nothing else besides?"""
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
