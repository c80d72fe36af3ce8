# SPDX-License-Identifier: GPL-2.0-or-later
"""The provenance of a report: layers, norm, versions.

It contains no path of the machine and no user name.
"""

from __future__ import annotations

import platform
from datetime import datetime
from typing import Any

import pyogrio
import pyproj
import shapely

from ...metadata import plugin_version
from ..geometry import crs as crs_care
from ..geometry.edge_densification import MOST_OFF_M
from ..messages.texts import Texts
from ..plan.plan import Plan


def provenance(plan: Plan, texts: Texts) -> dict[str, Any]:
    """Return the provenance of a report's figures.

    ``source`` is a file name without its path.
    """
    standard, profile = plan.norm.standard, plan.norm.profile
    layers = []
    notices = []
    answers: dict[str, list[str]] = {}
    for concept in standard.concepts:
        layer_used = plan.concept(concept)
        if layer_used is not None:
            answers.setdefault(layer_used.role, []).append(concept)
    for role, layer in plan.layers.items():
        layers.append(
            {
                "role": role,
                "concept": ", ".join(answers.get(role, [role])),
                "name": layer.name,
                "title": layer.template.name,
                "template": f"{layer.template.standard}/{role}",
                "fields_mark": layer.template.fields_mark,
                "chosen_by": plan.role_choices.get(role, ""),
                "features": len(layer),
                "invalid": int(layer.invalid.sum()),
                "empty": int(layer.empty.sum()),
                "crs": crs_care.crs_label(layer.crs),
                "encoding": layer.source.encoding,
                "unsaved": layer.source.unsaved,
                "repaired_area_m2": round(sum(abs(v) for v in layer.repaired.values()), 4),
            }
        )
        notices += [texts.notice(key, params) for key, params in layer.source.notices]
        if plan.plane == plan.crs and layer.crs != plan.crs:
            params = {"layer": layer.name, "crs": crs_care.crs_label(layer.crs), "plane": crs_care.crs_label(plan.crs)}
            notices.append(texts.notice("notice_reprojected", params))
    notices += [texts.notice(*notice) for notice in _densification_notices(plan, texts)]
    if plan.plane != plan.crs and layers:
        degrees = next((crs_care.crs_label(layer.crs) for layer in plan.layers.values() if len(layer)), "")
        params = {"crs": degrees, "plane": crs_care.crs_label(plan.crs)}
        notices.append(texts.notice("notice_in_degrees", params))
    notices += [
        texts.problem(lost.problem, {"layer": lost.name, "role": lost.role, **lost.params})
        for lost in plan.unusable.values()
    ]
    for concept in standard.concepts:
        for role in plan.unread_roles(concept):
            used = plan.concept(concept)
            params = {"layer": plan.layers[role].name, "role": role, "used": used.name if used is not None else ""}
            notices.append(texts.notice("notice_second_role", {**params, "concept": texts.concept(concept)}))
    if profile.area_code and not profile.covers(plan.area_code):
        params = {"profile": profile.name, "profile_code": profile.area_code, "area_code": plan.area_code}
        notices.append(texts.notice("notice_other_county", params))
    notices += [texts.notice(key, params) for key, params in plan.notices]
    if plan.unrecognised:
        notices.append(texts.notice("notice_unrecognised", {"layers": ", ".join(plan.unrecognised)}))
    return {
        "source": plan.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1],
        "area_code": plan.area_code,
        "area_name": area_name(plan),
        "layers": layers,
        "notices": notices,
        "scope": plan.scope,
        "crs": crs_care.crs_label(plan.crs),
        "standard": {"id": standard.id, "edition": standard.edition, "name": standard.name},
        "profile": {"id": profile.id, "name": profile.name, "confirmed": profile.confirmed_by},
        "phase": plan.norm.phase,
        "settings": {**standard.settings, **profile.settings},
        "versions": versions(),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def _densification_notices(plan: Plan, texts: Texts) -> list[tuple[str, dict[str, Any]]]:
    """Return notices on layers whose long edges were densified for the comparison."""
    dense = {layer.name: len(layer.added) for layer in plan.layers.values() if len(layer.added)}
    shared = sum(len(edges) for edges in {layer.undensified_edges for layer in plan.layers.values()})
    plane = crs_care.crs_label(plan.crs)
    notices_found: list[tuple[str, dict[str, Any]]] = []
    if dense:
        names = texts.get("words", "between_names").join(dense)
        params = {"layers": names, "count": len(dense), "vertices": sum(dense.values()), "off": f"{MOST_OFF_M:.4f}"}
        notices_found.append(("notice_kept_straight", {**params, "plane": plane}))
    if shared:
        notices_found.append(("notice_shared_edges", {"count": shared, "plane": plane}))
    return notices_found


def area_name(plan: Plan) -> str:
    """Return the county's name.

    The name comes from the list of divisions, else from the county layer, else from the profile.
    """
    divisions = plan.norm.standard.code_lists.get("divisions")
    if divisions and plan.area_code in divisions.codes:
        return divisions.codes[plan.area_code].name
    layer = plan.concept("county")
    named = [n for n in layer.text("division_name") if n] if layer is not None else []
    return named[0] if len(set(named)) == 1 else plan.norm.profile.name


def versions() -> dict[str, str]:
    """Return the versions of the plugin and of its libraries."""
    return {
        "sanxian": plugin_version(),
        "python": platform.python_version(),
        "shapely": shapely.__version__,
        "geos": ".".join(map(str, shapely.geos_version)),
        "pyogrio": pyogrio.__version__,
        "gdal": pyogrio.__gdal_version_string__,
        "pyproj": pyproj.__version__,
        "proj": pyproj.proj_version_str,
    }
