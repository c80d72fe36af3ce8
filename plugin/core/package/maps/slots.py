# SPDX-License-Identifier: GPL-2.0-or-later
"""The maps of a package (规划图件): which the planner gives, which are made of the plan that is packed, which are not, and why.

The core draws nothing: who can hands over a `MapRenderer`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cancellation import Cancellation
from ...errors import OutputError
from ...files.digests import sha256, told_manifest
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

#: Where a map comes from, in the manifest.
MADE, GIVEN, NONE = "made", "given", "none"
#: Share of the progress at which the maps begin, where there are any to be made.
MAPS_BEGIN = 0.4


class MapRequest(NamedTuple):
    """A map to be made: for which slot, of which map of the set (with the slot's number and title), as which file."""

    slot: FileSlot
    one: MapSpec
    file: str


@dataclass(frozen=True)
class MapJob:
    """What a drawer is given. ``folder``: where the files go, under the names of the wishes; ``code`` and ``name``: the
    county's; ``document``: 成果信息. ``progress``: share of the maps done, and the name of the one at work."""

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
    """What became of a wish: files (the picture, and its world file), in which CRS (label) and at which scale
    (denominator); or why there is none."""

    wish: MapRequest
    files: tuple[str, ...] = ()
    crs: str = ""
    scale: float = 0.0
    lack: MissingInput | None = None


#: Draws the maps of a job, one after the other. OutputError for a file that cannot be written.
MapRenderer = Callable[[MapJob], Iterable[RenderedMap]]


@dataclass(frozen=True)
class MapWork:
    """``requests``: to be made; ``lacking``: slots of a layout that stay empty, and why; ``render`` is there when there is a
    wish; ``force``: a map that the form must have may be missing in the end."""

    requests: tuple[MapRequest, ...] = ()
    lacking: tuple[tuple[FileSlot, MissingInput], ...] = ()
    render: MapRenderer | None = field(default=None, compare=False)
    force: bool = False


def plan_maps(
    plan: Plan, order: ExportOrder, filled: Iterable[FilledSlot], values: dict[str, str], draw: MapRenderer | None
) -> MapWork:
    """Which slots of a layout are to be filled, before anything is written. ``render`` None: nobody can draw here."""
    form, catalogue = order.package_spec, order.package_spec.maps.catalogue()
    wishes, lacking = [], []
    given = _given(form, filled, values)
    for one in filled:
        slot = one.slot
        if not slot.layout or one.files:
            continue
        wanted = dataclasses.replace(catalogue.maps[slot.layout], number=int(slot.number), title=slot.title)
        lack = _refused(order, draw) or _taken(slot, given) or _lack(plan, wanted)
        if lack:
            lacking.append((slot, lack))
        else:
            wishes.append(MapRequest(slot, wanted, fill_placeholders(slot.file, {**values, **slot.own})))
    if not wishes and not given:
        # Any map would do for a slot without a number; there is none.
        lacking += [(one.slot, MissingInput("no_map")) for one in filled if _is_any(one.slot) and one.slot.need == "M"]
    return MapWork(tuple(wishes), tuple(lacking), draw, order.force)


def _is_any(slot: FileSlot) -> bool:
    return slot.kind == "map" and not slot.number


def _refused(order: ExportOrder, draw: MapRenderer | None) -> MissingInput | None:
    if not order.maps:
        return MissingInput("not_wanted")
    return MissingInput("no_qgis") if draw is None else None


def _given(package_spec: PackageSpec, filled: Iterable[FilledSlot], values: dict[str, str]) -> dict[str, str]:
    """Numbers and titles of the maps that the planner gives → the file's name."""
    found: dict[str, str] = {}
    for one in filled:
        if one.slot.kind == "map":
            pattern = make_name_matcher(one.slot.file, values)
            for path in one.files:
                match = pattern.fullmatch(path.name)
                found |= {text: path.name for text in (match.groupdict().values() if match else ()) if text}
    return found


def _taken(slot: FileSlot, given: dict[str, str]) -> MissingInput | None:
    """A map of the planner's own has the number or the title: a second one would be one too many."""
    for key in ("number", "title"):
        if slot.own[key] in given:
            return MissingInput(f"{key}_given", {"file": given[slot.own[key]]})
    return None


def _lack(plan: Plan, one: MapSpec) -> MissingInput | None:
    concepts = plan.norm.standard.concepts

    def answer(of: tuple[str, ...]) -> ConceptLayer | None:
        there = [plan.layers[role] for role in find_roles(of, concepts) if role in plan.layers]
        return first_filled(ConceptLayer(v.role, v.name, bool((~is_missing(v.raw_shapes)).any())) for v in there)

    return find_missing_input(one, answer, concepts)


def explain_missing_maps(lacking: Iterable[tuple[FileSlot, MissingInput]]) -> list[Problem]:
    """One sentence for what is true of several maps; a gate where the form must have the map."""
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
    """A part of the package: the maps that are to be made into their places, and a row of the manifest for each."""
    form, slots = context.package_spec, {row["id"]: row for row in context.manifest["slots"]}
    kinds = [slot for slot in form.files if slot.kind == "map"]
    rows: dict[str, list[dict[str, Any]]] = {slot.id: [] for slot in kinds}
    rows |= {
        one.slot.id: [_file_row(context, one.slot, path.name, GIVEN) for path in one.files if jpeg.is_jpeg(path.name)]
        for one in context.filled
        if one.slot.kind == "map"
    }
    failed = []
    for drawn in _drawn(context):
        slot, file = drawn.wish.slot, drawn.wish.file
        if drawn.lack:
            failed.append((slot, drawn.lack))
            continue
        row = _file_row(context, slot, file, MADE)
        rows[slot.id] = [{**row, "layout": slot.layout, "crs": drawn.crs, "scale": round(drawn.scale)}]
        slots[slot.id]["files"] = [form.place(slot.folder, name) for name in drawn.files]
    texts = Texts(context.lang)
    for slot, lack in (*context.maps.lacking, *failed):
        rows[slot.id] = [_row(slot, NONE, reason=_reason([slot.title], lack).render(texts))]
    context.manifest["maps"] = [row for slot in kinds for row in rows[slot.id]]
    return _gate(explain_missing_maps(failed), context)


def _gate(problems: list[Problem], context: ExportContext) -> list[Problem]:
    """OutputError where a map that the form must have could not be drawn after all and nobody insists."""
    shut = group_by_level(problems, Level.GATE)
    if shut and not context.maps.force:
        raise OutputError("package_gate", target=context.new.stem, count=len(shut), reasons=GateRefusal(tuple(shut)))
    if shut:
        context.manifest["check"]["forced"] = True
    return problems


def _drawn(context: ExportContext) -> Iterator[RenderedMap]:
    work, form = context.maps, context.package_spec
    if not work.requests or work.render is None:
        return
    for folder in dict.fromkeys(wish.slot.folder for wish in work.requests):
        job = MapJob(
            plan=context.plan,
            requests=tuple(wish for wish in work.requests if wish.slot.folder == folder),
            catalogue=form.maps.catalogue(),
            settings=form.maps,
            folder=context.place(folder, "x").parent,
            code=context.values["code"],
            name=context.values["name"],
            document=context.document.info,
            progress=context.steps.after,
            cancellation=context.cancellation,
        )
        for drawn in work.render(job):
            if drawn.lack is None and not jpeg.inspect_jpeg(job.folder / drawn.wish.file).whole:
                raise OutputError("map_not_whole", map=drawn.wish.slot.title, target=drawn.wish.file)
            yield drawn


def has_low_resolution(path: Path) -> bool:
    """Does a picture say that it has fewer dots per inch than maps must have?"""
    dpi = jpeg.inspect_jpeg(path).dpi if jpeg.is_jpeg(path.name) else None
    return dpi is not None and round(dpi) < LEAST_DPI


def find_former_maps(former: Path) -> set[str]:
    """The maps that the plugin made for a former package and nobody has touched since: they are of the plan as it was."""
    manifest, _ = told_manifest(former)
    if manifest is None:
        # No package of ours: `gate` says so.
        return set()
    digests = {row["path"]: row["sha256"] for row in manifest["files"]}
    made = {row["file"] for row in manifest.get("maps", ()) if row["origin"] == MADE}
    made = {name for name in made if (former / name).is_file() and sha256(former / name) == digests.get(name)}
    return made | {jpeg.world_file_of(name) for name in made}


def _file_row(context: ExportContext, slot: FileSlot, file: str, origin: str) -> dict[str, Any]:
    """A map that is there: its pixels and dots per inch as the file itself tells them."""
    place = context.place(slot.folder, file)
    picture = jpeg.inspect_jpeg(place)
    match = make_name_matcher(slot.file, {**context.values, **slot.own}).fullmatch(file)
    size = {"width": picture.width, "height": picture.height, "dpi": round(picture.dpi, 2) if picture.dpi else None}
    return {**_row(slot, origin), **(match.groupdict() if match else {}), "file": context.inside(place), **size}


def _row(slot: FileSlot, origin: str, reason: str = "") -> dict[str, Any]:
    """One map of the manifest. ``crs`` and ``scale`` (denominator on paper) are known of those that are made here."""
    empty = {"file": "", "layout": "", "width": 0, "height": 0, "dpi": None, "crs": "", "scale": None}
    return {"slot": slot.id, "number": slot.number, "title": slot.title, "origin": origin, **empty, "reason": reason}
