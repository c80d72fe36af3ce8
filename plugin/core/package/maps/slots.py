# SPDX-License-Identifier: GPL-2.0-or-later
"""The maps of a package (规划图件): which the planner gives, which are made of the plan that is packed, which are not, and why.

The core draws nothing: who can hands over a `Drawer`.
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
from ...geometry.validity import missing
from ...messages.texts import Saying, Texts
from ...standard.map_set import Answer, Catalogue, Lack, Map, first_filled, lack_of, roles_of
from ..form.model import LEAST_DPI
from ..names import fill, recogniser
from ..problems import Level, Problem, Shut, of_level
from . import jpeg

if TYPE_CHECKING:
    from ...plan.plan import Plan
    from ...profile.document import DocumentInfo
    from ..files import Filled
    from ..form.model import FileSlot, MapSettings, PackageProfile
    from ..making import Making
    from ..order import Order

#: Where a map comes from, in the manifest.
MADE, GIVEN, NONE = "made", "given", "none"
#: Share of the progress at which the maps begin, where there are any to be made.
MAPS_BEGIN = 0.4


class Wish(NamedTuple):
    """A map to be made: for which slot, of which map of the set (with the slot's number and title), as which file."""

    slot: FileSlot
    one: Map
    file: str


@dataclass(frozen=True)
class MapJob:
    """What a drawer is given. ``folder``: where the files go, under the names of the wishes; ``code`` and ``name``: the
    county's; ``document``: 成果信息. ``progress``: share of the maps done, and the name of the one at work."""

    plan: Plan
    wishes: tuple[Wish, ...]
    catalogue: Catalogue
    settings: MapSettings
    folder: Path
    code: str
    name: str
    document: DocumentInfo
    progress: Callable[[float, str], None]
    cancellation: Cancellation


class Drawn(NamedTuple):
    """What became of a wish: files (the picture, and its world file), in which CRS (label) and at which scale
    (denominator); or why there is none."""

    wish: Wish
    files: tuple[str, ...] = ()
    crs: str = ""
    scale: float = 0.0
    lack: Lack | None = None


#: Draws the maps of a job, one after the other. OutputError for a file that cannot be written.
Drawer = Callable[[MapJob], Iterable[Drawn]]


@dataclass(frozen=True)
class MapWork:
    """``wishes``: to be made; ``lacking``: slots of a layout that stay empty, and why; ``draw`` is there when there is a
    wish; ``force``: a map that the form must have may be missing in the end."""

    wishes: tuple[Wish, ...] = ()
    lacking: tuple[tuple[FileSlot, Lack], ...] = ()
    draw: Drawer | None = field(default=None, compare=False)
    force: bool = False


def plan_maps(
    plan: Plan, order: Order, filled: Iterable[Filled], values: dict[str, str], draw: Drawer | None
) -> MapWork:
    """Which slots of a layout are to be filled, before anything is written. ``draw`` None: nobody can draw here."""
    form, catalogue = order.form, order.form.maps.catalogue()
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
            wishes.append(Wish(slot, wanted, fill(slot.file, {**values, **slot.own})))
    if not wishes and not given:
        # Any map would do for a slot without a number; there is none.
        lacking += [(one.slot, Lack("no_map")) for one in filled if _is_any(one.slot) and one.slot.need == "M"]
    return MapWork(tuple(wishes), tuple(lacking), draw, order.force)


def _is_any(slot: FileSlot) -> bool:
    return slot.kind == "map" and not slot.number


def _refused(order: Order, draw: Drawer | None) -> Lack | None:
    if not order.maps:
        return Lack("not_wanted")
    return Lack("no_qgis") if draw is None else None


def _given(form: PackageProfile, filled: Iterable[Filled], values: dict[str, str]) -> dict[str, str]:
    """Numbers and titles of the maps that the planner gives → the file's name."""
    found: dict[str, str] = {}
    for one in filled:
        if one.slot.kind == "map":
            pattern = recogniser(one.slot.file, values)
            for path in one.files:
                match = pattern.fullmatch(path.name)
                found |= {text: path.name for text in (match.groupdict().values() if match else ()) if text}
    return found


def _taken(slot: FileSlot, given: dict[str, str]) -> Lack | None:
    """A map of the planner's own has the number or the title: a second one would be one too many."""
    for key in ("number", "title"):
        if slot.own[key] in given:
            return Lack(f"{key}_given", {"file": given[slot.own[key]]})
    return None


def _lack(plan: Plan, one: Map) -> Lack | None:
    concepts = plan.norm.standard.concepts

    def answer(of: tuple[str, ...]) -> Answer | None:
        there = [plan.layers[role] for role in roles_of(of, concepts) if role in plan.layers]
        return first_filled(Answer(v.role, v.name, bool((~missing(v.drawn)).any())) for v in there)

    return lack_of(one, answer, concepts)


def told(lacking: Iterable[tuple[FileSlot, Lack]]) -> list[Problem]:
    """One sentence for what is true of several maps; a gate where the form must have the map."""
    alike: dict[tuple[Level, Lack], list[str]] = {}
    for slot, lack in lacking:
        alike.setdefault((Level.GATE if slot.need == "M" else Level.NOTE, lack), []).append(slot.title)
    return [
        Problem(level, "map_not_made", count=len(titles), params={"reason": _reason(titles, lack)})
        for (level, lack), titles in alike.items()
    ]


def _reason(titles: Iterable[str], lack: Lack) -> Saying:
    return Saying("maps", lack.key, {"map": "”、“".join(titles), **lack.params})


def maps(making: Making) -> list[Problem]:
    """A part of the package: the maps that are to be made into their places, and a row of the manifest for each."""
    form, slots = making.form, {row["id"]: row for row in making.manifest["slots"]}
    kinds = [slot for slot in form.files if slot.kind == "map"]
    rows: dict[str, list[dict[str, Any]]] = {slot.id: [] for slot in kinds}
    rows |= {
        one.slot.id: [_file_row(making, one.slot, path.name, GIVEN) for path in one.files if jpeg.is_jpeg(path.name)]
        for one in making.filled
        if one.slot.kind == "map"
    }
    failed = []
    for drawn in _drawn(making):
        slot, file = drawn.wish.slot, drawn.wish.file
        if drawn.lack:
            failed.append((slot, drawn.lack))
            continue
        row = _file_row(making, slot, file, MADE)
        rows[slot.id] = [{**row, "layout": slot.layout, "crs": drawn.crs, "scale": round(drawn.scale)}]
        slots[slot.id]["files"] = [form.place(slot.folder, name) for name in drawn.files]
    texts = Texts(making.lang)
    for slot, lack in (*making.maps.lacking, *failed):
        rows[slot.id] = [_row(slot, NONE, reason=_reason([slot.title], lack).said(texts))]
    making.manifest["maps"] = [row for slot in kinds for row in rows[slot.id]]
    return _gate(told(failed), making)


def _gate(problems: list[Problem], making: Making) -> list[Problem]:
    """OutputError where a map that the form must have could not be drawn after all and nobody insists."""
    shut = of_level(problems, Level.GATE)
    if shut and not making.maps.force:
        raise OutputError("package_gate", target=making.new.stem, count=len(shut), reasons=Shut(tuple(shut)))
    if shut:
        making.manifest["check"]["forced"] = True
    return problems


def _drawn(making: Making) -> Iterator[Drawn]:
    work, form = making.maps, making.form
    if not work.wishes or work.draw is None:
        return
    for folder in dict.fromkeys(wish.slot.folder for wish in work.wishes):
        job = MapJob(
            plan=making.plan,
            wishes=tuple(wish for wish in work.wishes if wish.slot.folder == folder),
            catalogue=form.maps.catalogue(),
            settings=form.maps,
            folder=making.place(folder, "x").parent,
            code=making.values["code"],
            name=making.values["name"],
            document=making.document.info,
            progress=making.steps.after,
            cancellation=making.cancellation,
        )
        for drawn in work.draw(job):
            if drawn.lack is None and not jpeg.look_at(job.folder / drawn.wish.file).whole:
                raise OutputError("map_not_whole", map=drawn.wish.slot.title, target=drawn.wish.file)
            yield drawn


def is_coarse(path: Path) -> bool:
    """Does a picture say that it has fewer dots per inch than maps must have?"""
    dpi = jpeg.look_at(path).dpi if jpeg.is_jpeg(path.name) else None
    return dpi is not None and round(dpi) < LEAST_DPI


def made_before(former: Path) -> set[str]:
    """The maps that the plugin made for a former package and nobody has touched since: they are of the plan as it was."""
    manifest, _ = told_manifest(former)
    if manifest is None:
        # No package of ours: `gate` says so.
        return set()
    digests = {row["path"]: row["sha256"] for row in manifest["files"]}
    made = {row["file"] for row in manifest.get("maps", ()) if row["origin"] == MADE}
    made = {name for name in made if (former / name).is_file() and sha256(former / name) == digests.get(name)}
    return made | {jpeg.world_file_of(name) for name in made}


def _file_row(making: Making, slot: FileSlot, file: str, origin: str) -> dict[str, Any]:
    """A map that is there: its pixels and dots per inch as the file itself tells them."""
    place = making.place(slot.folder, file)
    picture = jpeg.look_at(place)
    match = recogniser(slot.file, {**making.values, **slot.own}).fullmatch(file)
    size = {"width": picture.width, "height": picture.height, "dpi": round(picture.dpi, 2) if picture.dpi else None}
    return {**_row(slot, origin), **(match.groupdict() if match else {}), "file": making.inside(place), **size}


def _row(slot: FileSlot, origin: str, reason: str = "") -> dict[str, Any]:
    """One map of the manifest. ``crs`` and ``scale`` (denominator on paper) are known of those that are made here."""
    empty = {"file": "", "layout": "", "width": 0, "height": 0, "dpi": None, "crs": "", "scale": None}
    return {"slot": slot.id, "number": slot.number, "title": slot.title, "origin": origin, **empty, "reason": reason}
