# SPDX-License-Identifier: GPL-2.0-or-later
"""Undo of each fix, and of a batch, restores all bytes and values in every transaction mode; redo applies it again."""

import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import shapely
from osgeo import ogr, osr
from qgis.core import NULL, Qgis, QgsVectorLayer

from plugin.bridge.fixes.apply import ChangeLog, FixOrder
from plugin.bridge.fixes.commands import ApplyRefused
from plugin.bridge.layers.reading import read_snapshots
from plugin.bridge.layers.snapshots import take_snapshot
from plugin.core.base.errors import NEVER_CANCELLED
from plugin.core.cli.examples.plans import make_example_norm, make_example_plan
from plugin.core.fixes.applied_edits import merge_edits, read_rows_before
from plugin.core.fixes.batch import choose_fixes, run_batch
from plugin.core.fixes.fix_declaration import load_all_fixes
from plugin.core.fixes.proposal import FixTexts
from plugin.core.plan.loading.assembly import assemble_plan
from tests.core.fixes.fix_runs import check_and_start_editing, make_fix_example_plan, propose_fix_or_fail
from tests.core.fixes.random_layouts import draw_row_of_layouts
from tests.parametrize import first_daily, first_of_each_daily
from tests.qgis.live_helpers import roll_back
from tests.qgis.test_fix_apply import apply_order

MODES = {
    "Disabled": Qgis.TransactionMode.Disabled,
    "AutomaticGroups": Qgis.TransactionMode.AutomaticGroups,
    "BufferedGroups": Qgis.TransactionMode.BufferedGroups,
}
#: Every example in which a fix changes rows.
EXAMPLES = [(fix, one) for fix in load_all_fixes().values() for one in fix.examples if not one.refused]
BATCH_RULES = [
    "GEO001", "GEO002", "GEO005", "GEO006", "GEO009", "ATT001", "ATT002", "ATT013", "TOP001", "TOP002", "TOP003", "REL002",
    "REL003", "REL004", "REL005",
]  # fmt: skip
#: First seeds of the rows of four layouts; with SANXIAN_LAYOUT_SEEDS=0:1000 all rows of a wide trial (15 minutes).
WIDE_TRIAL_SEEDS = os.environ.get("SANXIAN_LAYOUT_SEEDS", "")
LAYOUTS_IN_A_ROW = 4
FIRST_SEEDS = range(*map(int, WIDE_TRIAL_SEEDS.split(":")), LAYOUTS_IN_A_ROW) if WIDE_TRIAL_SEEDS else [0]


@dataclass(frozen=True)
class JudgedFixes:
    """Fixes that were judged on the layers of a file."""

    file: Path
    roles: list[str]
    norm: object
    proposals: list
    rows_before: dict

    def make_order(self):
        """Return the order to apply all judged fixes in one step."""
        edits = merge_edits(proposal.edits for proposal in self.proposals)
        return FixOrder(self.proposals, edits, self.rows_before, "修复", who="王工")


#: Further fields of each layer, which hold values in odd rows and NULL in the others.
FURTHER_FIELDS = {
    "备注": ("text", "原注"),
    "序号": ("integer", 7),
    "比例": ("real", 0.1),
    "日期": ("date", "2026-01-31"),
}
FIELD_TYPES = {"text": ogr.OFTString, "integer": ogr.OFTInteger, "real": ogr.OFTReal, "date": ogr.OFTDate}


def write_layers(path, plan):
    """Write the layers of an example's plan to a GeoPackage; arcs stay arcs."""
    database = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(4526)
    for role, layer in plan.layers.items():
        arcs, frame = layer.source.curve_texts, layer.source.frame
        table = database.CreateLayer(role, reference, ogr.wkbCurvePolygon if arcs else ogr.wkbMultiPolygon)
        kinds = {info.name: info.type for info in layer.source.fields} | {
            name: kind for name, (kind, _) in FURTHER_FIELDS.items()
        }
        for name, kind in kinds.items():
            table.CreateField(ogr.FieldDefn(name, FIELD_TYPES[kind]))
        for number, row in enumerate(frame.to_dict("records")):
            feature = ogr.Feature(table.GetLayerDefn())
            values = row | {name: value if number % 2 else None for name, (_, value) in FURTHER_FIELDS.items()}
            for name in kinds:
                if values[name] is not None and values[name] == values[name]:
                    feature.SetField(name, values[name])
            shape = row[frame.geometry.name]
            if number in arcs:
                feature.SetGeometry(ogr.CreateGeometryFromWkt(arcs[number]))
            elif shape is not None:
                geometry = ogr.CreateGeometryFromWkb(shapely.to_wkb(shape))
                feature.SetGeometry(geometry if arcs else ogr.ForceToMultiPolygon(geometry))
            table.CreateFeature(feature)
        del table
    del database


def open_layers(path, roles):
    return {role: QgsVectorLayer(f"{path}|layername={role}", role, "ogr") for role in roles}


def read_plan(path, roles, norm):
    shots = [take_snapshot(layer) for layer in open_layers(path, roles).values()]
    sources = read_snapshots(shots, progress=lambda share, text: None, cancellation=NEVER_CANCELLED)
    return assemble_plan(list(sources), norm, scope="three_lines")


def judge_example(path, fix, example):
    """Return an example's fix, judged on its layers as QGIS reads them."""
    plan, norm = make_fix_example_plan(example), make_example_norm(example.settings)
    write_layers(path, plan)
    state, findings = check_and_start_editing(read_plan(path, plan.layers, norm), [example.rule, *example.rules])
    finding = next(one for one in findings if one.code == example.rule and fix.is_for_finding(one))
    proposal, _after = propose_fix_or_fail(fix, finding, state, **example.parameters)
    return JudgedFixes(path, list(plan.layers), norm, [proposal], read_rows_before(state, proposal.edits))


def judge_batch(path, first_seed):
    """Return a batch over several layers, safe fixes and others, on a row of random layouts."""
    plan = make_example_plan(draw_row_of_layouts(range(first_seed, first_seed + LAYOUTS_IN_A_ROW)))
    write_layers(path, plan)
    state, findings = check_and_start_editing(read_plan(path, plan.layers, plan.norm), BATCH_RULES)
    result = run_batch(state, findings, choose_fixes(()), safe_only=False)
    edits = merge_edits(proposal.edits for proposal in result.applied)
    return JudgedFixes(path, list(plan.layers), plan.norm, result.applied, read_rows_before(state, edits))


@pytest.fixture(scope="module")
def judge_fixes(qgis_app, tmp_path_factory):
    """Return a function that judges an example by its number, or a batch by its first seed, once for all modes."""
    folder = tmp_path_factory.mktemp("judged")

    @cache
    def judge(example=None, first_seed=None):
        if example is None:
            return judge_batch(folder / f"batch{first_seed}.gpkg", first_seed)
        return judge_example(folder / f"{example}.gpkg", *EXAMPLES[example])

    return judge


@pytest.fixture(params=first_daily(MODES))
def open_in_mode(request, project, tmp_path):
    """Return a function that opens a copy of judged layers for editing in a transaction mode."""
    project.setTransactionMode(MODES[request.param])

    def open_copy(one):
        layers = open_layers(shutil.copy(one.file, tmp_path / "县.gpkg"), one.roles)
        project.addMapLayers(list(layers.values()))
        for layer in layers.values():
            assert layer.isEditable() or layer.startEditing()
        return layers

    yield open_copy
    roll_back_all(project)
    project.clear()
    project.setTransactionMode(Qgis.TransactionMode.Disabled)


def roll_back_all(project):
    """Roll back all layers; each may take others of its transaction with it."""
    for layer in project.mapLayers().values():
        if layer.isEditable():
            roll_back(project, layer)


def read_all(layers, with_fid=True):
    """Return the fields of each layer, and WKB and all values of each row; a value with its type, NULL as NULL."""
    rows = {}
    for role, layer in layers.items():
        names = [field.name() for field in layer.fields() if with_fid or field.name() != "fid"]
        rows[role] = names, sorted(
            (
                feature.id() if with_fid else 0,
                bytes(feature.geometry().asWkb()),
                [(type(feature[name]).__name__, "NULL" if feature[name] == NULL else repr(feature[name])) for name in names],
            )
            for feature in layer.getFeatures()
        )  # fmt: skip
    return rows


def apply_judged_fixes(one, layers, folder):
    """Apply judged fixes to layers; return the applied step."""
    log = ChangeLog(folder / "县.changes.csv", FixTexts("zh", one.norm.standard.templates))
    return apply_order(one.make_order(), layers, one.norm, log)


def check_undo_and_redo(one, layers, folder):
    """Apply fixes, and undo and redo them with QGIS's own undo on one layer and with the step."""
    before, shapes_before = read_all(layers), read_all(layers, with_fid=False)
    step = apply_judged_fixes(one, layers, folder)
    after, shapes_after = read_all(layers), read_all(layers, with_fid=False)
    changed = {role for role in layers if before[role] != after[role]}
    assert changed == {proposal_role for proposal in one.proposals for proposal_role in proposal.edits.roles}
    for role in sorted(changed):
        layers[role].undoStack().undo()
        assert read_all(layers) == before, f"undo on {role}"
        layers[role].undoStack().redo()
        # QGIS may number new rows anew.
        assert read_all(layers, with_fid=False) == shapes_after, f"redo on {role}"
    assert step.undo()
    assert read_all(layers) == before
    assert shapes_before != shapes_after
    return before


def is_refused_in_mode(judged_fixes, project):
    """Return True for fixes that add fields while the project has automatic transaction groups.

    Such fixes are refused, because the undo of QGIS would leave a layer without rows.
    """
    has_new_fields = any(proposal.edits.new_fields for proposal in judged_fixes.proposals)
    return has_new_fields and project.transactionMode() == Qgis.TransactionMode.AutomaticGroups


def check_refusal(one, layers, folder):
    """Apply fixes that are refused, and compare the layers, which stay as they were."""
    before = read_all(layers)
    with pytest.raises(ApplyRefused, match="automatic transaction groups"):
        apply_judged_fixes(one, layers, folder)
    assert read_all(layers) == before and not any(layer.isModified() for layer in layers.values())


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    "number",
    first_of_each_daily(range(len(EXAMPLES)), lambda number: EXAMPLES[number][0].code),
    ids=[f"{fix.code} {one.title}" for fix, one in EXAMPLES],
)
def test_undo_of_a_fix_restores_bytes_and_values_and_redo_applies_it_again(
    judge_fixes, open_in_mode, project, number, tmp_path
):
    one = judge_fixes(example=number)
    layers = open_in_mode(one)
    if is_refused_in_mode(one, project):
        check_refusal(one, layers, tmp_path)
    else:
        check_undo_and_redo(one, layers, tmp_path)


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize("first_seed", FIRST_SEEDS)
def test_undo_of_a_batch_over_several_layers_restores_bytes_and_values(
    judge_fixes, open_in_mode, project, first_seed, tmp_path
):
    one = judge_fixes(first_seed=first_seed)
    if not WIDE_TRIAL_SEEDS:
        assert not any(proposal.edits.new_fields for proposal in one.proposals), "refused in automatic groups"
        assert len({edit.role for proposal in one.proposals for edit in proposal.edits}) >= 3
        assert len({proposal.fix.code for proposal in one.proposals}) >= 5
    layers = open_in_mode(one)
    if is_refused_in_mode(one, project):
        check_refusal(one, layers, tmp_path)
        return
    before = check_undo_and_redo(one, layers, tmp_path)
    roll_back_all(project)
    assert read_all(layers) == before


def test_every_fix_has_an_undo_example():
    assert {fix.code for fix, _ in EXAMPLES} == set(load_all_fixes())
