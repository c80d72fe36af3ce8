# SPDX-License-Identifier: GPL-2.0-or-later
"""Choice of a package's maps (规划图件): which are supplied, generated or missing.

The core renders nothing: the caller passes a `MapRenderer`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from ..base.errors import OutputError, require_value
from ..geometry.validity import mask_missing_shapes
from ..plan.plan import Plan
from ..standard.map_set import (
    ConceptLayer,
    MapSet,
    MapSpec,
    MissingMapReason,
    expand_concepts_to_roles,
    find_missing_input,
    load_map_set,
)
from ..standard.messages.texts import Message, Texts
from . import jpeg
from .export_order import ExportContext, ExportOrder, MapJob, MapRenderer, MapRequest, PlannedMaps, RenderedMap
from .names import fill_placeholders, make_name_matcher
from .package_spec.spec import FileSlot
from .problems import ExportProblem, ProblemLevel, stop_on_gate_problems
from .slot_files import ORIGIN_GIVEN, ORIGIN_MADE, ORIGIN_NONE, FilledSlot

#: Share of the progress at which the maps begin, if any are to be made.
MAP_PROGRESS_START = 0.4


def choose_maps_to_render(
    plan: Plan,
    order: ExportOrder,
    filled_slots: Iterable[FilledSlot],
    placeholder_values: dict[str, str],
    map_renderer: MapRenderer | None,
) -> PlannedMaps:
    """Return which maps are to be rendered, and why other maps cannot be; write nothing.

    ``filled_slots`` are the slots for maps with the planner's files; ``map_renderer`` is None if maps cannot be
    rendered here.
    """
    catalogue = load_map_set(order.package_spec.maps.map_set)
    requests, missing_maps = [], []
    # Number or title → file name of each map that the planner supplies.
    given_maps = {
        text: path.name
        for filled_slot in filled_slots
        if filled_slot.slot.kind == "map"
        for path in filled_slot.file_paths
        if (match := make_name_matcher(filled_slot.slot.file, placeholder_values).fullmatch(path.name))
        for text in match.groupdict().values()
        if text
    }
    reason_against_all = (
        None
        if order.makes_maps and map_renderer is not None
        else MissingMapReason("no_qgis" if order.makes_maps else "not_wanted")
    )
    for slot in (one.slot for one in filled_slots if one.slot.layout and not one.file_paths):
        map_spec = make_map_spec(slot, catalogue)
        reasons_of_given_maps = (
            MissingMapReason(f"{key}_given", {"file": given_maps[slot.placeholder_values[key]]})
            for key in ("number", "title")
            if slot.placeholder_values[key] in given_maps
        )
        missing_input = (
            reason_against_all or next(reasons_of_given_maps, None) or find_missing_input_of_plan(plan, map_spec)
        )
        if missing_input:
            missing_maps.append((slot, missing_input))
        else:
            requests.append(
                MapRequest(
                    slot, map_spec, fill_placeholders(slot.file, {**placeholder_values, **slot.placeholder_values})
                )
            )
    if not requests and not given_maps:
        # A required slot without a number accepts any map, but the package has no map.
        missing_maps += [
            (filled_slot.slot, MissingMapReason("no_map"))
            for filled_slot in filled_slots
            if accepts_any_map(filled_slot.slot) and filled_slot.slot.need == "M"
        ]
    return PlannedMaps(tuple(requests), tuple(missing_maps), map_renderer, order.is_forced)


def make_map_spec(slot: FileSlot, catalogue: MapSet) -> MapSpec:
    """Return the definition of the map that is rendered for a slot, with number and title of the slot."""
    return dataclasses.replace(catalogue.map_by_id[slot.layout], number=int(slot.number), title=slot.title)


def accepts_any_map(slot: FileSlot) -> bool:
    """Return True if a slot of the specification accepts maps of any number."""
    return slot.kind == "map" and not slot.number


def find_missing_input_of_plan(plan: Plan, map_spec: MapSpec) -> MissingMapReason | None:
    """Return why a map cannot be drawn from the plan: a layer that the map needs is missing.

    None if no layer is.
    """
    concepts = plan.norm.standard.concepts

    def find_filled_layer(concepts_or_roles: tuple[str, ...]) -> ConceptLayer | None:
        """Return the layer that a map would show for concepts or layer codes; None if the plan has none."""
        layers = [
            plan.layers[role] for role in expand_concepts_to_roles(concepts_or_roles, concepts) if role in plan.layers
        ]
        candidates = [ConceptLayer(v.role, v.name, bool((~mask_missing_shapes(v.raw_shapes)).any())) for v in layers]
        # The first layer with features, else the first layer.
        return next((one for one in candidates if one.has_features), candidates[0] if candidates else None)

    return find_missing_input(map_spec, find_filled_layer, concepts)


def explain_missing_maps(missing_maps: Iterable[tuple[FileSlot, MissingMapReason]]) -> list[ExportProblem]:
    """Return one problem for each reason, on all maps that are missing for this reason.

    The problem stops the export (level GATE) for required maps; for others it is a note.
    """
    titles_by_reason: dict[tuple[ProblemLevel, MissingMapReason], list[str]] = {}
    for slot, missing_input in missing_maps:
        titles_by_reason.setdefault(
            (ProblemLevel.GATE if slot.need == "M" else ProblemLevel.NOTE, missing_input), []
        ).append(slot.title)
    return [
        ExportProblem(
            level,
            "map_not_made",
            count=len(titles),
            params={"reason": _make_missing_map_message(titles, missing_input)},
        )
        for (level, missing_input), titles in titles_by_reason.items()
    ]


def _make_missing_map_message(titles: Iterable[str], missing_input: MissingMapReason) -> Message:
    """Return the message that names missing maps and the reason."""
    return Message("maps", missing_input.key, {"map": "”、“".join(titles), **missing_input.params})


def make_maps_and_list_in_manifest(context: ExportContext) -> list[ExportProblem]:
    """Render the requested maps and add a row for each map to the manifest; return the problems."""
    spec, slots = context.package_spec, {row["id"]: row for row in context.manifest["slots"]}
    rows: dict[str, list[dict[str, Any]]] = {slot.id: [] for slot in spec.map_files}
    rows |= {
        filled_slot.slot.id: [
            _make_map_row_of_file(context, filled_slot.slot, path.name, ORIGIN_GIVEN)
            for path in filled_slot.file_paths
            if jpeg.has_jpeg_suffix(path.name)
        ]
        for filled_slot in context.filled_slots
        if filled_slot.slot.kind == "map"
    }
    failed_maps = []
    for rendered_map in _render_maps(context):
        slot, file = rendered_map.request.slot, rendered_map.request.file_name
        if rendered_map.missing_reason:
            failed_maps.append((slot, rendered_map.missing_reason))
            continue
        rows[slot.id] = [
            {
                **_make_map_row_of_file(context, slot, file, ORIGIN_MADE),
                "layout": slot.layout,
                "crs": rendered_map.crs,
                "scale": round(rendered_map.scale_denominator),
                **({"drawn_with": rendered_map.programs} if rendered_map.programs else {}),
            }
        ]
        slots[slot.id]["files"] = [spec.get_file_path(slot.folder, name) for name in rendered_map.file_names]
    for slot, missing_input in (*context.planned_maps.missing_maps, *failed_maps):
        rows[slot.id] = [
            _make_empty_map_row(
                slot,
                ORIGIN_NONE,
                reason=_make_missing_map_message([slot.title], missing_input).render(Texts(context.lang)),
            )
        ]
    context.manifest["maps"] = [row for slot in spec.map_files for row in rows[slot.id]]
    problems = explain_missing_maps(failed_maps)
    stop_on_gate_problems(problems, context.planned_maps.allows_missing_maps, context.new_folder.stem)
    if any(problem.level == ProblemLevel.GATE for problem in problems):
        context.manifest["check"]["forced"] = True
    return problems


def _render_maps(context: ExportContext) -> Iterator[RenderedMap]:
    """Render the requested maps and yield each; raise OutputError for an incomplete picture."""
    planned_maps, spec = context.planned_maps, context.package_spec
    for folder in dict.fromkeys(request.slot.folder for request in planned_maps.requests):
        job = MapJob(
            plan=context.plan,
            requests=tuple(request for request in planned_maps.requests if request.slot.folder == folder),
            catalogue=load_map_set(spec.maps.map_set),
            map_settings=spec.maps,
            target_folder=context.prepare_file_path(folder, "x").parent,
            county_code=context.placeholders["code"],
            county_name=context.placeholders["name"],
            document_info=context.resolved_document.document_info,
            report_progress=context.row_progress.report_after_rows,
            cancellation=context.cancellation,
        )
        for rendered_map in require_value(planned_maps.map_renderer, "the renderer of the requested maps")(job):
            slot, file = rendered_map.request.slot, rendered_map.request.file_name
            if rendered_map.missing_reason is None:
                if not jpeg.inspect_jpeg(job.target_folder / file).is_complete:
                    raise OutputError("map_not_whole", map=slot.title, target=file)
                jpeg.write_map_description(job.target_folder / file, job.county_code, slot.number, slot.title)
            yield rendered_map


def _make_map_row_of_file(context: ExportContext, slot: FileSlot, file: str, origin: str) -> dict[str, Any]:
    """Return the manifest's entry for an existing map, with pixels and dpi."""
    path = context.prepare_file_path(slot.folder, file)
    picture = jpeg.inspect_jpeg(path)
    match = make_name_matcher(slot.file, {**context.placeholders, **slot.placeholder_values}).fullmatch(file)
    return {
        **_make_empty_map_row(slot, origin),
        **(match.groupdict() if match else {}),
        "file": context.get_path_in_package(path),
        "width": picture.width_px,
        "height": picture.height_px,
        "dpi": round(picture.dpi, 2) if picture.dpi else None,
    }


def _make_empty_map_row(slot: FileSlot, origin: str, reason: str = "") -> dict[str, Any]:
    """Return the manifest's entry for a map without a file, with the reason."""
    return {
        "slot": slot.id,
        "number": slot.number,
        "title": slot.title,
        "origin": origin,
        "file": "",
        "layout": "",
        "width": 0,
        "height": 0,
        "dpi": None,
        "crs": "",
        "scale": None,
        "reason": reason,
    }
