# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the inputs that a plan is compared with.

They are tables of printed figures, township targets, a heritage register, waivers, the sealed edition, and the record
of a yearly change next to the data.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base.errors import Cancellation, InputError, SanxianError
from ..base.files import make_path_next_to_data
from ..base.files.data import read_json, read_value
from ..engine.waivers.file import load_waivers
from ..engine.waivers.waiver import Waivers
from ..figures.heritage_sites import HeritageRegister, read_heritage_register
from ..figures.supplied_tables import PrintedFigure, read_printed_figures, read_township_targets
from ..model.side_inputs import SideInputs
from ..model.window_register import (
    RegisteredWindow,
    find_window_register_path,
    list_registered_windows,
    read_window_register,
)
from ..plan.loading.key_table import KEY_TABLE_SUFFIX, read_renumbered_keys
from ..plan.loading.reading import make_plan_layer_selector
from ..plan.plan import Plan
from ..render.versions.baseline import read_baseline
from ..standard.options import RunOptions
from ..standard.profile import Norm
from ..standard.profile.profile_figures import AllocatedTargets

#: The rule that compares a heritage list, and the one that compares the counts under [[heritage_register]].
LIST_RULE, COUNT_RULE = "LAW024", "LAW023"
#: What a change record has of each layer, for `read_value`.
_LAYER_TYPES: dict[str, Any] = {
    "layer": str,
    **dict.fromkeys(("change", "before", "after"), int),
    **dict.fromkeys(("before_m2", "after_m2"), (int, float)),
    "kinds": dict,
}


@dataclass(frozen=True)
class SideTables:
    """Tables given for a check, each empty if it was not given.

    ``figures``: figures printed in the plan's text; ``targets``: targets by township; ``register``: heritage register;
    ``waivers``: accepted findings; ``notices``: notices on these tables for the report; ``key_table``: path of the
    table of old and new keys.
    """

    options: RunOptions
    figures: tuple[PrintedFigure, ...]
    targets: AllocatedTargets
    register: HeritageRegister | None
    waivers: Waivers
    notices: list[tuple[str, dict[str, Any]]]
    key_table: str = ""

    def make_side_inputs(self, plan: Plan, norm: Norm, cancellation: Cancellation) -> SideInputs:
        """Return all side inputs of a plan: tables, sealed edition and change record.

        The sealed edition is converted to the plan's plane; the change record is the file next to the layers. Notices
        on the inputs and their file names are added to the plan. Raise InputError as `read_baseline`.
        """
        plan.notices += self.notices
        for path, notice, count in (
            (self.options.figures, "notice_figures", len(self.figures)),
            (self.options.targets, "notice_targets", len(self.targets.targets)),
        ):
            if path:
                plan.notices.append((notice, {"file": Path(path).name, "count": count}))
                plan.input_files += (path,)
        if self.options.register:
            plan.input_files += (self.options.register,)
        inputs = {
            "figures": self.figures or None,
            "targets": self.targets,
            "register": self.register,
            "record": find_import_record(plan),
            "windows": find_registered_windows(plan),
            **self.options.side,
        }
        if not self.options.baseline:
            return SideInputs(**inputs)
        renumbered_keys = read_renumbered_keys(self.key_table) if self.key_table else {}
        sealed_baseline = read_baseline(
            self.options.baseline,
            plan,
            norm,
            select_layer=make_plan_layer_selector(norm, {}),
            cancellation=cancellation,
        )
        plan.input_files = tuple(dict.fromkeys((*plan.input_files, *sealed_baseline.input_files)))
        name = sealed_baseline.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        layers = "、".join(f"{layer.name}（{len(layer)}）" for layer in sealed_baseline.layers.values())
        plan.notices.append(("notice_baseline", {"source": name, "layers": layers}))
        # Unread data of the sealed edition were not compared.
        plan.unread_data += sealed_baseline.unread_data
        plan.notices += [
            ("notice_baseline_unusable", {"source": name, "layer": unusable_layer.name, "role": unusable_layer.role})
            for unusable_layer in sealed_baseline.unusable_layers.values()
        ]
        return SideInputs(**inputs | {"baseline": sealed_baseline, "renumbered": dict(renumbered_keys)})

    def note_registers(self, plan: Plan, norm: Norm, codes: Iterable[str]) -> None:
        """Add notices to the plan on heritage registers: whether a rule of the run compares them.

        ``codes``: codes of the rules of the run.
        """
        running = set(codes)
        if self.register is not None:
            params = {
                "file": Path(self.options.register).name,
                "count": len(self.register.listed_sites),
                "rule": LIST_RULE,
            }
            plan.notices.append(("notice_register" if LIST_RULE in running else "notice_register_unused", params))
        register_lines = [line for line in norm.profile.register if line.area_code == plan.area_code]
        if register_lines and COUNT_RULE not in running:
            plan.notices.append(("notice_counts_unused", {"count": len(register_lines), "rule": COUNT_RULE}))


def read_side_tables(options: RunOptions, norm: Norm, source: str | Path | None) -> SideTables:
    """Read the tables that the options name, and the waivers next to ``source``.

    Raise InputError or DataError for invalid tables.
    """
    key_table = options.renumbered
    if not key_table and source:
        default_path = make_path_next_to_data(source, KEY_TABLE_SUFFIX)
        key_table = str(default_path) if default_path.is_file() else ""
    waivers, notices = load_waivers(options.waivers, norm, source, key_table)
    if key_table:
        notices.append(("notice_key_table", {"file": Path(key_table).name}))
    return SideTables(
        options,
        read_printed_figures(options.figures) if options.figures else (),
        read_township_targets(options.targets) if options.targets.strip() else AllocatedTargets(),
        read_heritage_register(options.register, norm) if options.register else None,
        waivers,
        notices,
        key_table,
    )


@dataclass(frozen=True)
class ChangeRecord:
    """The record of an imported yearly change.

    ``file_name``: name of its file; ``totals_by_class_and_kind``: (layer code of a maintenance class, kind of change or
    empty for all kinds) → number of polygons and statutory m².
    """

    file_name: str
    totals_by_class_and_kind: dict[tuple[str, str], tuple[int, float]]


def find_import_record(plan: Plan) -> ChangeRecord | None:
    """Return the record next to the geodatabase of the plan's yearly change layers.

    Return None if the record is missing or unreadable, as in a package made by other software.
    """
    rules = plan.norm.standard.maintenance
    sources = {plan.layers[role].source.source for role in (rules.change_roles if rules else ()) if role in plan.layers}
    if rules is None or len(sources) != 1 or not all(sources):
        return None
    database = Path(sources.pop())
    path = database.with_name(f"{database.stem}{rules.delivery.balance}.json")
    try:
        record = read_json(path, {"layers": [_LAYER_TYPES]})
        prefixes = {stage: one.prefix for stage, one in rules.class_by_stage.items()}
        classes = {}
        for layer_record in [one for one in record["layers"] if one["change"]]:
            for stage in ("before", "after"):
                classes[prefixes[stage] + layer_record["layer"], ""] = (
                    layer_record[stage],
                    layer_record[f"{stage}_m2"],
                )
            kind_types = {"code": str, "count": int, "area_m2": (int, float)}
            for kind_record in read_value([*layer_record["kinds"].values()], [kind_types], file=path, key="kinds"):
                classes[prefixes["change"] + layer_record["layer"], kind_record["code"]] = (
                    kind_record["count"],
                    kind_record["area_m2"],
                )
        return ChangeRecord(path.name, classes)
    except SanxianError:
        # A foreign or missing record: the recorded figures are not compared, and the rule reports it.
        return None


def find_registered_windows(plan: Plan) -> tuple[RegisteredWindow, ...] | None:
    """Return the windows of the register next to the layers that may have windows; None without a register.

    A notice names a register that cannot be read.
    """
    layers = (plan.find_layer_of_concept(concept) for concept in plan.norm.get("quality.windowed"))
    files = [layer.source.source for layer in layers if layer is not None and layer.source.source]
    registered_windows: list[RegisteredWindow] | None = None
    for path in dict.fromkeys(find_window_register_path(file) for file in files):
        if path is None:
            continue
        try:
            registered_windows = (registered_windows or []) + list_registered_windows(read_window_register(path))
        except InputError:
            plan.notices.append(("notice_windows_unreadable", {"file": path.name}))
            continue
        plan.input_files += (str(path),)
    return None if registered_windows is None else tuple(registered_windows)
