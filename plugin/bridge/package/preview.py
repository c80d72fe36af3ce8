# SPDX-License-Identifier: GPL-2.0-or-later
"""Preview of a package before its export: name, path, files, and missing data.

Any thread may make it; nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.base.errors import Cancellation, InputError, SanxianError
from ...core.package.problems import ExportProblem, ProblemLevel
from ...core.standard.map_set import load_map_set
from ...core.standard.messages.texts import Texts
from ..running.threads import run_in_python_thread
from ..settings import get_interface_language
from ..texts import tr

if TYPE_CHECKING:
    from ...core.checks.check import CheckResult, RunOptions
    from ...core.package.export_order import ExportOrder
    from ...core.package.package_spec.spec import FileSlot, PackageSpec
    from ...core.standard.map_set import MapSpec, MissingMapReason

#: Existing content at the package's path: none, a package that is replaced completely, or content that is not replaced.
NEW_FOLDER, REPLACED_PACKAGE, REFUSED_FOLDER = "new", "replaced", "refused"
#: Subfolders of the folder of documents that are listed, to be watched.
_MAX_WATCHED_FOLDERS = 40


@dataclass(frozen=True)
class SlotPreview:
    """Preview of one document or map that the package must or may contain.

    A slot is a document, map or table in the specification of the package. ``kind``: which of these; ``need``:
    mandatory, conditional or optional; ``file_name_pattern``: pattern of the file names; ``found_file_names``: names of
    the files found; ``is_from_existing_package``: they come from the existing package; ``has_unusable_files``: they
    cannot be opened; ``can_be_drawn``: the plugin draws a missing map if its layers exist; ``is_generated``: the plugin
    generates a missing file from the check; ``is_only_workbook``: the plugin writes these tables as xlsx, but cannot
    write mdb without a driver; ``accepts_any_map``: a map of any number fills the slot.
    """

    kind: str
    title: str
    need: str
    file_name_pattern: str
    found_file_names: tuple[str, ...] = ()
    is_from_existing_package: bool = False
    has_unusable_files: bool = False
    can_be_drawn: bool = False
    is_generated: bool = False
    accepts_any_map: bool = False
    id: str = ""
    is_only_workbook: bool = False


@dataclass(frozen=True)
class PackagePreview:
    """Preview of a package before its export.

    ``folder_name``: name of the package's folder, empty while the county is unknown; ``target``: its path;
    ``folder_state``: the folder is new, replaced or refused; ``refusal_reason``: why existing content is not replaced;
    ``slots``: its documents and maps; ``unassigned_files``: names of files in the folder of documents that belong to no
    slot, ``unused_file_count``: their number; ``watched_paths``: folders and broken files that the user may change
    meanwhile; ``missing_maps``: id of a slot → why its map cannot be drawn.
    """

    folder_name: str = ""
    target: Path | None = None
    folder_state: str = NEW_FOLDER
    refusal_reason: str = ""
    slots: tuple[SlotPreview, ...] = ()
    unassigned_files: tuple[str, ...] = ()
    unused_file_count: int = 0
    watched_paths: tuple[str, ...] = ()
    missing_maps: Mapping[str, str] = field(default_factory=dict)

    def list_relevant_slots(self, draws_maps: bool) -> list[SlotPreview]:
        """Return the slots to show in the list of the package's content.

        A specification may have a slot that a map of any number fills. This slot is left out if it has no file, but the
        package has or gets another map. ``draws_maps``: the plugin draws missing maps.
        """
        drawn = [slot for slot in self.slots if draws_maps and slot.can_be_drawn and slot.id not in self.missing_maps]
        has_map = any(slot.kind == "map" if slot.found_file_names else slot in drawn for slot in self.slots)
        return [slot for slot in self.slots if slot.found_file_names or not (slot.accepts_any_map and has_map)]


@dataclass(frozen=True)
class ExportObjections:
    """Reasons against the export of a package, as sentences.

    ``always_blocking_reasons`` always prevent the export, ``reasons_unless_forced`` only if the user does not force it;
    ``notes`` are only shown. ``problem_by_text``: sentence → the problem, which names the dialog or layer where the
    user corrects it.
    """

    always_blocking_reasons: tuple[str, ...] = ()
    reasons_unless_forced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem_by_text: Mapping[str, ExportProblem] = field(default_factory=dict)


def make_objections(problems: Iterable[ExportProblem]) -> ExportObjections:
    """Return the problems of an export as sentences in the language of the interface, by how they affect the export."""
    texts, problems = Texts(get_interface_language()), list(problems)
    problem_by_text = {problem.format_as_sentence(texts): problem for problem in problems}
    sentences = [
        tuple(problem.format_as_sentence(texts) for problem in problems if problem.level == level)
        for level in (ProblemLevel.STOP, ProblemLevel.GATE, ProblemLevel.NOTE)
    ]
    return ExportObjections(*sentences, problem_by_text=problem_by_text)


#: No objections, or not yet determined.
NO_OBJECTIONS = ExportObjections()


def find_county_placeholders(
    package_spec: PackageSpec, options: RunOptions, check_result: CheckResult | None
) -> dict[str, str]:
    """Return placeholder of a package specification → its value: code and name of the county.

    They come from the checked plan, or without ``check_result`` from the profile. Empty if they are unknown.
    """
    from ...core.package.export_order import find_placeholder_values, find_placeholder_values_of_area

    if check_result is None:
        norm = options.resolve_norm()
        return find_placeholder_values_of_area(norm.profile.area_code, norm, package_spec) or {}
    try:
        return find_placeholder_values(check_result.plan, package_spec)
    except InputError:
        return {}


@run_in_python_thread
def preview_package(order: ExportOrder, placeholders: dict[str, str], inputs: Iterable[str] = ()) -> PackagePreview:
    """Return a preview of a package before its export.

    ``placeholders``: code and name of the county (see `find_county_placeholders`); ``inputs``: paths of the plan's
    files. Raise InputError if the folder of documents is missing.
    """
    from ...core.package.gate import check_target_is_replaceable
    from ...core.package.map_slots import accepts_any_map
    from ...core.package.names import fill_placeholders
    from ...core.package.slot_files import fill_slots
    from ...core.package.tables.access_database import find_access_driver

    form = order.package_spec
    # While the county is unknown, the required files and those found for any county can be listed all the same.
    root = fill_placeholders(form.root, placeholders) if placeholders else ""
    target = order.parent_folder / root if root else None
    former_folder = target if target is not None and target.is_dir() else None
    state, why = NEW_FOLDER, ""
    if target is not None and target.exists():
        state = REPLACED_PACKAGE if former_folder is None or any(former_folder.iterdir()) else NEW_FOLDER
        try:
            check_target_is_replaceable(target, inputs, form, placeholders)
        except SanxianError as error:
            state, why = REFUSED_FOLDER, Texts(get_interface_language()).explain_error(error)
    filled_slots, problems = fill_slots(
        form, placeholders, order.documents_folder, former_folder, get_interface_language()
    )
    broken_titles = {p.params["title"] for p in problems if p.key == "file_broken"}
    has_access_driver = not isinstance(find_access_driver(), str)
    slots = [
        SlotPreview(
            one.slot.kind,
            f"{one.slot.number} {one.slot.title}".strip(),
            one.slot.need,
            one.file_name,
            tuple(path.name for path in one.file_paths),
            former_folder is not None and all(former_folder in path.parents for path in one.file_paths),
            one.slot.title in broken_titles,
            bool(one.slot.layout),
            bool(one.slot.generated) or (_is_table_of_plugin(one.slot, form) and has_access_driver),
            accepts_any_map(one.slot),
            one.slot.id,
            _is_table_of_plugin(one.slot, form) and not has_access_driver,
        )
        for one in filled_slots
    ]
    left_out_problem = next((p for p in problems if p.key == "files_left_out"), None)
    left_out = (left_out_problem.features, left_out_problem.count) if left_out_problem else ((), 0)
    unreadable_files = (str(p) for one in filled_slots if one.slot.title in broken_titles for p in one.file_paths)
    folders = []
    if order.documents_folder is not None:
        subfolders = sorted(str(path) for path in order.documents_folder.iterdir() if path.is_dir())
        folders = [str(order.documents_folder), *subfolders[:_MAX_WATCHED_FOLDERS]]
    return PackagePreview(root, target, state, why, tuple(slots), *left_out, (*folders, *unreadable_files))


def _is_table_of_plugin(slot: FileSlot, package_spec: PackageSpec) -> bool:
    """Return True if the slot is an mdb file with tables that the plugin can write."""
    return slot.kind == "table" and slot.file.lower().endswith(".mdb") and package_spec.tables is not None


def describe_personal_fields(package_spec: PackageSpec) -> list[str]:
    """Return for each layer that has fields with personal data a line with the layer and these fields."""
    from ...core.standard import load_standard

    chinese = get_interface_language() == "zh"
    lines = []
    for template in load_standard(package_spec.standard).templates.values():
        field_titles = [
            personal_field.alias or personal_field.name if chinese else personal_field.name
            for personal_field in template.personal_fields
        ]
        if field_titles:
            title = template.name if chinese else template.role
            lines.append(tr("{layer}: {fields}").format(layer=title, fields=tr(", ").join(field_titles)))
    return lines


def explain_missing_maps(
    package_spec: PackageSpec, find_missing_input: Callable[[MapSpec], MissingMapReason | None]
) -> dict[str, str]:
    """Return id of a slot → sentence why its map cannot be drawn, for the maps whose layers are missing.

    ``find_missing_input``: returns which layer or data a map lacks, None if the map can be drawn.
    """
    from ...core.package.map_slots import make_map_spec

    texts, catalogue = Texts(get_interface_language()), load_map_set(package_spec.maps.map_set)
    reasons: dict[str, str] = {}
    for slot in package_spec.files:
        missing_input = find_missing_input(make_map_spec(slot, catalogue)) if slot.layout else None
        if missing_input is not None:
            reasons[slot.id] = texts.get("maps", missing_input.key, map=slot.title, **missing_input.params)
    return reasons


@run_in_python_thread
def find_objections(check_result: CheckResult, order: ExportOrder, cancellation: Cancellation) -> ExportObjections:
    """Return the reasons against exporting a checked plan as the requested package.

    May be called from any thread. Raises Cancelled if the user cancels.
    """
    from ...core.package.gate import find_check_problems, find_narrow_scope
    from ...core.package.layers.data_sets import prepare_data_sets

    _, problems = prepare_data_sets(check_result, order, cancellation)
    return make_objections([*find_check_problems(check_result), *find_narrow_scope(check_result), *problems])
