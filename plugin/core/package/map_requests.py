# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps that an export requests, and what a renderer returns. The core renders nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..base.cancellation import Cancellation
from ..standard.map_set import MapCatalogue, MapSpec, MissingMapReason
from .package_spec.spec import FileSlot, MapSettings

if TYPE_CHECKING:
    from ..plan.plan import Plan
    from ..standard.profile.profile_data import DocumentInfo

#: Origin of a map in the manifest.
ORIGIN_MADE, ORIGIN_GIVEN, ORIGIN_NONE = "made", "given", "none"


class MapRequest(NamedTuple):
    """A map that is to be rendered.

    ``slot`` is its slot in the package specification, ``map_spec`` its definition in the map set, with number and
    title, ``file_name`` its file name.
    """

    slot: FileSlot
    map_spec: MapSpec
    file_name: str


@dataclass(frozen=True)
class MapJob:
    """What a renderer receives: the plan, the requested maps and their settings.

    ``target_folder`` is the folder for the files, ``county_code`` and ``county_name`` are the county's,
    ``document_info`` is the document information (成果信息). ``report_progress`` takes the share of finished maps and
    the name of the current one. ``crs``: label of the CRS to which the layers are converted before drawing, empty to
    draw them as they are. The extent of each map, and with it the position of everything on the page, depends on this
    CRS.
    """

    plan: Plan
    requests: tuple[MapRequest, ...]
    catalogue: MapCatalogue
    map_settings: MapSettings
    target_folder: Path
    county_code: str
    county_name: str
    document_info: DocumentInfo
    report_progress: Callable[[float, str], None]
    cancellation: Cancellation
    crs: str = ""


class RenderedMap(NamedTuple):
    """A rendered map, or the reason why it is missing.

    ``file_names`` are the picture and its world file, ``crs`` is a label, ``scale_denominator`` the denominator of the
    map's scale, ``missing_reason`` the reason. ``programs``: programs and font that drew the map; other programs draw
    another picture from the same layers.
    """

    request: MapRequest
    file_names: tuple[str, ...] = ()
    crs: str = ""
    scale_denominator: float = 0.0
    missing_reason: MissingMapReason | None = None
    programs: str = ""


#: Renders the maps of a job one after the other; raises OutputError for a file that cannot be written.
MapRenderer = Callable[[MapJob], Iterable[RenderedMap]]


@dataclass(frozen=True)
class PlannedMaps:
    """The maps of a package that are to be rendered, and those that cannot be.

    ``map_renderer`` renders the ``requests``; ``missing_maps`` are slots of maps that cannot be rendered, each with the
    reason. ``allows_missing_maps`` allows a required map to be missing.
    """

    requests: tuple[MapRequest, ...] = ()
    missing_maps: tuple[tuple[FileSlot, MissingMapReason], ...] = ()
    map_renderer: MapRenderer | None = field(default=None, compare=False)
    allows_missing_maps: bool = False
