# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: record one of three silent films with captions; tools/films.py starts it, SANXIAN_FILM names it."""

import os
import subprocess

from gui_driver import (
    EMPTY_PDF,
    FOLDER,
    SCREENSHOTS,
    act_when_dialog_opens,
    click,
    draw_rectangle,
    find_form,
    find_free_edge,
    open_sample,
    prepare_window_for_screenshots,
    press_key,
    run_check,
    run_tour,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialogButtonBox, QDockWidget, QLabel, QToolBar
from qgis.utils import iface, plugins

FRAMES_PER_SECOND = 10
#: Seconds that a caption needs to be read.
READING_SECONDS = 3.0
CAPTION_STYLE = "background: #1f3a5f; color: white; font-size: 22px; padding: 10px 24px;"
WIDTH, HEIGHT = 240, 180
DOCUMENTS = ("国土空间总体规划文本", "数据库建设报告", "质量检查报告", "质量检查记录")


class Film:
    """Recording of the screen; ends with the context. ``show`` states the next step above all windows."""

    def __enter__(self):
        # Above all windows, at the lower edge; clicks pass through it.
        flags = Qt.WindowType.ToolTip | Qt.WindowType.WindowStaysOnTopHint | Qt.WindowType.WindowTransparentForInput
        self._caption = QLabel(None, flags)
        self._caption.setStyleSheet(CAPTION_STYLE)
        target = SCREENSHOTS / f"{os.environ['SANXIAN_FILM']}.mkv"
        command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "x11grab", "-framerate", str(FRAMES_PER_SECOND)]
        command += ["-i", os.environ["DISPLAY"], "-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", str(target)]
        self._recorder = subprocess.Popen(command, stdin=subprocess.PIPE)
        wait_seconds(1.0)
        return self

    def __exit__(self, *_error):
        self._caption.deleteLater()
        self._recorder.communicate(b"q")

    def show(self, text):
        """Show a caption, and leave time to read it."""
        screen = iface.mainWindow().screen().availableGeometry()
        self._caption.setText(text)
        self._caption.adjustSize()
        self._caption.move(screen.center().x() - self._caption.width() // 2, screen.bottom() - self._caption.height())
        self._caption.show()
        self._caption.raise_()
        wait_seconds(READING_SECONDS)


def click_in_toolbar(controller, name):
    bar = iface.mainWindow().findChild(QToolBar, "SanxianToolbar")
    click(bar.widgetForAction(controller.actions[name]))


def close_after_reading(dialog):
    wait_seconds(4.0)
    dialog.reject()


def film_first_check():
    prepare_window_for_screenshots()
    controller = plugins["sanxian"].desktop
    with Film() as film:
        film.show("第一次检查：点工具栏的“打开示例县”")
        click_in_toolbar(controller, "sample")
        wait(lambda: QgsProject.instance().mapLayers())
        wait_for_map()
        film.show("按 F8：全面检查。检查在后台进行，不修改数据")
        iface.mainWindow().activateWindow()
        press_key("F8")
        assert wait(lambda: controller.dock.result is not None and not controller.is_check_running, 120)
        film.show("结论和问题列表。没有检查的内容及原因，逐项列明")
        film.show("按 F9：下一个问题。地图缩放到该处，面板写明问题、整改建议和依据")
        for _ in range(3):
            press_key("F9")
            wait_for_map()
            wait_seconds(2.0)
        film.show("“规则说明”：检查什么、依据哪条规定、有什么限制")
        act_when_dialog_opens(lambda _dialog: True, close_after_reading)
        controller.dock.tree.setFocus()
        press_key("F1")
        wait_seconds(1.0)
        film.show("“指标”：扩展倍数、各项目标的余量，随编辑更新")
        controller.actions["indicator_panel"].trigger()
        wait_seconds(5.0)


def film_fixing():
    controller = open_sample()
    window = iface.mainWindow()
    window.resizeDocks(
        [window.findChild(QDockWidget, "Layers"), controller.dock], [200, 430], Qt.Orientation.Horizontal
    )
    run_check(controller)
    layers = {v.customProperty("sanxian/template"): v for v in QgsProject.instance().mapLayers().values()}
    boundary = layers["CZKFBJ"]
    corner = find_free_edge(boundary, layers["YJJBNTBHTB"], WIDTH, HEIGHT)
    with Film() as film:
        film.show("实时检查：画一块开发边界，压到了永久基本农田")
        dialog = draw_rectangle(boundary, corner, WIDTH, HEIGHT)
        find_form(dialog).changeAttribute("GHFQDM", "410")
        wait_seconds(1.0)
        listed = {one.fingerprint for one in controller.dock.result.findings}
        click(dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok))
        conflicts = []

        def find_conflict():
            conflicts[:] = [
                one for one in controller.dock.result.findings if one.code == "REL002" and one.fingerprint not in listed
            ]
            return bool(conflicts)

        assert wait(find_conflict)
        iface.actionPan().trigger()
        film.show("随画随查：列表立即列出新的冲突")
        controller.dock.tree.select_finding(conflicts[0])
        wait_seconds(1.0)
        film.show("“修复…”：先看修改前后，边界退让多少，会不会产生新问题")
        click(controller.dock.navigation.fix)
        one = controller.fixes.one
        assert wait(lambda: one.dialog is not None and not one.trial.is_running)
        wait_seconds(4.0)
        click(one.dialog.apply)
        assert wait(lambda: one.dialog is None)
        film.show("应用后立即复查。Ctrl+Z 一步撤销")
        iface.setActiveLayer(boundary)
        iface.mapCanvas().setFocus()
        press_key("ctrl+z")
        wait_seconds(3.0)
        film.show("“修复问题…”：一批修复逐个试算，只勾选可以放心应用的")
        controller.fixes.preview_all()
        many = controller.fixes.many
        assert wait(lambda: many.dialog is not None and not many.trial.is_running, 180)
        wait_seconds(4.0)
        click(many.dialog.apply)
        assert wait(lambda: many.dialog is None, 120)
        film.show("一批修复也是一步，可以一次撤销；每次修改都记在数据旁")
    for layer in layers.values():
        if layer.isEditable():
            layer.rollBack()


def film_package():
    controller = open_sample()
    documents, target = FOLDER / "规划文档", FOLDER / "汇交"
    for folder in (documents, target):
        folder.mkdir()
    run_check(controller)
    with Film() as film:
        film.show("“导出成果包…”：空间数据、文档、表格、图件、元数据一次生成")
        controller.actions["package"].trigger()
        shown = controller.export.dialog
        wait(shown.isVisible)
        shown.form.folder.line.setText(str(target))
        shown.form.documents.line.setText(str(documents))
        wait(lambda: shown.form.slots.topLevelItemCount() > 2)
        film.show("窗口列出要交的文件，缺哪一件一目了然")
        for name in DOCUMENTS:
            (documents / f"140225浑源县{name}.pdf").write_bytes(EMPTY_PDF)
        wait(lambda: shown.form.slots.topLevelItem(0).text(2).endswith(".pdf"))
        film.show("文档放入文件夹，随即认出")
        film.show("示例县有错误：不生成，逐条说明原因。作为试交件，可以强制生成并注明")
        wait(shown.form.gate.force.isVisible, 10)
        shown.form.gate.force.setChecked(True)
        wait_seconds(2.0)
        click(shown.go)
        assert wait(lambda: controller.export.is_running, 20)
        film.show("写出 FileGDB（EPSG:4490），逐层读回核对")
        assert wait(lambda: not controller.export.is_running, 240) and any(target.iterdir())
        film.show("完成：清单、校验值和需说明事项")
        wait_seconds(3.0)
        shown.reject()


FILMS = {"first-check": film_first_check, "fixing": film_fixing, "package": film_package}

run_tour(FILMS[os.environ["SANXIAN_FILM"]])
