# SPDX-License-Identifier: GPL-2.0-or-later
"""The provenance of a report: layers, norm, versions.

The norm is the standard with the county's profile. The provenance contains no path of the machine and no user name.
"""

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely

from ...metadata import read_plugin_version
from ...paths import RESOURCES_FOLDER
from ..geometry import crs as crs_care
from ..geometry.edge_densification import MAX_DEVIATION_M
from ..model.report import Report
from ..plan.layer import Layer
from ..plan.plan import Plan
from ..standard import load_standard
from ..standard.messages.texts import Texts
from .context import find_rows_of_sea_classes


def _list_notices(plan: Plan, texts: Texts) -> Iterator[str]:
    """Yield the notices on the layers of a plan."""
    for layer in plan.layers.values():
        yield from (texts.format_notice(key, params) for key, params in layer.source.notices)
        if plan.plane_crs == plan.crs and layer.crs != plan.crs:
            params = {
                "layer": layer.name,
                "crs": crs_care.make_crs_label(layer.crs),
                "plane": crs_care.make_crs_label(plan.crs),
            }
            yield texts.format_notice("notice_reprojected", params)
    added_counts = {
        layer.name: len(layer.added_vertices) for layer in plan.layers.values() if len(layer.added_vertices)
    }
    plane = crs_care.make_crs_label(plan.crs)
    if added_counts:
        names = texts.get("words", "between_names").join(added_counts)
        counts = {"count": len(added_counts), "vertices": sum(added_counts.values())}
        yield texts.format_notice(
            "notice_kept_straight", {"layers": names, **counts, "off": f"{MAX_DEVIATION_M:.4f}", "plane": plane}
        )
    shared_edge_count = sum(len(edges) for edges in {layer.undensified_edges for layer in plan.layers.values()})
    if shared_edge_count:
        yield texts.format_notice("notice_shared_edges", {"count": shared_edge_count, "plane": plane})
    yield from describe_sea_rows(plan.layers.values(), plan, texts)
    if plan.plane_crs != plan.crs and plan.layers:
        degrees = next((crs_care.make_crs_label(layer.crs) for layer in plan.layers.values() if len(layer)), "")
        params = {"crs": degrees, "plane": crs_care.make_crs_label(plan.crs)}
        yield texts.format_notice("notice_in_degrees", params)
    yield from (texts.format_problem(*unusable.problem_message) for unusable in plan.unusable_layers.values())
    for concept in plan.norm.standard.concepts:
        for role in plan.list_unread_roles(concept):
            used_layer = plan.find_layer_of_concept(concept)
            params = {
                "layer": plan.layers[role].name,
                "role": role,
                "used": used_layer.name if used_layer is not None else "",
            }
            yield texts.format_notice("notice_second_role", {**params, "concept": texts.get_concept_name(concept)})
    profile = plan.norm.profile
    if profile.area_code and not profile.covers(plan.area_code):
        params = {"profile": profile.name, "profile_code": profile.area_code, "area_code": plan.area_code}
        yield texts.format_notice("notice_other_county", params)
    yield from (texts.format_notice(key, params) for key, params in plan.notices)
    if profile.retired_settings:
        yield texts.format_notice("notice_retired_settings", {"keys": ", ".join(profile.retired_settings)})
    if plan.unrecognised_layers:
        yield texts.format_notice("notice_unrecognised", {"layers": ", ".join(plan.unrecognised_layers)})


def make_provenance(plan: Plan, texts: Texts) -> dict[str, Any]:
    """Return what a report was made from, as plain data.

    The result has the layers, the notices on them, standard, profile, settings, versions and the time. Its ``source``
    is a file name without path.
    """
    standard, profile = plan.norm.standard, plan.norm.profile
    concepts_by_role: dict[str, list[str]] = {}
    for concept in plan.norm.standard.concepts:
        layer_used = plan.find_layer_of_concept(concept)
        if layer_used is not None:
            concepts_by_role.setdefault(layer_used.role, []).append(concept)
    return {
        "source": plan.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1],
        "area_code": plan.area_code,
        "area_name": find_county_name(plan),
        "layers": [
            {
                "role": role,
                "concept": ", ".join(concepts_by_role.get(role, [role])),
                "name": layer.name,
                "title": layer.template.name,
                "template": f"{layer.template.standard}/{role}",
                "fields_mark": layer.template.fields_mark,
                "chosen_by": plan.role_choices.get(role, ""),
                "features": len(layer),
                "invalid": int(layer.invalid_rows.sum()),
                "empty": int(layer.empty_rows.sum()),
                "crs": crs_care.make_crs_label(layer.crs),
                "encoding": layer.source.encoding,
                "unsaved": layer.source.unsaved_edit_count,
                "repaired_area_m2": round(sum(abs(area) for area in layer.repair_area_change_by_row.values()), 4),
            }
            for role, layer in plan.layers.items()
        ],
        "notices": list(_list_notices(plan, texts)),
        "scope": plan.scope,
        "crs": crs_care.make_crs_label(plan.crs),
        "standard": {"id": standard.id, "edition": standard.edition, "name": standard.name},
        "profile": {
            "id": profile.id,
            "name": profile.name,
            "confirmed": profile.confirmed_by,
            "confirmed_singly": profile.confirmed_singly,
        },
        "phase": plan.norm.phase,
        "settings": {**standard.settings, **profile.settings},
        "versions": collect_versions(),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def describe_sea_rows(layers: Iterable[Layer], plan: Plan, texts: Texts) -> Iterator[str]:
    """Yield a notice on each layer of land and sea with rows at sea.

    Such rows are compared with the layer of the sea, not with the county's border.
    """
    sea = plan.find_layer_of_concept("sea")
    key = "notice_sea" if sea is None else "notice_sea_compared"
    for layer in layers:
        rows = np.flatnonzero(find_rows_of_sea_classes(layer, plan.norm))
        if len(rows) and layer.role not in plan.norm.get_settings_section("sea").get("layers", ()):
            area = texts.format_area(float(np.nansum(layer.measure_rows(rows))))
            params = {"layer": layer.name, "count": len(rows), "area": area, "sea": sea.name if sea else ""}
            yield texts.format_notice(key, params)


def find_county_name(plan: Plan) -> str:
    """Return the county's name from the list of divisions, else from the county layer, else from the profile."""
    # One list serves all editions, but not every edition includes it.
    divisions = plan.norm.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]
    if plan.area_code in divisions.entry_by_code:
        return divisions.entry_by_code[plan.area_code].name
    layer = plan.find_layer_of_concept("county")
    division_names = [name for name in layer.text("division_name") if name] if layer is not None else []
    return division_names[0] if len(set(division_names)) == 1 else plan.norm.profile.name


def collect_versions() -> dict[str, str]:
    """Return name → version of the plugin and of its libraries."""
    return {
        "sanxian": read_plugin_version(),
        "python": platform.python_version(),
        "shapely": shapely.__version__,
        "geos": ".".join(map(str, shapely.geos_version)),
        "pyogrio": pyogrio.__version__,
        "gdal": pyogrio.__gdal_version_string__,
        "pyproj": pyproj.__version__,
        "proj": pyproj.proj_version_str,
    }


@cache
def compute_program_digest() -> str:
    """Return a digest of the core's code, its texts, and versions of libraries.

    A result of another version is not used, because the same input may give another result.
    """
    digest = hashlib.sha256(json.dumps([collect_versions(), np.__version__], sort_keys=True).encode())
    core = Path(__file__).resolve().parents[1]
    for path in sorted([*core.rglob("*.py"), *(RESOURCES_FOLDER / "texts").glob("*.toml")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def record_saved_edits(report: Report) -> Report:
    """Return a copy of a report on data with unsaved edits, which are saved now."""
    texts, layers = Texts(report.lang), report.provenance.get("layers", [])
    noted = {
        str(texts.format_notice("notice_unsaved", {"layer": one["name"], "count": one["unsaved"]}))
        for one in layers
        if one.get("unsaved")
    }
    notices = [one for one in report.provenance.get("notices", []) if str(one) not in noted]
    saved = [{**one, "unsaved": 0} for one in layers]
    return replace(report, provenance={**report.provenance, "layers": saved, "notices": notices})
