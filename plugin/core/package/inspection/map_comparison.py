# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of the maps of a package with maps drawn again from its layers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cancellation import Cancellation
from ...errors import SanxianError
from ...geometry.crs import make_crs_label, parse_crs
from ...messages.texts import Message, Texts
from ...profile.document import PRINTED_KEYS, DocumentInfo
from ..generator import compute_generator_digest
from ..maps.jpeg import DECODED_SCALE_DIVISOR, read_reduced_pixels
from ..maps.slots import ORIGIN_MADE, MapJob, MapRenderer, MapRequest, make_map_spec
from ..package_spec.model import MIN_DPI

if TYPE_CHECKING:
    from ...plan.plan import Plan
    from .facts import FileFact, PackageFacts

#: Least difference, in levels of 255, between the means of 3 × 3 reduced pixels (2 mm) that counts as a change.
#: Saving a jpg again changes them by a few levels.
_MIN_LEVELS = 16
_MM_PER_INCH = 25.4


class MapDifference(NamedTuple):
    """A difference between two pictures: its largest place in mm from the left and the upper edge, its area in cm²."""

    x_mm: float
    y_mm: float
    area_cm2: float


class MapComparison(NamedTuple):
    """A map of a package, and its comparison with the same map drawn again.

    ``reason``: why the map was not compared, a key of texts (section ``not_redrawn``) with its parameters ``params``;
    empty if it was compared. ``difference``: None for equal pictures.
    """

    path: str
    reason: str = ""
    params: Mapping[str, Any] = MappingProxyType({})
    difference: MapDifference | None = None


#: Returns the compared maps of a package whose layers were read into a plan.
CompareMaps = Callable[["PackageFacts", "Plan"], tuple[MapComparison, ...]]


@dataclass
class MapComparer:
    """Draws the maps of a package again and compares them, once for all rules that ask.

    ``folder``: the package; ``draw``: draws maps; ``lang``: language of the reasons why maps are not compared.
    """

    folder: Path
    draw: MapRenderer
    lang: str
    cancellation: Cancellation
    _compared: tuple[MapComparison, ...] | None = field(default=None, init=False)

    def __call__(self, package: PackageFacts, plan: Plan) -> tuple[MapComparison, ...]:
        """Return the comparisons of the maps that the plugin made; ``plan`` has the layers of the package.

        The manifest, or the description in the picture, shows that the plugin made a map.

        Raises Cancelled.
        """
        if self._compared is None:
            self._compared = tuple(self._compare_maps(package, plan))
        return self._compared

    def _compare_maps(self, package: PackageFacts, plan: Plan) -> Iterator[MapComparison]:
        """Yield the comparisons of the maps that the plugin made."""
        rows = _index_map_rows_by_path(package)
        drawn_files = [
            (file, request)
            for file, request in _list_requests(package)
            if rows.get(file.path, {}).get("origin") == ORIGIN_MADE
            or (file.jpeg_properties is not None and file.jpeg_properties.map_description)
        ]
        if reason := _find_comparison_obstacle(package, plan) if drawn_files else "":
            yield from (MapComparison(file.path, reason) for file, _ in drawn_files)
            return
        by_crs: dict[str, list[tuple[FileFact, MapRequest]]] = {}
        for file, request in drawn_files:
            by_crs.setdefault(str(rows.get(file.path, {}).get("crs") or ""), []).append((file, request))
        for crs, files in by_crs.items():
            if crs and parse_crs(crs) is None:
                yield from (MapComparison(file.path, "crs", {"crs": crs}) for file, _ in files)
                continue
            yield from self._draw_and_compare(package, plan, crs, files, rows)

    def _draw_and_compare(
        self,
        package: PackageFacts,
        plan: Plan,
        crs: str,
        files: list[tuple[FileFact, MapRequest]],
        rows: dict[str, dict[str, Any]],
    ) -> Iterator[MapComparison]:
        """Draw the maps of one CRS again and yield their comparisons.

        ``crs``: label of the CRS, may be empty; ``files``: the maps with what is to be drawn; ``rows``: path → row of
        the manifest.
        """
        file_by_name = {request.file_name: file for file, request in files}
        with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
            job = MapJob(
                plan=plan,
                requests=tuple(request for _, request in files),
                catalogue=package.package_spec.maps.load_map_catalogue(),
                map_settings=package.package_spec.maps,
                target_folder=Path(folder),
                county_code=package.county_code,
                county_name=package.county_name,
                document_info=_read_document_info(package),
                report_progress=lambda share, text: None,
                cancellation=self.cancellation,
                crs=crs if _has_other_crs(plan, crs) else "",
            )
            try:
                for rendered_map in self.draw(job):
                    file = file_by_name.pop(rendered_map.request.file_name)
                    if missing_reason := rendered_map.missing_reason:
                        message = Message(
                            "maps",
                            missing_reason.key,
                            {"map": rendered_map.request.map_spec.title, **missing_reason.params},
                        )
                        yield MapComparison(file.path, "not_drawn", {"detail": message.render(Texts(self.lang))})
                        continue
                    programs = str(rows.get(file.path, {}).get("drawn_with") or "")
                    yield self._compare_pictures(package, file.path, Path(folder), rendered_map.programs, programs)
            except SanxianError as error:
                detail = Texts(self.lang).explain_error(error)
                yield from (MapComparison(file.path, "not_drawn", {"detail": detail}) for file in file_by_name.values())

    def _compare_pictures(
        self, package: PackageFacts, path: str, folder: Path, programs_here: str, programs: str
    ) -> MapComparison:
        """Return the comparison of a map of the package with its new picture.

        ``path``: the map; ``folder``: folder with the new picture of the same name; ``programs``: programs that drew
        the map; ``programs_here``: programs that drew the new picture. If they differ, a difference of the pictures
        proves nothing.
        """
        pictures = [read_reduced_pixels(place) for place in (self.folder / path, folder / path.rpartition("/")[2])]
        if pictures[0] is None or pictures[1] is None:
            return MapComparison(path, "undecoded")
        difference = measure_difference(*pictures)
        if difference is not None and programs_here != programs and _can_programs_explain_difference(package, programs):
            return MapComparison(
                path, "programs" if programs else "programs_unknown", {"there": programs, "here": programs_here}
            )
        return MapComparison(path, difference=difference)


def _can_programs_explain_difference(package: PackageFacts, programs: str) -> bool:
    """Return True if a map may look different because other programs drew it.

    False if the manifest contradicts itself about these programs: a manifest of this build names them for each map,
    with the version of QGIS that it states elsewhere.
    """
    tool = (package.manifest or {}).get("tool")
    if not isinstance(tool, dict) or not isinstance(tool.get("versions"), dict):
        return True
    if not programs:
        return bool(tool.get("generator") != compute_generator_digest())
    return f"QGIS {tool['versions'].get('qgis')}," in programs


def _has_other_crs(plan: Plan, crs: str) -> bool:
    """Return True if the maps had a CRS, and layers of the plan have another one."""
    return bool(crs) and any(make_crs_label(layer.crs) != crs for layer in plan.layers.values())


def _index_map_rows_by_path(package: PackageFacts) -> dict[str, dict[str, Any]]:
    """Return path → row of each map of the manifest."""
    rows = package.manifest.get("maps") if package.manifest else None
    return {str(row.get("file", "")): row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict)}


def _list_requests(package: PackageFacts) -> Iterator[tuple[FileFact, MapRequest]]:
    """Yield the package's maps that the plugin can draw, each with the request to draw it."""
    catalogue = package.package_spec.maps.load_map_catalogue()
    for slot in package.package_spec.files:
        if slot.kind == "map" and slot.layout:
            for file in package.list_files_of_slot(slot):
                if file.decoded_jpeg is not None and file.decoded_jpeg.is_sound:
                    yield file, MapRequest(slot, make_map_spec(slot, catalogue), file.name)


def _find_comparison_obstacle(package: PackageFacts, plan: Plan) -> str:
    """Return why no map of the package can be compared, as a key of texts.

    Empty if maps can be compared.
    """
    manifest = package.manifest
    if manifest is None:
        return "manifest"
    profile, standard = (manifest.get(key) for key in ("profile", "standard"))
    norm = plan.norm
    if not isinstance(profile, dict) or profile.get("id") != norm.profile.id:
        return "profile"
    if not isinstance(standard, dict) or standard.get("id") != norm.standard.id:
        return "standard"
    return ""


def _read_document_info(package: PackageFacts) -> DocumentInfo:
    """Return the document information (成果信息) of the manifest, which maps show."""
    manifest = package.manifest or {}
    document = manifest.get("document")
    values = {**(document if isinstance(document, dict) else {}), "secrecy": manifest.get("secrecy")}
    return DocumentInfo(**{key: str(values.get(key) or "") for key in PRINTED_KEYS})


def measure_difference(picture: Any, other_picture: Any) -> MapDifference | None:
    """Return where two pictures differ; None if they are equal but for the noise of jpg compression.

    Both are arrays of bands by rows by columns, reduced from ``MIN_DPI``. Pictures of different size differ everywhere.
    """
    import numpy as np

    pixel_mm = DECODED_SCALE_DIVISOR * _MM_PER_INCH / MIN_DPI
    if picture.shape != other_picture.shape:
        height, width = (side * pixel_mm for side in picture.shape[1:])
        return MapDifference(width / 2, height / 2, width * height / 100)
    difference = picture.astype(np.int32) - other_picture.astype(np.int32)
    padded = np.pad(difference, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows, columns = difference.shape[1:]
    means = sum(padded[:, y : y + rows, x : x + columns] for y in range(3) for x in range(3)) / 9
    levels = np.abs(means).max(axis=0)
    if levels.max() < _MIN_LEVELS:
        return None
    y, x = np.unravel_index(int(levels.argmax()), levels.shape)
    return MapDifference(
        float(x * pixel_mm), float(y * pixel_mm), float((levels >= _MIN_LEVELS).sum() * pixel_mm**2 / 100)
    )
