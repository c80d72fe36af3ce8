# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of a package (DOC): the layers stay as they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from plugin.core.files.digests import PAGE
from plugin.core.package.inspection.facts import FileFact
from plugin.metadata import plugin_version
from tests.core.package_fixtures import COMPLETE, DATABASE, facts_of, jpg, pdf
from tests.county.measure import statutory_area
from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.side_inputs import package_changes

#: A separate map, because two equal files would count as one picture.
WIDER = (2488, 3508)

DOCUMENTS, MAPS = "2-规划文档/140225浑源县", "4-规划图件/140225浑源县"
TEXT, MAP = f"{DOCUMENTS}国土空间总体规划文本.pdf", f"{MAPS}01三条控制线图.jpg"


def put(draft: CountyDraft, **changes: Any) -> None:
    draft.options["package"] = facts_of({**package_changes(draft.seen), **changes})


@declare_mutation("DOC001", case="county", follows=["DOC002", "DOC003", "DOC012"], finds=1)
def a_folder_called_by_another_county(draft: CountyDraft) -> None:
    put(draft, root="140226浑源县国土空间总体规划")


@declare_mutation("DOC001", case="name", follows=["DOC002", "DOC003", "DOC012"], finds=1)
def a_folder_called_after_a_neighbour(draft: CountyDraft) -> None:
    put(draft, root="140225左云县国土空间总体规划")


@declare_mutation("DOC001", case="form")
def a_folder_with_an_arbitrary_name(draft: CountyDraft) -> None:
    put(draft, root="最终版")


@declare_mutation("DOC001", case="manifest")
def a_manifest_of_a_neighbour(draft: CountyDraft) -> None:
    put(draft, area={"code": "140226", "name": "左云县"})


@declare_mutation("DOC002", follows=["DOC006"])
def a_plan_without_its_text(draft: CountyDraft) -> None:
    put(draft, drop=[TEXT])


@declare_mutation("DOC002", case="data", follows=["DOC006", "DOC008", "DOC010"])
def a_plan_without_its_data(draft: CountyDraft) -> None:
    put(draft, drop=[DATABASE])


@declare_mutation("DOC002", case="optional", follows=["DOC006"])
def a_plan_without_the_record_of_its_check(draft: CountyDraft) -> None:
    put(draft, drop=[f"{DOCUMENTS}质量检查记录.pdf"])


@declare_mutation("DOC002", case="maps", follows=["DOC006", "DOC030"])
def one_map_of_the_list(draft: CountyDraft) -> None:
    put(draft, add={f"{MAPS}04县域国土空间规划分区图.jpg": jpg(size=WIDER)})


@declare_mutation("DOC003", case="name", follows=["DOC006"])
def a_neighbours_map(draft: CountyDraft) -> None:
    put(draft, add={"4-规划图件/140226左云县02图.jpg": jpg(size=WIDER)})


@declare_mutation("DOC003", case="folder", follows=["DOC006"])
def a_text_among_the_maps(draft: CountyDraft) -> None:
    put(draft, drop=[TEXT], add={TEXT.replace("2-规划文档", "4-规划图件"): pdf("text")})


@declare_mutation("DOC004")
def thumbnails(draft: CountyDraft) -> None:
    put(draft, add={"4-规划图件/Thumbs.db": b"x"})


@declare_mutation("DOC005", case="empty", follows=["DOC006"])
def an_empty_report(draft: CountyDraft) -> None:
    put(draft, add={f"{DOCUMENTS}质量检查报告.pdf": b""})


@declare_mutation("DOC005", case="link")
def a_folder_of_maps_elsewhere(draft: CountyDraft) -> None:
    put(draft, links=["4-规划图件/更多图件"])


@declare_mutation("DOC005", case="kind", follows=["DOC006"])
def a_map_that_is_a_drawing(draft: CountyDraft) -> None:
    put(draft, add={MAP: b"GIF89a"})


@declare_mutation("DOC005", case="dpi", follows=["DOC006"])
def a_map_for_the_screen(draft: CountyDraft) -> None:
    put(draft, add={MAP: jpg(96)})


@declare_mutation("DOC005", case="broken", follows=["DOC006"])
def a_map_copied_by_half(draft: CountyDraft) -> None:
    put(draft, add={MAP: jpg()[:-2]})


@declare_mutation("DOC005", case="cut", follows=["DOC006"])
def a_text_copied_by_half(draft: CountyDraft) -> None:
    put(draft, add={TEXT: pdf("text")[:-30]})


@declare_mutation("DOC006", case="changed")
def a_text_that_was_changed_afterwards(draft: CountyDraft) -> None:
    put(draft, add={TEXT: pdf("other")})


@declare_mutation("DOC006", case="lost", follows=["DOC002"])
def a_map_that_was_lost(draft: CountyDraft) -> None:
    put(draft, drop=[MAP])


@declare_mutation("DOC006", case="more")
def a_map_put_in_afterwards(draft: CountyDraft) -> None:
    put(draft, add={f"{MAPS}02土地利用图.jpg": jpg(size=WIDER)})


@declare_mutation("DOC006", case="manifest")
def a_manifest_that_was_changed(draft: CountyDraft) -> None:
    put(draft, state="changed")


@declare_mutation("DOC006", case="unlisted", finds=1)
def a_list_with_one_line(draft: CountyDraft) -> None:
    put(draft)
    package = draft.options["package"]
    map_file = next(file for file in package.files if file.path == MAP)
    draft.options["package"] = replace(package, sums={"SHA256SUMS": {MAP: map_file.sha256}})


@declare_mutation("DOC006", case="later")
def a_manifest_of_a_later_version(draft: CountyDraft) -> None:
    put(draft, manifest=False, state="later")


@declare_mutation("DOC006", case="gone")
def a_manifest_taken_out(draft: CountyDraft) -> None:
    put(draft, manifest=False, add={"manifest.html": b"<html>"})


@declare_mutation("DOC006", case="none")
def a_package_of_other_software(draft: CountyDraft) -> None:
    put(draft, manifest=False)


@declare_mutation("DOC007")
def a_package_that_was_forced(draft: CountyDraft) -> None:
    put(draft, forced="fail")


@declare_mutation("DOC008", case="missing", follows=["DOC010"])
def a_database_without_the_red_line(draft: CountyDraft) -> None:
    layers = package_changes(draft.seen)["layers"]
    put(draft, layers={**layers, "STBHHX": None})


@declare_mutation("DOC008", case="missing_in", follows=["DOC006", "DOC012"])
def an_exchange_file_without_the_red_line(draft: CountyDraft) -> None:
    put(draft)
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
def a_database_with_an_empty_boundary(draft: CountyDraft) -> None:
    layers = package_changes(draft.seen)["layers"]
    put(draft, layers={**layers, "CZKFBJ": 0})


@declare_mutation("DOC008", case="unreadable")
def a_database_copied_in_part(draft: CountyDraft) -> None:
    layers = package_changes(draft.seen)["layers"]
    put(draft, layers={**layers, "DLTB": -1})


@declare_mutation("DOC008", case="broken", follows=["DOC012"])
def an_exchange_file_cut_off(draft: CountyDraft) -> None:
    put(draft, broken=["vct_cut_off", 77])


@declare_mutation("DOC008", case="part")
def a_system_table_cut(draft: CountyDraft) -> None:
    put(draft, faults=[["a00000004.gdbtable", "GDB_Items", "Error occurred"]])


@declare_mutation("DOC008", case="part_lost")
def an_index_left_behind(draft: CountyDraft) -> None:
    put(draft, faults=[["a00000009.gdbtablx", "XZQX", ""]])


@declare_mutation("DOC008", case="shape_cut")
def a_table_of_a_shapefile_cut(draft: CountyDraft) -> None:
    put(draft, shapefile={"missing": 120})


@declare_mutation("DOC008", case="shape_lost")
def a_shapefile_without_its_table(draft: CountyDraft) -> None:
    put(draft, shapefile={})


@declare_mutation("DOC008", case="more_fields")
def an_unexpected_field(draft: CountyDraft) -> None:
    put(draft, fields={"CZKFBJ": ("BSM", "BEIZHU2")})


@declare_mutation("DOC008", case="twice")
def a_copy_of_the_boundary_left_behind(draft: CountyDraft) -> None:
    put(draft, spares=[["CZKFBJ_1", "CZKFBJ", "CZKFBJ"]])


@declare_mutation("DOC009")
def a_layer_left_in_metres(draft: CountyDraft) -> None:
    put(draft, crs={"CZKFBJ": "EPSG:4526"})


@declare_mutation("DOC009", case="none")
def a_layer_without_a_coordinate_system(draft: CountyDraft) -> None:
    put(draft, crs={"CZKFBJ": ""})


@declare_mutation("DOC009", case="vertical", finds=None)
def heights_missing_in_the_metadata(draft: CountyDraft) -> None:
    put(draft, vertical="EPSG:5737")


@declare_mutation("DOC010", case="features")
def a_manifest_of_one_feature_more(draft: CountyDraft) -> None:
    counts = package_changes(draft.seen)["told"]
    put(draft, told={**counts, "CZKFBJ": counts["CZKFBJ"] + 1})


@declare_mutation("DOC010", case="fields")
def a_field_that_the_manifest_does_not_know(draft: CountyDraft) -> None:
    put(draft, fields={"CZKFBJ": ("BSM", "BEIZHU2")}, told_fields={"CZKFBJ": 1})


@declare_mutation("DOC010", case="lost")
def a_layer_that_only_the_manifest_knows(draft: CountyDraft) -> None:
    counts = package_changes(draft.seen)["told"]
    put(draft, told={**counts, "LSJZX": 3})


@declare_mutation("DOC010", case="area")
def a_manifest_of_a_hectare_more(draft: CountyDraft) -> None:
    area = float(statutory_area(draft.layers["CZKFBJ"].geometry.to_numpy()).sum())
    put(draft, areas={"CZKFBJ": area + 10_000})


@declare_mutation("DOC010", case="field_area")
def a_manifest_of_fields_half_as_much_again(draft: CountyDraft) -> None:
    put(draft, areas={"CZKFBJ": {"declared": float(draft.layers["CZKFBJ"]["MJ"].sum()) * 1.5}})


def tables(
    draft: CountyDraft, *lines: list[str], head: tuple[str, ...] = ("控制线", "图斑数", "图斑椭球面积"), **more: Any
) -> None:
    """Workbook of two lines, measured by themselves; ``lines`` replace the first's; the other tables are not there."""
    county = float(statutory_area(draft.layers["XZQX"].geometry.to_numpy()).sum())
    sheet = [["三条控制线面积表"], ["单位：公顷"], list(head), *(lines or [red_line(draft)])]
    sheets = {"指标表": [["指标", "单位", "数值"], ["县域面积", "公顷", f"{county / 1e4:.2f}"]], "三条控制线": sheet}
    made = {"head": more.pop("head_of")} if "head_of" in more else {}
    put(draft, tables={**sheets, **more.pop("sheets", {})}, **made, **more)


def red_line(draft: CountyDraft, more_ha: float = 0.0) -> list[str]:
    red = draft.layers["STBHHX"]
    area = float(statutory_area(red.geometry.to_numpy()).sum())
    return ["生态保护红线", str(len(red)), f"{area / 1e4 + more_ha:.2f}"]


@declare_mutation("DOC011", case="cell", finds=None)
def a_table_of_a_hectare_more(draft: CountyDraft) -> None:
    tables(draft, red_line(draft, 1.0))


@declare_mutation("DOC011", case="blank", finds=None)
def a_table_with_a_blank(draft: CountyDraft) -> None:
    tables(draft, [*red_line(draft)[:2], "—"])


@declare_mutation("DOC011", case="cells_row", finds=None)
def a_table_of_another_edition(draft: CountyDraft) -> None:
    name, count, area = red_line(draft, 1.0)
    tables(draft, [name, str(int(count) + 1), area])


@declare_mutation("DOC011", case="blanks_row", finds=None)
def a_table_with_a_row_of_blanks(draft: CountyDraft) -> None:
    tables(draft, [red_line(draft)[0], "", ""])


def column(draft: CountyDraft, *names: str) -> list[list[str]]:
    """Lines of the table that have the right number of features and another area than they have, or none."""
    roles = {"永久基本农田保护图斑": "YJJBNTBHTB", "生态保护红线": "STBHHX", "城镇开发边界": "CZKFBJ"}
    return [[name, str(len(draft.layers[role])), *names] for name, role in roles.items()]


@declare_mutation("DOC011", case="cells_column", finds=None)
def a_table_with_a_column_of_nonsense(draft: CountyDraft) -> None:
    tables(draft, *column(draft, "0.01"))


@declare_mutation("DOC011", case="blanks_column", finds=None)
def a_table_with_a_column_of_blanks(draft: CountyDraft) -> None:
    tables(draft, *column(draft, "—"))


@declare_mutation("DOC011", case="lost", finds=None)
def a_table_of_one_line(draft: CountyDraft) -> None:
    tables(draft)


@declare_mutation("DOC011", case="names", finds=None)
def a_table_with_a_township_of_another_name(draft: CountyDraft) -> None:
    towns = draft.layers["XZQXZ"]
    area = float(statutory_area(towns.geometry.to_numpy())[0]) / 1e4
    row = [str(towns["XZQDM"].iloc[0]), "某某镇", f"{area:.2f}"]
    tables(draft, sheets={"乡镇": [["行政区代码", "乡镇", "土地总面积（公顷）"], row]})


@declare_mutation("DOC011", case="no_table", finds=None)
def a_workbook_without_zones(draft: CountyDraft) -> None:
    tables(draft)


@declare_mutation("DOC011", case="unread")
def tables_for_access(draft: CountyDraft) -> None:
    put(draft, unread="table_kind")


@declare_mutation("DOC011", case="sheet", finds=None)
def a_table_of_people(draft: CountyDraft) -> None:
    tables(draft, sheets={"人口": [["年份", "人口"], ["2020", "35.2"]]})


@declare_mutation("DOC011", case="rows", finds=None)
def a_line_that_no_layer_has(draft: CountyDraft) -> None:
    tables(draft, red_line(draft), ["高压走廊", "2", "31.00"])


@declare_mutation("DOC011", case="columns", finds=None)
def a_column_of_money(draft: CountyDraft) -> None:
    tables(draft, [*red_line(draft), "37.5"], head=("控制线", "图斑数", "图斑椭球面积", "补偿资金"))


@declare_mutation("DOC011", case="text", finds=None)
def a_figure_that_is_words(draft: CountyDraft) -> None:
    tables(draft, [*red_line(draft)[:2], "约三百"])


@declare_mutation("DOC011", case="target", finds=None)
def a_ratio_held_against_another_limit(draft: CountyDraft) -> None:
    ratio = [
        ["项目", "面积（公顷）", "倍数", "目标", "余量"],
        ["N1 ＝ 城镇开发边界总面积 ÷ 2020年城镇建设用地", "", "", "≤ 1.0100", ""],
    ]
    tables(draft, sheets={"扩展倍数": ratio})


@declare_mutation("DOC011", case="no_figure", finds=None)
def a_net_area_that_no_layer_has(draft: CountyDraft) -> None:
    tables(draft, [*red_line(draft), "12.00"], head=("控制线", "图斑数", "图斑椭球面积", "净面积"))


@declare_mutation("DOC011", case="cut", finds=None)
def a_sheet_without_end(draft: CountyDraft) -> None:
    tables(draft)
    package = draft.options["package"]
    (book,) = package.workbooks
    endless = replace(book, sheets=tuple(replace(sheet, cut=True) for sheet in book.sheets))
    draft.options["package"] = replace(package, workbooks=(endless,))


METADATA = "5-元数据/140225浑源县国土空间总体规划元数据.xml"


def document(draft: CountyDraft, text: str, path: str = METADATA) -> None:
    put(draft, documents={path: text.encode()})


@declare_mutation("DOC012", case="missing")
def a_package_without_metadata(draft: CountyDraft) -> None:
    put(draft, documents={})


@declare_mutation("DOC012", case="damaged")
def metadata_cut_off(draft: CountyDraft) -> None:
    document(draft, "<元数据><成果包>")


@declare_mutation("DOC012", case="encoding")
def metadata_in_another_encoding(draft: CountyDraft) -> None:
    put(draft, documents={METADATA: '<?xml version="1.0" encoding="UTF-8"?><元数据/>'.encode("gbk")})


@declare_mutation("DOC012", case="entities")
def metadata_with_nested_entities(draft: CountyDraft) -> None:
    document(draft, '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><元数据>&c;</元数据>')


@declare_mutation("DOC012", case="schema")
def metadata_of_another_schema(draft: CountyDraft) -> None:
    document(draft, '<MD_Metadata xmlns="http://www.isotc211.org/2005/gmd"/>')


def rewritten(draft: CountyDraft, old: str, new: str) -> None:
    put(draft)
    text = draft.options["package"].documents[METADATA].decode()
    assert old in text
    document(draft, text.replace(old, new, 1))


@declare_mutation("DOC012", case="unknown")
def metadata_with_a_price(draft: CountyDraft) -> None:
    rewritten(draft, "<密级>内部</密级>", "<密级>内部</密级><价格>0</价格>")


@declare_mutation("DOC012", case="lacking")
def metadata_without_a_level(draft: CountyDraft) -> None:
    rewritten(draft, "<密级>内部</密级>", "")


@declare_mutation("DOC012", case="twice")
def metadata_of_two_levels(draft: CountyDraft) -> None:
    rewritten(draft, "<密级>内部</密级>", "<密级>内部</密级><密级>公开</密级>")


@declare_mutation("DOC012", case="layer_lost")
def metadata_of_a_removed_layer(draft: CountyDraft) -> None:
    put(draft, layers={**package_changes(draft.seen)["layers"], "HAIAN": None}, metadata={"HAIAN": {}})


@declare_mutation("DOC012", case="level", finds=1)
def a_manifest_with_an_unknown_level(draft: CountyDraft) -> None:
    put(draft, secrecy="绝密")


@declare_mutation("DOC012", case="set_more", follows=["DOC003", "DOC006"])
def a_second_database(draft: CountyDraft) -> None:
    put(draft)
    package = draft.options["package"]
    path = DATABASE.replace("矢量数据", "矢量数据_备份")
    copies = tuple(replace(layer, file=path) for layer in package.layers)
    files = (*package.files, FileFact(f"{path}/gdb", 1))
    draft.options["package"] = replace(package, files=files, layers=(*package.layers, *copies))


@declare_mutation("DOC012", case="layer_more")
def metadata_that_forget_the_boundary(draft: CountyDraft) -> None:
    put(draft)
    text = draft.options["package"].documents[METADATA].decode()
    parts = text.split("<数据集>")
    document(draft, "<数据集>".join(part for part in parts if "<名称>CZKFBJ<" not in part))


@declare_mutation("DOC012", case="value")
def metadata_of_one_feature_more(draft: CountyDraft) -> None:
    put(draft, metadata={"CZKFBJ": {"features": "999"}})


REPORT = "2-规划文档/140225浑源县三区三线检查报告.json"


def report(draft: CountyDraft, indicators: list[dict[str, Any]], features: int | None = None, **summary: Any) -> None:
    count = len(draft.layers["CZKFBJ"]) if features is None else features
    summary_values = {"verdict": "pass", "errors": 3, **summary}
    layers = [{"role": "CZKFBJ", "name": "CZKFBJ", "features": count}]
    data = {
        "summary": summary_values,
        "indicators": indicators,
        "provenance": {"layers": layers, "profile": {"id": "另一个"}},
    }
    put(draft, report={REPORT: json.dumps(data).encode()})


@declare_mutation("DOC013", case="half", follows=["DOC006"])
def a_report_without_its_data(draft: CountyDraft) -> None:
    put(draft, add={REPORT.replace(".json", ".html"): b"<html>"})


@declare_mutation("DOC013", case="damaged")
def a_report_cut_off(draft: CountyDraft) -> None:
    put(draft, report={REPORT: b'{"summary":'})


@declare_mutation("DOC013", case="figure")
def a_report_of_a_hectare_more(draft: CountyDraft) -> None:
    area = float(statutory_area(draft.layers["STBHHX"].geometry.to_numpy()).sum())
    report(draft, [{"id": "red_line_area", "value": area + 10_000, "unit": "m2"}])


@declare_mutation("DOC013", case="features")
def a_report_of_another_edition(draft: CountyDraft) -> None:
    report(draft, [], features=2)


@declare_mutation("DOC013", case="check")
def a_report_of_another_check(draft: CountyDraft) -> None:
    report(draft, [], verdict="fail")


@declare_mutation("DOC013", case="profile")
def a_report_by_another_profile(draft: CountyDraft) -> None:
    report(draft, [{"id": "expansion_ratio_n1", "value": 1.2, "unit": "ratio"}])


def set_exchange_facts(draft: CountyDraft, **values: Any) -> None:
    """Change the facts of 城镇开发边界 in a VCT file next to the database."""
    area = float(statutory_area(draft.layers["CZKFBJ"].geometry.to_numpy()).sum())
    count = len(draft.layers["CZKFBJ"])
    put(draft, twins=[{"role": "CZKFBJ", "features": (count, count), "areas": (area, area), **values}])


@declare_mutation("DOC014", case="features")
def an_exchange_file_of_another_edition(draft: CountyDraft) -> None:
    set_exchange_facts(draft, alone=((2, ["140225000000000001", "140225000000000002"]), (1, ["140225000000000099"])))


@declare_mutation("DOC014", case="shapes")
def an_exchange_file_with_a_moved_vertex(draft: CountyDraft) -> None:
    set_exchange_facts(draft, off=[0.0005, 2.5], named=["140225000000000001", "140225000000000002"])


@declare_mutation("DOC014", case="places")
def an_exchange_file_with_a_moved_point(draft: CountyDraft) -> None:
    set_exchange_facts(draft, areas=(0.0, 0.0), off=[float("inf")], named=["140225000000000001"])


@declare_mutation("DOC014", case="values")
def an_exchange_file_with_another_code(draft: CountyDraft) -> None:
    set_exchange_facts(draft, fields={"GHFQDM": ((1, ["140225000000000001"]), "410", None)})


@declare_mutation("DOC014", case="fields", finds=2)
def an_exchange_file_with_other_fields(draft: CountyDraft) -> None:
    set_exchange_facts(draft, lacking=(["BZ"], ["GHFQMC"]))


@declare_mutation("DOC030", case="number", follows=["DOC006"])
def two_maps_of_one_number(draft: CountyDraft) -> None:
    put(draft, add={f"{MAPS}01土地利用图.jpg": jpg(size=WIDER)})


@declare_mutation("DOC030", case="title", follows=["DOC006"])
def one_map_twice(draft: CountyDraft) -> None:
    put(draft, add={f"{MAPS}02三条控制线图.jpg": jpg(size=WIDER)})


@declare_mutation("DOC030", case="gap", follows=["DOC006"])
def a_map_number_left_out(draft: CountyDraft) -> None:
    put(draft, add={f"{MAPS}03土地利用图.jpg": jpg(size=WIDER)})


@declare_mutation("DOC006", case="list")
def a_malformed_list_of_digests(draft: CountyDraft) -> None:
    put(draft, sums={"SHA256SUMS": None})


@declare_mutation("DOC006", case="disagree")
def a_list_that_was_changed(draft: CountyDraft) -> None:
    put(draft, changed_sums={MAP: "0" * 64})


@declare_mutation("DOC006", case="changed_listed", finds=None)
def another_softwares_list(draft: CountyDraft) -> None:
    put(draft, manifest=False, sums={"checksums.sha256": {MAP: "0" * 64}})


@declare_mutation("DOC006", case="lost_listed", finds=None)
def another_softwares_list_of_a_lost_file(draft: CountyDraft) -> None:
    put(draft, manifest=False, sums={"checksums.sha256": {"a.pdf": "0" * 64}})


@declare_mutation("DOC011", case="no_layers", finds=None)
def a_table_of_what_the_package_does_not_have(draft: CountyDraft) -> None:
    sheet = [["现状 ＼ 规划", "耕地", "林地"], ["耕地", "1.00", "2.00"]]
    tables(draft, sheets={"用地转移": sheet})


@declare_mutation("DOC003", case="many", follows=["DOC006"])
def forty_pages_of_another_program(draft: CountyDraft) -> None:
    put(draft, add={f"2-规划文档/网页/{n}.htm": b"x" for n in range(40)})


@declare_mutation("DOC003", case="inside", follows=["DOC006"])
def a_program_in_the_database(draft: CountyDraft) -> None:
    put(draft, add={f"{DATABASE}/更新.exe": b"MZ"})


@declare_mutation("DOC003", case="alike", follows=["DOC006"])
def a_text_with_other_characters_in_its_name(draft: CountyDraft) -> None:
    put(draft, add={TEXT.replace(".pdf", ".PDF"): pdf("another text")})


@declare_mutation("DOC003", case="unseen", follows=["DOC006"])
def a_name_with_an_invisible_character(draft: CountyDraft) -> None:
    put(draft, add={f"{MAPS}02图\u200b.jpg": jpg(size=WIDER)})


@declare_mutation("DOC005", case="special", follows=["DOC006"])
def a_pipe_among_the_documents(draft: CountyDraft) -> None:
    put(draft, special=[f"{DOCUMENTS}质量检查记录.pdf"])


@declare_mutation("DOC005", case="pages", follows=["DOC006"])
def a_text_without_a_page(draft: CountyDraft) -> None:
    put(draft, add={TEXT: pdf("text", pages=0)})


@declare_mutation("DOC005", case="locked", follows=["DOC006"])
def a_text_with_a_password(draft: CountyDraft) -> None:
    put(draft, add={TEXT: pdf("text", trailer=b"/Encrypt 9 0 R")})


@declare_mutation("DOC005", case="active", follows=["DOC006"])
def a_text_with_a_script(draft: CountyDraft) -> None:
    put(draft, add={TEXT: pdf("text", more=b"/OpenAction<</S/JavaScript/JS(a)>>")})


@declare_mutation("DOC005", case="small", follows=["DOC006"])
def a_map_of_a_few_pixels(draft: CountyDraft) -> None:
    put(draft, add={MAP: jpg(300, (3, 2))})


@declare_mutation("DOC006", case="changed_set", finds=1)
def a_database_that_was_edited(draft: CountyDraft) -> None:
    put(draft, add={f"{DATABASE}/{name}": b"y" for name in ("gdb", "a00000001.gdbtable")})


@declare_mutation("DOC006", case="size")
def other_bytes_in_the_manifest(draft: CountyDraft) -> None:
    put(draft, bytes={MAP: 7})


@declare_mutation("DOC006", case="twice")
def a_file_that_is_listed_twice(draft: CountyDraft) -> None:
    put(draft, files=[MAP])


@declare_mutation("DOC006", case="no_list", follows=["DOC013", "DOC015"])
def a_package_of_ours_without_its_list(draft: CountyDraft) -> None:
    put(draft, head={"tool": {"name": "sanxian", "versions": {"sanxian": plugin_version()}}})


@declare_mutation("DOC006", case="many_more", follows=["DOC003"])
def forty_files_added_after_the_export(draft: CountyDraft) -> None:
    put(draft, add={f"2-规划文档/网页/{n}.html": b"x" for n in range(40)})


@declare_mutation("DOC010", case="more")
def a_layer_that_the_manifest_does_not_know(draft: CountyDraft) -> None:
    counts = package_changes(draft.seen)
    put(draft, layers={**counts["layers"], "MIMI": 3}, told=counts["told"])


@declare_mutation("DOC010", case="table")
def a_table_that_is_not_a_layer(draft: CountyDraft) -> None:
    put(draft, hidden_tables=["说明"])


@declare_mutation("DOC010", case="value")
def a_manifest_of_another_crs(draft: CountyDraft) -> None:
    put(draft, row={"CZKFBJ": {"crs": "EPSG:4526"}})


@declare_mutation("DOC010", case="part")
def a_manifest_with_a_missing_document(draft: CountyDraft) -> None:
    put(draft, head={"slots": [{"id": "x", "title": "文本", "files": ["2-规划文档/无.pdf"]}]})


@declare_mutation("DOC005", case="inside")
def a_map_damaged_inside(draft: CountyDraft) -> None:
    put(draft, decoded={MAP: {"by": "gdal", "sound": False}})


@declare_mutation("DOC005", case="plain")
def a_map_painted_white(draft: CountyDraft) -> None:
    put(draft, decoded={MAP: {"by": "gdal", "levels": 0}})


@declare_mutation("DOC010", case="keys")
def a_manifest_with_a_key_more(draft: CountyDraft) -> None:
    put(draft, head={"approved": "省厅"})


@declare_mutation("DOC010", case="value")
def a_person_named_in_a_layer_without_personal_fields(draft: CountyDraft) -> None:
    draft.change("YJJBNTBHTB", 0, ZRRMC="张三")
    put(draft, manifest=True, row={"YJJBNTBHTB": {"personal": "left_out"}})


@declare_mutation("DOC011", case="hidden", finds=None)
def a_hidden_sheet(draft: CountyDraft) -> None:
    tables(draft, red_line(draft), hidden={"三条控制线": ("sheet",)})


@declare_mutation("DOC011", case="more_sheets", follows=["DOC006"], finds=None)
def a_sheet_more_in_our_own_workbook(draft: CountyDraft) -> None:
    file = "3-规划表格/140225浑源县国土空间规划表格.xlsx"
    sheets = {"底稿": [["不公开"]]}
    put_in = {file: b"PK\x03\x04"}
    tables(draft, red_line(draft), sheets=sheets, head_of={"tables": [{"file": file, "sheets": []}]}, add=put_in)


@declare_mutation("DOC012", case="style")
def metadata_with_a_style_sheet(draft: CountyDraft) -> None:
    put(draft)
    package = draft.options["package"]
    (path,) = (path for path in package.documents if path.endswith(".xml"))
    text = package.documents[path].decode("utf-8")
    styled = text.replace("?>", '?><?xml-stylesheet href="a.xsl"?>', 1).encode("utf-8")
    draft.options["package"] = replace(package, documents={**package.documents, path: styled})


REPORT = f"{DOCUMENTS}三区三线检查报告.json"


def reported(draft: CountyDraft, **changes: Any) -> None:
    """Add values to the report of the package; ``agreed``: more values of the check in the manifest."""
    summary_values = {"verdict": "pass", "errors": 3, "skipped": 0, **changes.pop("summary", {})}
    provenance = {"layers": [], "profile": {"id": ""}, **changes.pop("provenance", {})}
    agreed = changes.pop("agreed", {})
    data = {"summary": summary_values, "indicators": [], "provenance": provenance, **changes}
    put(draft, report={REPORT: json.dumps(data).encode()}, head={"check": agreed})


@declare_mutation("DOC013", case="county")
def a_report_of_another_county(draft: CountyDraft) -> None:
    reported(draft, provenance={"area_code": "140226"})


@declare_mutation("DOC013", case="summary")
def a_report_that_contradicts_itself(draft: CountyDraft) -> None:
    reported(draft, findings=[{"severity": "WARNING", "state": "open"}] * 2, summary={"errors": 3, "warnings": 0})


@declare_mutation("DOC013", case="keys")
def a_report_with_a_key_more(draft: CountyDraft) -> None:
    reported(draft, approved="省厅")


@declare_mutation("DOC013", case="counts")
def a_report_of_fewer_warnings(draft: CountyDraft) -> None:
    reported(draft, summary={"warnings": 2}, agreed={"warnings": 7})


@declare_mutation("DOC013", case="none", follows=["DOC006", "DOC015"])
def a_package_of_ours_without_a_report(draft: CountyDraft) -> None:
    put(draft, head={"tool": {"name": "sanxian", "versions": {"sanxian": plugin_version()}}}, bytes={})


@declare_mutation("DOC015", case="active", follows=["DOC006"])
def a_page_with_a_script(draft: CountyDraft) -> None:
    page = b'<html><script src="//example.org/a.js"></script></html>'
    put(draft, add={PAGE: page}, pages={PAGE: page})


@declare_mutation("DOC015", case="damaged", follows=["DOC006"])
def a_page_that_is_not_text(draft: CountyDraft) -> None:
    put(draft, add={PAGE: b"\xff\xfe"}, pages={PAGE: b"\xff\xfe"})


@declare_mutation("DOC015", case="gone", follows=["DOC006"])
def a_page_that_is_only_listed(draft: CountyDraft) -> None:
    put(draft, files=[PAGE])


def paged(draft: CountyDraft, change: Callable[[str], str], version: str) -> None:
    """Change the page of the manifest of a package written by this version."""
    from plugin.core.package.page import render_manifest_page

    counts = {"warnings": 0, "crashed": 0, "left_out": [], "unconfirmed": []}
    more = {
        "root": "140225浑源县国土空间总体规划", "made": "2026-11-20T08:00:00+08:00", "slots": [], "maps": [], "problems": [], "layers": [],
        "standard": {"name": "x", "edition": "2021"}, "profile": {"name": ""}, "form": {"name": "x", "unverified": []}, "check": counts,
        "tool": {"versions": {"sanxian": version}},
    }  # fmt: skip
    put(draft, head=more, bytes={path: len(content) for path, content in COMPLETE.items()})
    package = draft.options["package"]
    text = change(render_manifest_page(package.manifest, "zh")).encode("utf-8")
    documents = {**package.documents, PAGE: text}
    row = {"path": PAGE, "sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}
    draft.options["package"] = replace(
        package,
        documents=documents,
        manifest={**package.manifest, "files": [*package.manifest["files"], row]},
        files=(*package.files, FileFact(PAGE, len(text), text[:64], row["sha256"])),
    )


@declare_mutation("DOC015", case="differs", follows=["DOC016"])
def a_page_with_another_verdict(draft: CountyDraft) -> None:
    paged(draft, lambda text: text.replace("通过", "不通过"), plugin_version())


@declare_mutation("DOC015", case="not_rebuilt", follows=["DOC016"])
def a_page_of_another_version(draft: CountyDraft) -> None:
    paged(draft, lambda text: text.replace("</style>", "p.old{margin:0}</style>"), "0.0.1")


@declare_mutation("DOC016", case="date")
def a_manifest_of_2031(draft: CountyDraft) -> None:
    put(draft, head={"made": "2031-01-01T08:00:00+08:00"})


@declare_mutation("DOC016", case="unknown")
def an_unknown_edition(draft: CountyDraft) -> None:
    put(draft, head={"standard": {"id": "county_db", "edition": "2031"}})


@declare_mutation("DOC016", case="profile")
def a_manifest_of_another_profile(draft: CountyDraft) -> None:
    put(draft, head={"profile": {"id": "某县"}})


@declare_mutation("DOC016", case="standard")
def a_manifest_of_another_standard(draft: CountyDraft) -> None:
    put(draft, head={"standard": {"id": "three_lines_2022"}})


@declare_mutation("DOC016", case="differs")
def a_manifest_of_another_root(draft: CountyDraft) -> None:
    put(draft, head={"root": "140226左云县国土空间总体规划"})


@declare_mutation("DOC016", case="settings")
def a_report_of_other_settings(draft: CountyDraft) -> None:
    from plugin.core.profile import load_profile
    from plugin.core.standard import load_standard

    profile = load_profile(draft.options.get("profile", ""))
    standard = load_standard(draft.options.get("standard", "") or profile.standard)
    reported(
        draft,
        provenance={
            "started": "2026-11-20T08:00:00+08:00",
            "versions": {"sanxian": plugin_version()},
            "profile": {"id": profile.id},
            "standard": {"id": standard.id},
            "settings": {"ratio.limit": 9.9},
        },
    )


@declare_mutation("DOC003", case="waivers", follows=["DOC006"])
def a_register_of_waivers_next_to_the_database(draft: CountyDraft) -> None:
    put(draft, add={"1-空间数据/140225浑源县.waivers.csv": b"REL001"})


@declare_mutation("DOC004", case="folder")
def an_empty_folder(draft: CountyDraft) -> None:
    put(draft, empty_folders=["6-批复"])


@declare_mutation("DOC004", case="comment")
def a_comment_of_the_zip(draft: CountyDraft) -> None:
    put(draft, archive_comments="已批准")


@declare_mutation("DOC005", case="bare")
def a_nearly_blank_map(draft: CountyDraft) -> None:
    put(draft, decoded={MAP: {"by": "gdal", "levels": 200, "plain": 0.9998}})


@declare_mutation("DOC005", case="behind", follows=["DOC006"])
def an_archive_behind_a_map(draft: CountyDraft) -> None:
    put(draft, add={MAP: jpg() + b"PK\x03\x04"})


@declare_mutation("DOC005", case="same", follows=["DOC006"])
def one_picture_for_two_maps(draft: CountyDraft) -> None:
    put(draft, add={f"{MAPS}02三区图.jpg": COMPLETE[MAP]})


@declare_mutation("DOC005", case="blank", follows=["DOC006"])
def a_text_of_empty_pages(draft: CountyDraft) -> None:
    put(draft, add={TEXT: pdf("text", drawn=False)})


@declare_mutation("DOC006", case="doubled")
def a_level_twice_in_the_manifest(draft: CountyDraft) -> None:
    put(draft, manifest=True, state="doubled", doubled="secrecy")


@declare_mutation("DOC008", case="foreign")
def a_table_that_no_catalog_lists(draft: CountyDraft) -> None:
    put(draft, faults=[["a000000ff.gdbtable", "", "", 0, "foreign"]])


@declare_mutation("DOC008", case="index")
def an_index_that_leads_elsewhere(draft: CountyDraft) -> None:
    put(draft, faults=[["a.gpkg", "CZKFBJ", "", 18, "index"]])


#: Written by this version (`facts_of`), but without the page and list that it writes.
OWN = {"name": "sanxian", "versions": {"sanxian": "own"}, "generator": "own"}


@declare_mutation("DOC010", case="form", follows=["DOC006", "DOC013", "DOC015"])
def a_manifest_without_the_doubts_about_its_specification(draft: CountyDraft) -> None:
    put(draft, manifest=True, head={"tool": OWN, "form": {"id": "county", "unverified": []}})


@declare_mutation("DOC010", case="untold", finds=2, follows=["DOC006", "DOC013", "DOC015"])
def a_missing_document_and_missing_tables_not_listed_in_the_manifest(draft: CountyDraft) -> None:
    row = {"kind": "document", "need": "C", "title": "规划说明书", "pattern": "说明书.pdf", "files": []}
    put(draft, manifest=True, head={"tool": OWN, "problems": [], "slots": [row]})


@declare_mutation("DOC010", case="drawn", follows=["DOC006", "DOC013", "DOC015"])
def a_map_made_without_qgis(draft: CountyDraft) -> None:
    put(draft, manifest=True, head={"tool": OWN, "maps": [{"file": MAP, "origin": "made"}]})


@declare_mutation("DOC010", case="head", follows=["DOC006", "DOC013", "DOC015"])
def an_exchange_file_of_another_day(draft: CountyDraft) -> None:
    file = "1-空间数据/a.vct"
    head = {"tool": OWN, "made": "2026-11-20T08:00:00+08:00"}
    put(
        draft,
        manifest=True,
        head=head,
        row={"CZKFBJ": {"file": file}},
        heads={file: {"date": "20190101", "mapscale": "2000"}},
    )


@declare_mutation("DOC016", case="confirmed")
def a_profile_confirmed_by_a_province(draft: CountyDraft) -> None:
    from plugin.core.profile import load_profile

    profile = load_profile(draft.options.get("profile", ""))
    reported(
        draft,
        provenance={
            "started": "2026-11-20T08:00:00+08:00",
            "versions": {"sanxian": plugin_version()},
            "profile": {"id": profile.id, "confirmed": {"by": "某省人民政府"}},
        },
    )
