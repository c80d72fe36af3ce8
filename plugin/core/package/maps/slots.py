# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of a package (规划图件): given, generated, and missing with the reason.

The core renders nothing: the caller passes a `MapRenderer`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cancellation import Cancellation
from ...errors import OutputError
from ...files.digests import read_manifest, sha256
from ...geometry.validity import is_missing
from ...messages.texts import Message, Texts
from ...standard.map_set import (
    ConceptLayer,
    MapCatalogue,
    MapSpec,
    MissingInput,
    find_missing_input,
    find_roles,
    first_filled,
)
from ..names import fill_placeholders, make_name_matcher
from ..package_spec.model import LEAST_DPI
from ..problems import GateRefusal, Level, Problem, group_by_level
from . import jpeg

if TYPE_CHECKING:
    from ...plan.plan import Plan
    from ...profile.document import DocumentInfo
    from ..export_context import ExportContext
    from ..order import ExportOrder
    from ..package_spec.model import FileSlot, MapSettings, PackageSpec
    from ..slot_files import FilledSlot

#: Origin of a map in the manifest.
MADE, GIVEN, NONE = "made", "given", "none"
#: Share of the progress at which the maps begin, if any are to be made.
MAPS_BEGIN = 0.4


class MapRequest(NamedTuple):
    """A requested map: slot, map of the map set (with number and title), file."""

    slot: FileSlot
    one: MapSpec
    file: str


@dataclass(frozen=True)
class MapJob:
    """What a renderer receives.

    ``folder`` is the folder for the requested files, ``code`` and ``name`` are the county's, ``document`` is 成果信息.
    ``progress`` takes the share of finished maps and the name of the current one.
    """

    plan: Plan
    requests: tuple[MapRequest, ...]
    catalogue: MapCatalogue
    settings: MapSettings
    folder: Path
    code: str
    name: str
    document: DocumentInfo
    progress: Callable[[float, str], None]
    cancellation: Cancellation


class RenderedMap(NamedTuple):
    """Result of a request: files, CRS and scale, or the reason for a missing map.

    ``files`` are the picture and its world file, ``crs`` is a label, ``scale`` a denominator.
    """

    request: MapRequest
    files: tuple[str, ...] = ()
    crs: str = ""
    scale: float = 0.0
    lack: MissingInput | None = None


#: Renders the maps of a job one after the other; raises OutputError for a file that cannot be written.
MapRenderer = Callable[[MapJob], Iterable[RenderedMap]]


@dataclass(frozen=True)
class MapWork:
    """Planned maps of a package.

    ``requests`` are to be made, ``lacking`` are slots with a layout that remain empty, with the reason. ``render`` is
    set if there are requests. ``force`` allows a required map to be missing.
    """

    requests: tuple[MapRequest, ...] = ()
    lacking: tuple[tuple[FileSlot, MissingInput], ...] = ()
    render: MapRenderer | None = field(default=None, compare=False)
    force: bool = False


def plan_maps(
    plan: Plan, order: ExportOrder, filled: Iterable[FilledSlot], values: dict[str, str], draw: MapRenderer | None
) -> MapWork:
    """Choose the slots with a layout that are to be filled; nothing is written yet.

    ``draw``: the renderer, or None if it is not available.
    """
    spec, catalogue = order.package_spec, order.package_spec.maps.catalogue()
    requests, lacking = [], []
    given = _find_given_maps(spec, filled, values)
    for one in filled:
        slot = one.slot
        if not slot.layout or one.files:
            continue
        wanted = dataclasses.replace(catalogue.maps[slot.layout], number=int(slot.number), title=slot.title)
        lack = _find_general_obstacle(order, draw) or _find_duplicate(slot, given) or _find_missing_input(plan, wanted)
        if lack:
            lacking.append((slot, lack))
        else:
            requests.append(MapRequest(slot, wanted, fill_placeholders(slot.file, {**values, **slot.own})))
    if not requests and not given:
        # A required slot without a number accepts any map, but the package has no map.
        lacking += [(one.slot, MissingInput("no_map")) for one in filled if _is_any(one.slot) and one.slot.need == "M"]
    return MapWork(tuple(requests), tuple(lacking), draw, order.force)


def _is_any(slot: FileSlot) -> bool:
    return slot.kind == "map" and not slot.number


def _find_general_obstacle(order: ExportOrder, draw: MapRenderer | None) -> MissingInput | None:
    if not order.maps:
        return MissingInput("not_wanted")
    return MissingInput("no_qgis") if draw is None else None


def _find_given_maps(package_spec: PackageSpec, filled: Iterable[FilledSlot], values: dict[str, str]) -> dict[str, str]:
    """Numbers and titles of the maps that the planner gives → the file's name."""
    found: dict[str, str] = {}
    for one in filled:
        if one.slot.kind == "map":
            pattern = make_name_matcher(one.slot.file, values)
            for path in one.files:
                match = pattern.fullmatch(path.name)
                found |= {text: path.name for text in (match.groupdict().values() if match else ()) if text}
    return found


def _find_duplicate(slot: FileSlot, given: dict[str, str]) -> MissingInput | None:
    """Return why a slot is skipped: a given map has the same number or title."""
    for key in ("number", "title"):
        if slot.own[key] in given:
            return MissingInput(f"{key}_given", {"file": given[slot.own[key]]})
    return None


def _find_missing_input(plan: Plan, one: MapSpec) -> MissingInput | None:
    concepts = plan.norm.standard.concepts

    def answer(of: tuple[str, ...]) -> ConceptLayer | None:
        there = [plan.layers[role] for role in find_roles(of, concepts) if role in plan.layers]
        return first_filled(ConceptLayer(v.role, v.name, bool((~is_missing(v.raw_shapes)).any())) for v in there)

    return find_missing_input(one, answer, concepts)


def explain_missing_maps(lacking: Iterable[tuple[FileSlot, MissingInput]]) -> list[Problem]:
    """Return one problem for all maps with one reason; a gate for required maps."""
    alike: dict[tuple[Level, MissingInput], list[str]] = {}
    for slot, lack in lacking:
        alike.setdefault((Level.GATE if slot.need == "M" else Level.NOTE, lack), []).append(slot.title)
    return [
        Problem(level, "map_not_made", count=len(titles), params={"reason": _reason(titles, lack)})
        for (level, lack), titles in alike.items()
    ]


def _reason(titles: Iterable[str], lack: MissingInput) -> Message:
    return Message("maps", lack.key, {"map": "”、“".join(titles), **lack.params})


def make_maps(context: ExportContext) -> list[Problem]:
    """Make the requested maps and add a row for each map to the manifest."""
    spec, slots = context.package_spec, {row["id"]: row for row in context.manifest["slots"]}
    kinds = [slot for slot in spec.files if slot.kind == "map"]
    rows: dict[str, list[dict[str, Any]]] = {slot.id: [] for slot in kinds}
    rows |= {
        one.slot.id: [_file_row(context, one.slot, path.name, GIVEN) for path in one.files if jpeg.is_jpeg(path.name)]
        for one in context.filled
        if one.slot.kind == "map"
    }
    failed = []
    for drawn in _render_maps(context):
        slot, file = drawn.request.slot, drawn.request.file
        if drawn.lack:
            failed.append((slot, drawn.lack))
            continue
        row = _file_row(context, slot, file, MADE)
        rows[slot.id] = [{**row, "layout": slot.layout, "crs": drawn.crs, "scale": round(drawn.scale)}]
        slots[slot.id]["files"] = [spec.place(slot.folder, name) for name in drawn.files]
    texts = Texts(context.lang)
    for slot, lack in (*context.maps.lacking, *failed):
        rows[slot.id] = [_row(slot, NONE, reason=_reason([slot.title], lack).render(texts))]
    context.manifest["maps"] = [row for slot in kinds for row in rows[slot.id]]
    return _pass_gate(explain_missing_maps(failed), context)


def _pass_gate(problems: list[Problem], context: ExportContext) -> list[Problem]:
    """Raise OutputError if a required map could not be rendered, unless forced."""
    refused = group_by_level(problems, Level.GATE)
    if refused and not context.maps.force:
        raise OutputError(
            "package_gate", target=context.new.stem, count=len(refused), reasons=GateRefusal(tuple(refused))
        )
    if refused:
        context.manifest["check"]["forced"] = True
    return problems


def _render_maps(context: ExportContext) -> Iterator[RenderedMap]:
    work, spec = context.maps, context.package_spec
    if not work.requests or work.render is None:
        return
    for folder in dict.fromkeys(request.slot.folder for request in work.requests):
        job = MapJob(
            plan=context.plan,
            requests=tuple(request for request in work.requests if request.slot.folder == folder),
            catalogue=spec.maps.catalogue(),
            settings=spec.maps,
            folder=context.place(folder, "x").parent,
            code=context.values["code"],
            name=context.values["name"],
            document=context.document.info,
            progress=context.steps.after,
            cancellation=context.cancellation,
        )
        for drawn in work.render(job):
            if drawn.lack is None and not jpeg.inspect_jpeg(job.folder / drawn.request.file).whole:
                raise OutputError("map_not_whole", map=drawn.request.slot.title, target=drawn.request.file)
            yield drawn


def has_low_resolution(path: Path) -> bool:
    """Return True if a picture states fewer dots per inch than maps must have."""
    dpi = jpeg.inspect_jpeg(path).dpi if jpeg.is_jpeg(path.name) else None
    return dpi is not None and round(dpi) < LEAST_DPI


def find_former_maps(former: Path) -> set[str]:
    """Return the unmodified maps that the plugin made for a former package.

    They show the plan at that time.
    """
    manifest, _ = read_manifest(former)
    if manifest is None:
        # `gate` reports a folder that is not a package of this plugin.
        return set()
    digests = {row["path"]: row["sha256"] for row in manifest["files"]}
    made = {row["file"] for row in manifest.get("maps", ()) if row["origin"] == MADE}
    made = {name for name in made if (former / name).is_file() and sha256(former / name) == digests.get(name)}
    return made | {jpeg.world_file_of(name) for name in made}


def _file_row(context: ExportContext, slot: FileSlot, file: str, origin: str) -> dict[str, Any]:
    """Return the manifest's row of an existing map, with pixels and dpi of its file."""
    place = context.place(slot.folder, file)
    picture = jpeg.inspect_jpeg(place)
    match = make_name_matcher(slot.file, {**context.values, **slot.own}).fullmatch(file)
    size = {"width": picture.width, "height": picture.height, "dpi": round(picture.dpi, 2) if picture.dpi else None}
    return {**_row(slot, origin), **(match.groupdict() if match else {}), "file": context.inside(place), **size}


def _row(slot: FileSlot, origin: str, reason: str = "") -> dict[str, Any]:
    """Return a row of the manifest; ``crs`` and ``scale`` only for generated maps."""
    empty = {"file": "", "layout": "", "width": 0, "height": 0, "dpi": None, "crs": "", "scale": None}
    return {"slot": slot.id, "number": slot.number, "title": slot.title, "origin": origin, **empty, "reason": reason}
