# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of submission packages, found by the DOC rules.

The layers of the plan stay as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from plugin.core.base.files.digests import MANIFEST_PAGE_FILE_NAME
from plugin.core.cli.examples.package_facts import (
    COMPLETE_PACKAGE_FILES,
    DATABASE,
    make_jpeg,
    make_package_facts,
    make_pdf,
)
from plugin.core.package.inspection.facts import FileFact
from plugin.metadata import read_plugin_version
from tests.county.measure import statutory_area
from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.side_inputs import make_package_changes

#: A separate map, because two equal files would count as one picture.
MAP_PIXELS = (2488, 3508)

DOCUMENTS, MAPS = "2-规划文档/140225浑源县", "4-规划图件/140225浑源县"
TEXT, MAP = f"{DOCUMENTS}国土空间总体规划文本.pdf", f"{MAPS}01三条控制线图.jpg"


def change_package_facts(draft: CountyDraft, **changes: Any) -> None:
    draft.options["package"] = make_package_facts({**make_package_changes(draft.layers_for_reading), **changes})


@declare_mutation("DOC001", case="county", follows=["DOC002", "DOC003", "DOC012"], finds=1)
def plant_package_folder_named_after_another_county(draft: CountyDraft) -> None:
    change_package_facts(draft, root="140226浑源县国土空间总体规划")


@declare_mutation("DOC001", case="name", follows=["DOC002", "DOC003", "DOC012"], finds=1)
def plant_package_folder_named_after_the_neighbour(draft: CountyDraft) -> None:
    change_package_facts(draft, root="140225左云县国土空间总体规划")


@declare_mutation("DOC001", case="form")
def plant_package_folder_with_an_arbitrary_name(draft: CountyDraft) -> None:
    change_package_facts(draft, root="最终版")


@declare_mutation("DOC001", case="manifest")
def plant_manifest_of_neighbour(draft: CountyDraft) -> None:
    change_package_facts(draft, area={"code": "140226", "name": "左云县"})


@declare_mutation("DOC002", follows=["DOC006"])
def plant_package_without_plan_text(draft: CountyDraft) -> None:
    change_package_facts(draft, drop=[TEXT])


@declare_mutation("DOC002", case="data", follows=["DOC006", "DOC008", "DOC010"])
def plant_package_without_datasets(draft: CountyDraft) -> None:
    change_package_facts(draft, drop=[DATABASE])


@declare_mutation("DOC002", case="optional", follows=["DOC006"])
def plant_package_without_check_record(draft: CountyDraft) -> None:
    change_package_facts(draft, drop=[f"{DOCUMENTS}质量检查记录.pdf"])


@declare_mutation("DOC002", case="maps", follows=["DOC006", "DOC030"])
def plant_package_with_one_map_only(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{MAPS}04县域国土空间规划分区图.jpg": make_jpeg(size=MAP_PIXELS)})


@declare_mutation("DOC003", case="name", follows=["DOC006"])
def plant_map_of_the_neighbouring_county(draft: CountyDraft) -> None:
    change_package_facts(draft, add={"4-规划图件/140226左云县02图.jpg": make_jpeg(size=MAP_PIXELS)})


@declare_mutation("DOC003", case="folder", follows=["DOC006"])
def plant_plan_text_among_the_maps(draft: CountyDraft) -> None:
    change_package_facts(draft, drop=[TEXT], add={TEXT.replace("2-规划文档", "4-规划图件"): make_pdf("text")})


@declare_mutation("DOC004")
def plant_thumbnail_files(draft: CountyDraft) -> None:
    change_package_facts(draft, add={"4-规划图件/Thumbs.db": b"x"})


@declare_mutation("DOC005", case="empty", follows=["DOC006"])
def plant_empty_report(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{DOCUMENTS}质量检查报告.pdf": b""})


@declare_mutation("DOC005", case="link")
def plant_maps_folder_that_is_a_link(draft: CountyDraft) -> None:
    change_package_facts(draft, links=["4-规划图件/更多图件"])


@declare_mutation("DOC005", case="kind", follows=["DOC006"])
def plant_map_file_of_another_format(draft: CountyDraft) -> None:
    change_package_facts(draft, add={MAP: b"GIF89a"})


@declare_mutation("DOC005", case="dpi", follows=["DOC006"])
def plant_map_of_screen_resolution(draft: CountyDraft) -> None:
    change_package_facts(draft, add={MAP: make_jpeg(96)})


@declare_mutation("DOC005", case="broken", follows=["DOC006"])
def plant_truncated_map_file(draft: CountyDraft) -> None:
    change_package_facts(draft, add={MAP: make_jpeg()[:-2]})


@declare_mutation("DOC005", case="cut", follows=["DOC006"])
def plant_truncated_plan_text(draft: CountyDraft) -> None:
    change_package_facts(draft, add={TEXT: make_pdf("text")[:-30]})


@declare_mutation("DOC006", case="changed")
def plant_plan_text_changed_after_the_export(draft: CountyDraft) -> None:
    change_package_facts(draft, add={TEXT: make_pdf("other")})


@declare_mutation("DOC006", case="lost", follows=["DOC002"])
def plant_lost_map_file(draft: CountyDraft) -> None:
    change_package_facts(draft, drop=[MAP])


@declare_mutation("DOC006", case="more")
def plant_map_added_after_export(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{MAPS}02土地利用图.jpg": make_jpeg(size=MAP_PIXELS)})


@declare_mutation("DOC006", case="manifest")
def plant_changed_manifest(draft: CountyDraft) -> None:
    change_package_facts(draft, state="changed")


@declare_mutation("DOC006", case="unlisted", finds=1)
def plant_digest_list_with_one_line(draft: CountyDraft) -> None:
    change_package_facts(draft)
    package = draft.options["package"]
    map_file = next(file for file in package.files if file.path == MAP)
    draft.options["package"] = replace(package, digest_lists={"SHA256SUMS": {MAP: map_file.sha256}})


@declare_mutation("DOC006", case="later")
def plant_manifest_of_later_version(draft: CountyDraft) -> None:
    change_package_facts(draft, manifest=False, state="later")


@declare_mutation("DOC006", case="gone")
def plant_removed_manifest(draft: CountyDraft) -> None:
    change_package_facts(draft, manifest=False, add={"manifest.html": b"<html>"})


@declare_mutation("DOC006", case="none")
def plant_package_of_other_software(draft: CountyDraft) -> None:
    change_package_facts(draft, manifest=False)


@declare_mutation("DOC007")
def plant_forced_package(draft: CountyDraft) -> None:
    change_package_facts(draft, forced="fail")


@declare_mutation("DOC008", case="missing", follows=["DOC010"])
def plant_database_without_the_red_line(draft: CountyDraft) -> None:
    layers = make_package_changes(draft.layers_for_reading)["layers"]
    change_package_facts(draft, layers={**layers, "STBHHX": None})


@declare_mutation("DOC008", case="missing_in", follows=["DOC006", "DOC012"])
def plant_exchange_file_without_the_red_line(draft: CountyDraft) -> None:
    change_package_facts(draft)
    package = draft.options["package"]
    (first,) = package.package_spec.vectors
    more = replace(
        first,
        id="exchange",
        file=first.file.replace(".gdb", ".vct"),
        layers=tuple(s for s in first.layers if s.need == "M"),
    )
    path = DATABASE.replace(".gdb", ".vct")
    copies = tuple(replace(layer, file=path) for layer in package.layers if layer.name != "STBHHX")
    draft.options["package"] = replace(
        package,
        package_spec=replace(package.package_spec, vectors=(first, more)),
        files=(*package.files, FileFact(path, 9, b"HeadBegin")),
        layers=(*package.layers, *copies),
    )


@declare_mutation("DOC008", case="empty", follows=["DOC010"])
def plant_database_with_empty_boundary(draft: CountyDraft) -> None:
    layers = make_package_changes(draft.layers_for_reading)["layers"]
    change_package_facts(draft, layers={**layers, "CZKFBJ": 0})


@declare_mutation("DOC008", case="unreadable")
def plant_partly_copied_database(draft: CountyDraft) -> None:
    change_package_facts(draft, layers={**make_package_changes(draft.layers_for_reading)["layers"], "DLTB": -1})


@declare_mutation("DOC008", case="broken", follows=["DOC012"])
def plant_truncated_exchange_file(draft: CountyDraft) -> None:
    change_package_facts(draft, broken=["vct_cut_off", 77])


@declare_mutation("DOC008", case="part")
def plant_truncated_system_table(draft: CountyDraft) -> None:
    change_package_facts(draft, faults=[["a00000004.gdbtable", "GDB_Items", "Error occurred"]])


@declare_mutation("DOC008", case="part_lost")
def plant_database_without_its_index(draft: CountyDraft) -> None:
    change_package_facts(draft, faults=[["a00000009.gdbtablx", "XZQX", ""]])


@declare_mutation("DOC008", case="shape_cut")
def plant_truncated_shapefile_table(draft: CountyDraft) -> None:
    change_package_facts(draft, shapefile={"missing_count": 120})


@declare_mutation("DOC008", case="shape_lost")
def plant_shapefile_without_its_table(draft: CountyDraft) -> None:
    change_package_facts(draft, shapefile={})


@declare_mutation("DOC008", case="more_fields")
def plant_unexpected_field(draft: CountyDraft) -> None:
    change_package_facts(draft, fields={"CZKFBJ": ("BSM", "BEIZHU2")})


@declare_mutation("DOC008", case="twice")
def plant_second_copy_of_the_boundary(draft: CountyDraft) -> None:
    change_package_facts(draft, spares=[["CZKFBJ_1", "CZKFBJ", "CZKFBJ"]])


@declare_mutation("DOC009")
def plant_layer_in_metres_instead_of_degrees(draft: CountyDraft) -> None:
    change_package_facts(draft, crs={"CZKFBJ": "EPSG:4526"})


@declare_mutation("DOC009", case="none")
def plant_layer_without_coordinate_system(draft: CountyDraft) -> None:
    change_package_facts(draft, crs={"CZKFBJ": ""})


@declare_mutation("DOC009", case="vertical", finds=None)
def plant_metadata_without_height_datum(draft: CountyDraft) -> None:
    change_package_facts(draft, vertical="EPSG:5737")


@declare_mutation("DOC010", case="features")
def plant_manifest_counting_one_feature_more(draft: CountyDraft) -> None:
    counts = make_package_changes(draft.layers_for_reading)["stated_counts"]
    change_package_facts(draft, stated_counts={**counts, "CZKFBJ": counts["CZKFBJ"] + 1})


@declare_mutation("DOC010", case="fields")
def plant_field_missing_in_the_manifest(draft: CountyDraft) -> None:
    change_package_facts(draft, fields={"CZKFBJ": ("BSM", "BEIZHU2")}, stated_field_counts={"CZKFBJ": 1})


@declare_mutation("DOC010", case="lost")
def plant_layer_only_in_the_manifest(draft: CountyDraft) -> None:
    counts = make_package_changes(draft.layers_for_reading)["stated_counts"]
    change_package_facts(draft, stated_counts={**counts, "LSJZX": 3})


@declare_mutation("DOC010", case="area")
def plant_manifest_with_area_one_hectare_larger(draft: CountyDraft) -> None:
    area = float(statutory_area(draft.layers["CZKFBJ"].geometry.to_numpy()).sum())
    change_package_facts(draft, areas={"CZKFBJ": area + 10_000})


@declare_mutation("DOC010", case="field_area")
def plant_manifest_with_inflated_area_field_sum(draft: CountyDraft) -> None:
    change_package_facts(draft, areas={"CZKFBJ": {"declared": float(draft.layers["CZKFBJ"]["MJ"].sum()) * 1.5}})


def change_table_rows(
    draft: CountyDraft, *lines: list[str], head: tuple[str, ...] = ("控制线", "图斑数", "图斑椭球面积"), **more: Any
) -> None:
    """Put a workbook with an area table and an indicator table into the package.

    ``lines`` replace the rows of the area table, whose default is the correct red line row.
    """
    county = float(statutory_area(draft.layers["XZQX"].geometry.to_numpy()).sum())
    sheet = [["三条控制线面积表"], ["单位：公顷"], list(head), *(lines or [make_red_line_row(draft)])]
    sheets = {"指标表": [["指标", "单位", "数值"], ["县域面积", "公顷", f"{county / 1e4:.2f}"]], "三条控制线": sheet}
    made = {"head": more.pop("head_of")} if "head_of" in more else {}
    change_package_facts(draft, tables={**sheets, **more.pop("sheets", {})}, **made, **more)


def make_red_line_row(draft: CountyDraft, more_ha: float = 0.0) -> list[str]:
    red = draft.layers["STBHHX"]
    area = float(statutory_area(red.geometry.to_numpy()).sum())
    return ["生态保护红线", str(len(red)), f"{area / 1e4 + more_ha:.2f}"]


@declare_mutation("DOC011", case="cell", finds=None)
def plant_table_with_area_one_hectare_larger(draft: CountyDraft) -> None:
    change_table_rows(draft, make_red_line_row(draft, 1.0))


@declare_mutation("DOC011", case="blank", finds=None)
def plant_table_with_blank_cell(draft: CountyDraft) -> None:
    change_table_rows(draft, [*make_red_line_row(draft)[:2], "—"])


@declare_mutation("DOC011", case="cells_row", finds=None)
def plant_table_of_another_edition(draft: CountyDraft) -> None:
    name, count, area = make_red_line_row(draft, 1.0)
    change_table_rows(draft, [name, str(int(count) + 1), area])


@declare_mutation("DOC011", case="blanks_row", finds=None)
def plant_table_row_of_blanks(draft: CountyDraft) -> None:
    change_table_rows(draft, [make_red_line_row(draft)[0], "", ""])


def make_wrong_table_rows(draft: CountyDraft, *names: str) -> list[list[str]]:
    """Return table rows with correct feature counts and wrong or missing areas."""
    roles = {"永久基本农田保护图斑": "YJJBNTBHTB", "生态保护红线": "STBHHX", "城镇开发边界": "CZKFBJ"}
    return [[name, str(len(draft.layers[role])), *names] for name, role in roles.items()]


@declare_mutation("DOC011", case="cells_column", finds=None)
def plant_table_column_with_wrong_figures(draft: CountyDraft) -> None:
    change_table_rows(draft, *make_wrong_table_rows(draft, "0.01"))


@declare_mutation("DOC011", case="blanks_column", finds=None)
def plant_table_column_of_blanks(draft: CountyDraft) -> None:
    change_table_rows(draft, *make_wrong_table_rows(draft, "—"))


@declare_mutation("DOC011", case="lost", finds=None)
def plant_table_with_one_row_only(draft: CountyDraft) -> None:
    change_table_rows(draft)


@declare_mutation("DOC011", case="names", finds=None)
def plant_table_with_wrong_township_name(draft: CountyDraft) -> None:
    townships = draft.layers["XZQXZ"]
    area = float(statutory_area(townships.geometry.to_numpy())[0]) / 1e4
    row = [str(townships["XZQDM"].iloc[0]), "某某镇", f"{area:.2f}"]
    change_table_rows(draft, sheets={"乡镇": [["行政区代码", "乡镇", "土地总面积（公顷）"], row]})


@declare_mutation("DOC011", case="no_table", finds=None)
def plant_workbook_without_zones(draft: CountyDraft) -> None:
    change_table_rows(draft)


@declare_mutation("DOC011", case="unread")
def plant_tables_in_access_format(draft: CountyDraft) -> None:
    change_package_facts(draft, unread="table_kind")


@declare_mutation("DOC011", case="sheet", finds=None)
def plant_personal_data_sheet(draft: CountyDraft) -> None:
    change_table_rows(draft, sheets={"人口": [["年份", "人口"], ["2020", "35.2"]]})


@declare_mutation("DOC011", case="rows", finds=None)
def plant_table_row_without_layer(draft: CountyDraft) -> None:
    change_table_rows(draft, make_red_line_row(draft), ["高压走廊", "2", "31.00"])


@declare_mutation("DOC011", case="columns", finds=None)
def plant_table_with_additional_column(draft: CountyDraft) -> None:
    change_table_rows(draft, [*make_red_line_row(draft), "37.5"], head=("控制线", "图斑数", "图斑椭球面积", "补偿资金"))


@declare_mutation("DOC011", case="text", finds=None)
def plant_text_in_a_table_cell_of_a_figure(draft: CountyDraft) -> None:
    change_table_rows(draft, [*make_red_line_row(draft)[:2], "约三百"])


@declare_mutation("DOC011", case="target", finds=None)
def plant_ratio_compared_with_another_limit(draft: CountyDraft) -> None:
    ratio = [
        ["项目", "面积（公顷）", "倍数", "目标", "余量"],
        ["N1 ＝ 城镇开发边界总面积 ÷ 2020年城镇建设用地", "", "", "≤ 1.0100", ""],
    ]
    change_table_rows(draft, sheets={"扩展倍数": ratio})


@declare_mutation("DOC011", case="no_figure", finds=None)
def plant_net_area_figure_without_layer(draft: CountyDraft) -> None:
    change_table_rows(draft, [*make_red_line_row(draft), "12.00"], head=("控制线", "图斑数", "图斑椭球面积", "净面积"))


@declare_mutation("DOC011", case="cut", finds=None)
def plant_sheet_above_the_row_limit(draft: CountyDraft) -> None:
    change_table_rows(draft)
    package = draft.options["package"]
    (book,) = package.workbooks
    endless = replace(book, sheets=tuple(replace(sheet, is_truncated=True) for sheet in book.sheets))
    draft.options["package"] = replace(package, workbooks=(endless,))


METADATA = "5-元数据/140225浑源县国土空间总体规划元数据.xml"


def replace_metadata(draft: CountyDraft, text: str, path: str = METADATA) -> None:
    change_package_facts(draft, documents={path: text.encode()})


@declare_mutation("DOC012", case="missing")
def plant_package_without_metadata(draft: CountyDraft) -> None:
    change_package_facts(draft, documents={})


@declare_mutation("DOC012", case="damaged")
def plant_truncated_metadata(draft: CountyDraft) -> None:
    replace_metadata(draft, "<元数据><成果包>")


@declare_mutation("DOC012", case="encoding")
def plant_metadata_in_another_encoding(draft: CountyDraft) -> None:
    change_package_facts(draft, documents={METADATA: '<?xml version="1.0" encoding="UTF-8"?><元数据/>'.encode("gbk")})


@declare_mutation("DOC012", case="entities")
def plant_metadata_with_nested_entities(draft: CountyDraft) -> None:
    replace_metadata(draft, '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><元数据>&c;</元数据>')


@declare_mutation("DOC012", case="schema")
def plant_metadata_of_another_schema(draft: CountyDraft) -> None:
    replace_metadata(draft, '<MD_Metadata xmlns="http://www.isotc211.org/2005/gmd"/>')


def rewrite_metadata(draft: CountyDraft, old: str, new: str) -> None:
    change_package_facts(draft)
    text = draft.options["package"].document_contents[METADATA].decode()
    assert old in text
    replace_metadata(draft, text.replace(old, new, 1))


@declare_mutation("DOC012", case="unknown")
def plant_metadata_with_unknown_element(draft: CountyDraft) -> None:
    rewrite_metadata(draft, "<密级>内部</密级>", "<密级>内部</密级><价格>0</价格>")


@declare_mutation("DOC012", case="lacking")
def plant_metadata_without_secrecy_level(draft: CountyDraft) -> None:
    rewrite_metadata(draft, "<密级>内部</密级>", "")


@declare_mutation("DOC012", case="twice")
def plant_metadata_with_two_secrecy_levels(draft: CountyDraft) -> None:
    rewrite_metadata(draft, "<密级>内部</密级>", "<密级>内部</密级><密级>公开</密级>")


@declare_mutation("DOC012", case="layer_lost")
def plant_metadata_of_removed_layer(draft: CountyDraft) -> None:
    change_package_facts(
        draft,
        layers={**make_package_changes(draft.layers_for_reading)["layers"], "HAIAN": None},
        metadata={"HAIAN": {}},
    )


@declare_mutation("DOC012", case="level", finds=1)
def plant_manifest_with_unknown_secrecy_level(draft: CountyDraft) -> None:
    change_package_facts(draft, secrecy="绝密")


@declare_mutation("DOC012", case="lowered", finds=None)
def plant_lowered_level_of_secrecy(draft: CountyDraft) -> None:
    change_package_facts(draft, secrecy="公开")


@declare_mutation("DOC012", case="set_more", follows=["DOC003", "DOC006"])
def plant_second_database_in_the_package(draft: CountyDraft) -> None:
    change_package_facts(draft)
    package = draft.options["package"]
    path = DATABASE.replace("矢量数据", "矢量数据_备份")
    copies = tuple(replace(layer, file=path) for layer in package.layers)
    files = (*package.files, FileFact(f"{path}/gdb", 1))
    draft.options["package"] = replace(package, files=files, layers=(*package.layers, *copies))


@declare_mutation("DOC012", case="layer_more")
def plant_metadata_without_the_boundary(draft: CountyDraft) -> None:
    change_package_facts(draft)
    parts = draft.options["package"].document_contents[METADATA].decode().split("<数据集>")
    replace_metadata(draft, "<数据集>".join(part for part in parts if "<名称>CZKFBJ<" not in part))


@declare_mutation("DOC012", case="value")
def plant_metadata_counting_one_feature_more(draft: CountyDraft) -> None:
    change_package_facts(draft, metadata={"CZKFBJ": {"features": "999"}})


REPORT = "2-规划文档/140225浑源县质量检查报告.json"


def replace_check_report(
    draft: CountyDraft, indicators: list[dict[str, Any]], features: int | None = None, **summary: Any
) -> None:
    count = len(draft.layers["CZKFBJ"]) if features is None else features
    summary_values = {"verdict": "pass", "errors": 3, **summary}
    layers = [{"role": "CZKFBJ", "name": "CZKFBJ", "features": count}]
    data = {
        "summary": summary_values,
        "indicators": indicators,
        "provenance": {"layers": layers, "profile": {"id": "另一个"}},
    }
    change_package_facts(draft, report={REPORT: json.dumps(data).encode()})


@declare_mutation("DOC013", case="half", follows=["DOC006"])
def plant_report_without_its_data(draft: CountyDraft) -> None:
    change_package_facts(draft, add={REPORT.replace(".json", ".html"): b"<html>"})


@declare_mutation("DOC013", case="damaged")
def plant_truncated_report(draft: CountyDraft) -> None:
    change_package_facts(draft, report={REPORT: b'{"summary":'})


@declare_mutation("DOC013", case="figure")
def plant_report_with_area_one_hectare_larger(draft: CountyDraft) -> None:
    area = float(statutory_area(draft.layers["STBHHX"].geometry.to_numpy()).sum())
    replace_check_report(draft, [{"id": "red_line_area", "value": area + 10_000, "unit": "m2"}])


@declare_mutation("DOC013", case="features")
def plant_report_on_another_edition_of_the_layers(draft: CountyDraft) -> None:
    replace_check_report(draft, [], features=2)


@declare_mutation("DOC013", case="check")
def plant_report_of_another_check(draft: CountyDraft) -> None:
    replace_check_report(draft, [], verdict="fail")


@declare_mutation("DOC013", case="profile")
def plant_report_checked_with_another_profile(draft: CountyDraft) -> None:
    replace_check_report(draft, [{"id": "expansion_ratio_n1", "value": 1.2, "unit": "ratio"}])


def set_exchange_facts(draft: CountyDraft, **values: Any) -> None:
    """Change facts of the development boundary in a VCT file next to the database."""
    area = float(statutory_area(draft.layers["CZKFBJ"].geometry.to_numpy()).sum())
    count = len(draft.layers["CZKFBJ"])
    change_package_facts(
        draft, comparisons=[{"role": "CZKFBJ", "feature_counts": (count, count), "areas_m2": (area, area), **values}]
    )


@declare_mutation("DOC014", case="features")
def plant_exchange_file_of_another_edition(draft: CountyDraft) -> None:
    set_exchange_facts(
        draft, unmatched=((2, ["140225000000000001", "140225000000000002"]), (1, ["140225000000000099"]))
    )


@declare_mutation("DOC014", case="shapes")
def plant_exchange_file_with_moved_vertex(draft: CountyDraft) -> None:
    set_exchange_facts(draft, distances_m=[0.0005, 2.5], moved_names=["140225000000000001", "140225000000000002"])


@declare_mutation("DOC014", case="places")
def plant_exchange_file_with_moved_point(draft: CountyDraft) -> None:
    set_exchange_facts(draft, areas_m2=(0.0, 0.0), distances_m=[float("inf")], moved_names=["140225000000000001"])


@declare_mutation("DOC014", case="values")
def plant_exchange_file_with_another_code(draft: CountyDraft) -> None:
    set_exchange_facts(draft, fields={"GHFQDM": ((1, ["140225000000000001"]), "410", None)})


@declare_mutation("DOC014", case="fields", finds=2)
def plant_exchange_file_with_other_fields(draft: CountyDraft) -> None:
    set_exchange_facts(draft, missing_fields=(["BZ"], ["GHFQMC"]))


@declare_mutation("DOC030", case="number", follows=["DOC006"])
def plant_two_maps_with_same_number(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{MAPS}01土地利用图.jpg": make_jpeg(size=MAP_PIXELS)})


@declare_mutation("DOC030", case="title", follows=["DOC006"])
def plant_same_map_twice(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{MAPS}02三条控制线图.jpg": make_jpeg(size=MAP_PIXELS)})


@declare_mutation("DOC030", case="gap", follows=["DOC006"])
def plant_maps_with_a_missing_number(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{MAPS}03土地利用图.jpg": make_jpeg(size=MAP_PIXELS)})


@declare_mutation("DOC006", case="list")
def plant_malformed_list_of_digests(draft: CountyDraft) -> None:
    change_package_facts(draft, sums={"SHA256SUMS": None})


@declare_mutation("DOC006", case="disagree")
def plant_changed_digest_list(draft: CountyDraft) -> None:
    change_package_facts(draft, changed_sums={MAP: "0" * 64})


@declare_mutation("DOC006", case="changed_listed", finds=None)
def plant_digest_list_of_other_software(draft: CountyDraft) -> None:
    change_package_facts(draft, manifest=False, sums={"checksums.sha256": {MAP: "0" * 64}})


@declare_mutation("DOC006", case="lost_listed", finds=None)
def plant_digest_by_other_software_of_a_lost_file(draft: CountyDraft) -> None:
    change_package_facts(draft, manifest=False, sums={"checksums.sha256": {"a.pdf": "0" * 64}})


@declare_mutation("DOC011", case="no_layers", finds=None)
def plant_table_on_layers_that_the_package_lacks(draft: CountyDraft) -> None:
    change_table_rows(draft, sheets={"用地转移": [["现状 ＼ 规划", "耕地", "林地"], ["耕地", "1.00", "2.00"]]})


@declare_mutation("DOC003", case="many", follows=["DOC006"])
def plant_forty_files_of_another_program(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"2-规划文档/网页/{n}.htm": b"x" for n in range(40)})


@declare_mutation("DOC003", case="inside", follows=["DOC006"])
def plant_program_file_in_the_database(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{DATABASE}/更新.exe": b"MZ"})


@declare_mutation("DOC003", case="alike", follows=["DOC006"])
def plant_file_name_with_lookalike_characters(draft: CountyDraft) -> None:
    change_package_facts(draft, add={TEXT.replace(".pdf", ".PDF"): make_pdf("another text")})


@declare_mutation("DOC003", case="unseen", follows=["DOC006"])
def plant_file_name_with_invisible_character(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{MAPS}02图\u200b.jpg": make_jpeg(size=MAP_PIXELS)})


@declare_mutation("DOC005", case="special", follows=["DOC006"])
def plant_named_pipe_among_documents(draft: CountyDraft) -> None:
    change_package_facts(draft, special=[f"{DOCUMENTS}质量检查记录.pdf"])


@declare_mutation("DOC005", case="pages", follows=["DOC006"])
def plant_plan_text_without_pages(draft: CountyDraft) -> None:
    change_package_facts(draft, add={TEXT: make_pdf("text", pages=0)})


@declare_mutation("DOC005", case="locked", follows=["DOC006"])
def plant_plan_text_with_a_password(draft: CountyDraft) -> None:
    change_package_facts(draft, add={TEXT: make_pdf("text", trailer=b"/Encrypt 9 0 R")})


@declare_mutation("DOC005", case="active", follows=["DOC006"])
def plant_plan_text_with_a_script(draft: CountyDraft) -> None:
    change_package_facts(draft, add={TEXT: make_pdf("text", more=b"/OpenAction<</S/JavaScript/JS(a)>>")})


@declare_mutation("DOC005", case="small", follows=["DOC006"])
def plant_map_of_few_pixels(draft: CountyDraft) -> None:
    change_package_facts(draft, add={MAP: make_jpeg(300, (3, 2))})


@declare_mutation("DOC006", case="changed_set", finds=1)
def plant_database_that_was_edited(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{DATABASE}/{name}": b"y" for name in ("gdb", "a00000001.gdbtable")})


@declare_mutation("DOC006", case="twice")
def plant_file_that_is_listed_twice(draft: CountyDraft) -> None:
    change_package_facts(draft, files=[MAP])


@declare_mutation("DOC006", case="no_list", follows=["DOC013", "DOC015"])
def plant_package_of_the_plugin_without_digest_list(draft: CountyDraft) -> None:
    change_package_facts(draft, head={"tool": {"name": "sanxian", "versions": {"sanxian": read_plugin_version()}}})


@declare_mutation("DOC006", case="many_more", follows=["DOC003"])
def plant_forty_files_added_after_the_export(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"2-规划文档/网页/{n}.html": b"x" for n in range(40)})


@declare_mutation("DOC010", case="more")
def plant_layer_missing_in_the_manifest(draft: CountyDraft) -> None:
    counts = make_package_changes(draft.layers_for_reading)
    change_package_facts(draft, layers={**counts["layers"], "MIMI": 3}, stated_counts=counts["stated_counts"])


@declare_mutation("DOC010", case="value")
def plant_manifest_with_another_crs(draft: CountyDraft) -> None:
    change_package_facts(draft, row={"CZKFBJ": {"crs": "EPSG:4526"}})


@declare_mutation("DOC005", case="inside")
def plant_map_damaged_inside(draft: CountyDraft) -> None:
    change_package_facts(draft, decoded={MAP: {"is_sound": False}})


@declare_mutation("DOC005", case="plain")
def plant_map_painted_white(draft: CountyDraft) -> None:
    change_package_facts(draft, decoded={MAP: {"max_difference": 0}})


@declare_mutation("DOC010", case="value")
def plant_person_named_in_nonpersonal_layer(draft: CountyDraft) -> None:
    draft.change("YJJBNTBHTB", 0, ZRRMC="张三")
    change_package_facts(draft, manifest=True, row={"YJJBNTBHTB": {"personal": "left_out"}})


@declare_mutation("DOC011", case="more_sheets", follows=["DOC006"], finds=None)
def plant_additional_sheet_in_the_workbook_of_the_plugin(draft: CountyDraft) -> None:
    file = "3-规划表格/140225浑源县国土空间规划表格.xlsx"
    sheets = {"底稿": [["不公开"]]}
    put_in = {file: b"PK\x03\x04"}
    change_table_rows(
        draft, make_red_line_row(draft), sheets=sheets, head_of={"tables": [{"file": file, "sheets": []}]}, add=put_in
    )


REPORT = f"{DOCUMENTS}质量检查报告.json"


def change_check_report(draft: CountyDraft, **changes: Any) -> None:
    """Change values of the check report in the package.

    ``agreed``: values of the check that the manifest also gets.
    """
    summary_values = {"verdict": "pass", "errors": 3, "skipped": 0, **changes.pop("summary", {})}
    provenance = {"layers": [], "profile": {"id": ""}, **changes.pop("provenance", {})}
    agreed = changes.pop("agreed", {})
    data = {"summary": summary_values, "indicators": [], "provenance": provenance, **changes}
    change_package_facts(draft, report={REPORT: json.dumps(data).encode()}, head={"check": agreed})


@declare_mutation("DOC013", case="county")
def plant_report_of_another_county(draft: CountyDraft) -> None:
    change_check_report(draft, provenance={"area_code": "140226"})


@declare_mutation("DOC013", case="counts")
def plant_report_with_fewer_warnings_than_the_layers_give(draft: CountyDraft) -> None:
    change_check_report(draft, summary={"warnings": 2}, agreed={"warnings": 7})


@declare_mutation("DOC013", case="none", follows=["DOC006", "DOC015"])
def plant_package_of_the_plugin_without_report(draft: CountyDraft) -> None:
    change_package_facts(
        draft, head={"tool": {"name": "sanxian", "versions": {"sanxian": read_plugin_version()}}}, bytes={}
    )


@declare_mutation("DOC015", case="damaged", follows=["DOC006"])
def plant_page_that_is_not_text(draft: CountyDraft) -> None:
    change_package_facts(
        draft, add={MANIFEST_PAGE_FILE_NAME: b"\xff\xfe"}, pages={MANIFEST_PAGE_FILE_NAME: b"\xff\xfe"}
    )


@declare_mutation("DOC015", case="gone", follows=["DOC006"])
def plant_page_listed_but_missing(draft: CountyDraft) -> None:
    change_package_facts(draft, files=[MANIFEST_PAGE_FILE_NAME])


def change_html_page(draft: CountyDraft, change: Callable[[str], str], version: str) -> None:
    """Change the HTML page of the manifest in a package of this plugin version."""
    from plugin.core.package.manifest import render_manifest_page

    counts = {"warnings": 0, "crashed": 0, "left_out": [], "unconfirmed": []}
    more = {
        "root": "140225浑源县国土空间总体规划", "made": "2026-11-20T08:00:00+08:00", "slots": [], "maps": [], "problems": [], "layers": [],
        "standard": {"name": "x", "edition": "2021"}, "profile": {"name": ""}, "form": {"name": "x", "unverified": []}, "check": counts,
        "tool": {"versions": {"sanxian": version}},
    }  # fmt: skip
    change_package_facts(
        draft, head=more, bytes={path: len(content) for path, content in COMPLETE_PACKAGE_FILES.items()}
    )
    package = draft.options["package"]
    text = change(render_manifest_page(package.manifest, "zh")).encode("utf-8")
    documents = {**package.document_contents, MANIFEST_PAGE_FILE_NAME: text}
    row = {"path": MANIFEST_PAGE_FILE_NAME, "sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}
    draft.options["package"] = replace(
        package,
        document_contents=documents,
        manifest={**package.manifest, "files": [*package.manifest["files"], row]},
        files=(*package.files, FileFact(MANIFEST_PAGE_FILE_NAME, len(text), text[:64], row["sha256"])),
    )


@declare_mutation("DOC015", case="differs", follows=["DOC016"])
def plant_html_page_with_another_verdict(draft: CountyDraft) -> None:
    change_html_page(draft, lambda text: text.replace("通过", "不通过"), read_plugin_version())


@declare_mutation("DOC015", case="not_rebuilt", follows=["DOC006"])
def plant_manifest_too_incomplete_for_its_page(draft: CountyDraft) -> None:
    page = b"<html></html>"
    change_package_facts(draft, add={MANIFEST_PAGE_FILE_NAME: page}, pages={MANIFEST_PAGE_FILE_NAME: page})


@declare_mutation("DOC016", case="date")
def plant_manifest_dated_2031(draft: CountyDraft) -> None:
    change_package_facts(draft, head={"made": "2031-01-01T08:00:00+08:00"})


@declare_mutation("DOC016", case="unknown")
def plant_manifest_with_an_unknown_edition(draft: CountyDraft) -> None:
    change_package_facts(draft, head={"standard": {"id": "county_db", "edition": "2031"}})


@declare_mutation("DOC016", case="profile")
def plant_manifest_with_another_profile(draft: CountyDraft) -> None:
    change_package_facts(draft, head={"profile": {"id": "某县"}})


@declare_mutation("DOC016", case="standard")
def plant_manifest_with_another_standard(draft: CountyDraft) -> None:
    change_package_facts(draft, head={"standard": {"id": "three_lines_2022"}})


@declare_mutation("DOC016", case="differs")
def plant_manifest_with_another_package_folder(draft: CountyDraft) -> None:
    change_package_facts(draft, head={"root": "140226左云县国土空间总体规划"})


@declare_mutation("DOC016", case="settings")
def plant_report_checked_with_other_settings(draft: CountyDraft) -> None:
    from plugin.core.standard import load_standard
    from plugin.core.standard.profile import load_profile

    profile = load_profile(draft.options.get("profile", ""))
    standard = load_standard(draft.options.get("standard", "") or profile.standard)
    change_check_report(
        draft,
        provenance={
            "started": "2026-11-20T08:00:00+08:00",
            "versions": {"sanxian": read_plugin_version()},
            "profile": {"id": profile.id},
            "standard": {"id": standard.id},
            "settings": {"ratio.limit": 9.9},
        },
    )


@declare_mutation("DOC003", case="waivers", follows=["DOC006"])
def plant_register_of_waivers_next_to_database(draft: CountyDraft) -> None:
    change_package_facts(draft, add={"1-空间数据/140225浑源县.waivers.csv": b"REL001"})


@declare_mutation("DOC004", case="folder")
def plant_empty_folder(draft: CountyDraft) -> None:
    change_package_facts(draft, empty_folders=["6-批复"])


@declare_mutation("DOC003", case="outside")
def plant_file_outside_the_package(draft: CountyDraft) -> None:
    change_package_facts(draft, files_outside=["readme.txt"])


@declare_mutation("DOC005", case="same", follows=["DOC006"])
def plant_same_picture_for_two_maps(draft: CountyDraft) -> None:
    change_package_facts(draft, add={f"{MAPS}02三区图.jpg": COMPLETE_PACKAGE_FILES[MAP]})


@declare_mutation("DOC005", case="blank", follows=["DOC006"])
def plant_plan_text_of_empty_pages(draft: CountyDraft) -> None:
    change_package_facts(draft, add={TEXT: make_pdf("text", drawn=False)})


#: Written by this version (`make_package_facts`), but without the page and list that it writes.


@declare_mutation("DOC001", case="document", finds=1)
def plant_plan_text_with_the_title_of_the_neighbour(draft: CountyDraft) -> None:
    change_package_facts(draft, pdf={TEXT: {"page_count": 30, "titles": ("左云县国土空间总体规划",)}})


@declare_mutation("DOC001", case="document", finds=1)
def plant_plan_text_with_the_title_of_a_county_with_a_short_name(draft: CountyDraft) -> None:
    change_package_facts(draft, pdf={TEXT: {"page_count": 30, "titles": ("朔州市应县国土空间总体规划文本",)}})


@declare_mutation("DOC001", case="other_county_text", finds=1)
def plant_plan_text_about_the_neighbour(draft: CountyDraft) -> None:
    change_package_facts(
        draft,
        pdf={
            TEXT: {
                "page_count": 30,
                "page_texts": (
                    "左云县国土空间总体规划目录：目标、农业、生态、城镇空间，基础设施，规划实施",
                    "左云县的永久基本农田",
                ),
            }
        },
    )


@declare_mutation("DOC005", case="short", follows=["DOC006"])
def plant_cover_instead_of_the_plan_text(draft: CountyDraft) -> None:
    change_package_facts(draft, add={TEXT: make_pdf("cover", pages=1)})


@declare_mutation("DOC005", case="excerpt")
def plant_excerpt_as_the_plan_text(draft: CountyDraft) -> None:
    change_package_facts(draft, pdf={TEXT: {"page_count": 21, "page_texts": ("目录", "第一章 目标")}})


@declare_mutation("DOC005", case="count")
def plant_plan_text_that_lost_pages(draft: CountyDraft) -> None:
    change_package_facts(draft, pdf={TEXT: {"page_count": 30, "declared_page_count": 39}})


@declare_mutation("DOC005", case="other_map", follows=["DOC006"])
def plant_map_file_named_as_another_map(draft: CountyDraft) -> None:
    description = b"sanxian map: " + "140225 04 县域国土空间规划分区图".encode()
    comment = b"\xff\xfe" + (len(description) + 2).to_bytes(2, "big") + description
    change_package_facts(draft, add={MAP: make_jpeg(properties=comment)})


@declare_mutation("DOC012", case="layer_twice")
def plant_metadata_with_a_layer_listed_twice(draft: CountyDraft) -> None:
    change_package_facts(draft)
    text = draft.options["package"].document_contents[METADATA].decode()
    entry = next(part for part in text.split("<数据集>") if "<名称>CZKFBJ<" in part).split("</数据集>")[0]
    replace_metadata(draft, text.replace("</元数据>", f"<数据集>{entry}</数据集></元数据>"))


@declare_mutation("DOC008", case="no_index")
def plant_database_without_a_spatial_index(draft: CountyDraft) -> None:
    change_package_facts(draft, faults=[["a00000009.spx", "CZKFBJ", "", 0, "no_index"]])
