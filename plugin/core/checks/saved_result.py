# SPDX-License-Identifier: GPL-2.0-or-later
"""The last check result of a project, saved as one file.

The file has the report, the time, and digests of the checked data. A plan without features can be rebuilt from it.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import DataError
from ..base.files.data import read_value
from ..base.files.dataset_files import LOG_SUFFIXES, iterate_dataset_files
from ..base.files.digests import add_digest, read_json_with_digest
from ..base.files.writing import write_text

if TYPE_CHECKING:
    from ..model.findings import Finding
    from ..model.report import Report
    from ..plan.plan import Plan
    from ..standard.options import RunOptions


RESULT_SCHEMA = "sanxian-result/1"
#: Larger files are compared by time and size only.
_MAX_DIGEST_BYTES = 64 * 1024 * 1024

#: Type of the values by which waivers match findings and which the report omits.
_PLACES = list[tuple[bool, float | None, tuple[float, float] | None]]
#: Name, time (ns) and size of each file of a source.
FileStamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class SavedLayer:
    """A layer as it was when it was checked.

    ``role``: its layer code, empty if not recognised; ``table``: its table in the database; ``unsaved``: number of
    unsaved edits; ``digest``: SHA-256 of its rows, empty if they were not read; ``stamp``: name, time and size of its
    files.
    """

    id: str
    name: str
    role: str = ""
    table: str = ""
    filter: str = ""
    unsaved: int = 0
    digest: str = ""
    stamp: FileStamp = ()


@dataclass(frozen=True)
class SavedFile:
    """State of a file that a check read besides the layers (profile, waivers, targets, baseline).

    ``stamp``: name, time and size; ``digest``: SHA-256 of its contents, empty for a folder or a large file. No path is
    stored.
    """

    stamp: FileStamp = ()
    digest: str = ""


@dataclass
class SavedResult:
    """A saved check result.

    ``crs``: CRS of the findings as WKT; ``check_settings``: settings of the check as text; ``side_files``: name of the
    setting → file state; ``is_area_known``: the data themselves gave the county code.
    """

    finished_at: datetime
    report: Report
    crs: str
    check_settings: dict[str, str]
    layers: list[SavedLayer] = field(default_factory=list)
    side_files: dict[str, SavedFile] = field(default_factory=dict)
    is_area_known: bool = True


@dataclass(frozen=True)
class ChangesSinceCheck:
    """What changed since a check.

    ``changed_layer_names``: names of the changed layers; ``changed_roles``: their layer codes;
    ``have_settings_changed``: county settings, side files or the plugin version changed, which affects every rule.
    """

    changed_layer_names: tuple[str, ...] = ()
    changed_roles: frozenset[str] = frozenset()
    have_settings_changed: bool = False

    def __bool__(self) -> bool:
        return bool(self.changed_layer_names or self.have_settings_changed)

    def add_changed_layer(self, name: str, role: str) -> ChangesSinceCheck:
        """Return the changes with one more layer."""
        return ChangesSinceCheck(
            tuple(dict.fromkeys((*self.changed_layer_names, name))),
            self.changed_roles | ({role} - {""}),
            self.have_settings_changed,
        )


def make_saved_result_path(project_file: str | Path) -> Path:
    """Return the path of the result file next to a project file: 县.qgz → 县.result.json."""
    path = Path(project_file)
    return path.with_name(f"{path.stem}.result.json")


def read_modification_stamp(path: str) -> FileStamp:
    """Return name, time (ns) and size of each file of a data set or folder.

    Empty without a path. The files are those of `iterate_dataset_files`. The time is the later one of content and,
    where the system has it, of the file's entry, which no program sets back.
    """
    return tuple(_read_file_stamp(name, one) for name, one in iterate_dataset_files(Path(path))) if path else ()


def _read_file_stamp(name: str, path: Path) -> tuple[str, int, int]:
    """Return name, time (ns) and size of a file; zeros if it is missing."""
    try:
        state = path.stat()
    except OSError:
        return name, 0, 0
    # Readers of a database change the entry of its log, not its content.
    is_log = name.endswith(LOG_SUFFIXES)
    return name, state.st_mtime_ns if is_log else max(state.st_mtime_ns, state.st_ctime_ns), state.st_size


def is_file_unchanged(saved_file: SavedFile, path: str | Path, stamp: FileStamp) -> bool:
    """Return True if a file is unchanged: equal time and size, else equal contents."""
    return saved_file.stamp == stamp or bool(saved_file.digest and saved_file.digest == compute_file_digest(path))


def compute_file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file; empty without a path, for a folder and for a file above `_MAX_DIGEST_BYTES`."""
    path = Path(path)
    if not path.is_file() or path.stat().st_size > _MAX_DIGEST_BYTES:
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class OutdatedFindings:
    """Decides which findings may be outdated, by the layers that their rules read."""

    changes: ChangesSinceCheck
    concepts: dict[str, tuple[str, ...]]
    _rules: dict[str, bool] = field(default_factory=dict, init=False)

    def is_finding_outdated(self, code: str, finding: Finding) -> bool:
        """Return True if a layer of the finding, or one that its rule reads, has changed."""
        is_changed = not self.changes.changed_roles.isdisjoint((finding.role, finding.related_role))
        return is_changed or self.is_rule_outdated(code)

    def is_rule_outdated(self, code: str) -> bool:
        """Return True if the stored result of a rule may be out of date: a layer that it reads, or a setting, changed.

        Rules that read every layer in turn are decided by finding (`is_finding_outdated`).
        """
        if self.changes.have_settings_changed:
            return True
        if code not in self._rules:
            from ..model.rule import EVERY_LAYER, load_all_rules

            rule = load_all_rules().get(code)
            needs = [need.concept for need in rule.needs.values() if need.concept != EVERY_LAYER] if rule else []
            self._rules[code] = any(
                self.changes.changed_roles & set(self.concepts.get(concept, (concept,))) for concept in needs
            )
        return self._rules[code]


# --- the file
def write_saved_result(path: str | Path, saved_result: SavedResult) -> None:
    """Write a result file; on OutputError the former file is intact."""
    from ..render.outputs import dump_json

    data = {
        "schema": RESULT_SCHEMA,
        "finished": saved_result.finished_at.isoformat(timespec="seconds"),
        "crs": saved_result.crs,
        "area_known": saved_result.is_area_known,
        "settings": saved_result.check_settings,
        "files": {name: asdict(file) for name, file in saved_result.side_files.items()},
        "layers": [asdict(layer) for layer in saved_result.layers],
        "places": [
            [finding.by_place, finding.by_nodes_m2, list(finding.place) if finding.place else None]
            for finding in saved_result.report.findings
        ],
        "report": saved_result.report.to_dict(),
    }
    write_text(path, add_digest(dump_json(data)))


def read_saved_result(path: str | Path) -> SavedResult:
    """Read a result file.

    Raises DataError for a file that was damaged or edited, and for another version of the schema.
    """
    from ..model.report import Report

    path = Path(path)
    try:
        data = read_json_with_digest(path)
        read_value(data, {"schema": str, "finished": str, "report": dict, "area_known": bool, "crs": str}, file=path)
        if data["schema"] != RESULT_SCHEMA:
            raise DataError("kept_result_damaged", file=path.name)
        report = Report.from_dict(data["report"], path, "report")
        places = read_value(data.get("places"), _PLACES, file=path, key="places")
        for finding, (by_place, by_nodes_m2, location) in zip(report.findings, places, strict=True):
            finding.by_place, finding.by_nodes_m2, finding.place = by_place, by_nodes_m2, location
        return SavedResult(
            finished_at=datetime.fromisoformat(data["finished"]),
            report=report,
            crs=data["crs"],
            check_settings=read_value(data.get("settings"), dict[str, str], file=path, key="settings"),
            layers=read_value(data.get("layers"), list[SavedLayer], file=path, key="layers"),
            side_files=read_value(data.get("files"), dict[str, SavedFile], file=path, key="files"),
            is_area_known=data["area_known"],
        )
    except (OSError, ValueError, DataError) as error:
        raise DataError("kept_result_damaged", file=path.name) from error


def restore_plan_with_empty_layers(saved_result: SavedResult, options: RunOptions, inputs: tuple[str, ...]) -> Plan:
    """Return a plan with empty layers for a saved check result.

    It suffices to display, export and accept findings, but not to measure areas. ``inputs``: data files of the layers,
    which no output may overwrite. Raise DataError or InputError if the profile or the standard cannot be read.
    """
    import geopandas as gpd
    from pyproj import CRS

    from ..plan.layer import Layer, SourceLayer
    from ..plan.plan import Plan

    provenance = saved_result.report.provenance
    area_code = str(provenance["area_code"])
    norm = options.resolve_norm().keep_confirmations_valid_for_area(area_code)
    crs = CRS.from_user_input(saved_result.crs)
    plan = Plan(
        layers={},
        norm=norm,
        scope=str(provenance["scope"]),
        crs=crs,
        source=str(provenance["source"]),
        input_files=inputs,
        # The county code is normally the majority of the rows; a saved result has no rows.
        known_county_code=area_code if saved_result.is_area_known else "",
    )
    for layer_entry in provenance["layers"]:
        templates = norm.standard.list_templates_of_role(layer_entry["role"])
        same_template = [
            template for template in templates if f"{template.standard}/{template.role}" == layer_entry["template"]
        ]
        if templates:
            source = SourceLayer(layer_entry["name"], gpd.GeoDataFrame(geometry=[], crs=crs), (), crs)
            plan.layers[layer_entry["role"]] = Layer(source, (same_template or templates)[0], crs)
    return plan
