# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: the tour over the sample county by mouse and keyboard: shown once, skippable, five steps."""

from gui_driver import (
    FACTS,
    click,
    prepare_window_for_screenshots,
    press_key,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QPoint, QRect
from qgis.utils import iface, plugins


def get_place_in_window(widget):
    return QRect(widget.mapTo(iface.mainWindow(), QPoint(0, 0)), widget.size())


def record_step(card, name):
    """Record texts and place of the card, and save a picture."""
    card_area, window = get_place_in_window(card), iface.mainWindow().rect()
    frame = next(w for w in iface.mainWindow().children() if w.objectName() == "SanxianTourFrame")
    frame_area = get_place_in_window(frame) if frame.isVisible() else QRect()
    FACTS.setdefault("steps", []).append(
        {
            "title": card.title.text(),
            "text": card.text.text(),
            "position": card.position.text(),
            "inside": window.contains(card_area),
            "covers_target": card_area.intersects(frame_area),
            "covers_messages": card_area.intersects(get_place_in_window(iface.messageBar())),
            "has_target": not frame_area.isEmpty(),
            "text_fits": card.text.height() >= card.text.heightForWidth(card.text.width()),
        }
    )
    save_picture(name)


def open_sample_again(controller):
    iface.messageBar().clearWidgets()
    # An empty project: QGIS would ask about changes and temporary layers.
    QgsProject.instance().clear()
    QgsProject.instance().setDirty(False)
    controller.open_sample()
    wait_seconds(0.5)


def main():
    from sanxian.plugin.bridge import settings

    prepare_window_for_screenshots()
    controller = plugins["sanxian"].desktop
    settings.store_setting(settings.OFFER_TOUR, True)
    controller.open_sample()
    wait_for_map()
    iface.messageBar().pushMessage("A message that stays", duration=0)
    wait_seconds(0.5)
    card = controller.tour.card
    record_step(card, "tour-1")
    FACTS["back_at_first"] = card.back.isEnabled()
    # Going on starts the check, and the tour goes on by itself over its result.
    click(card.forward)
    assert wait(lambda: card.number == 1, 120) and controller.dock.result is not None
    controller.dock.step_selection(1)
    for number in range(2, 6):
        if number > 2:
            click(card.forward)
        assert wait(lambda number=number: card.number == number - 1, 10), number
        wait_seconds(0.3)
        record_step(card, f"tour-{number}")
        if number == 3:
            click(card.back)
            assert wait(lambda: card.number == 1, 10)
            press_key("Return")
            FACTS["forward_by_keyboard"] = wait(lambda: card.number == 2, 10)
            wait_seconds(0.5)
    FACTS["skip_at_last"] = card.skip.isVisible()
    click(card.forward)
    FACTS["ended"] = wait(lambda: controller.tour.card is None, 10)
    open_sample_again(controller)
    FACTS["shown_again"] = controller.tour.card is not None
    settings.store_setting(settings.OFFER_TOUR, True)
    open_sample_again(controller)
    FACTS["shown_after_option"] = controller.tour.card is not None
    press_key("Escape")
    FACTS["skipped"] = wait(lambda: controller.tour.card is None, 10)
    wait_seconds(0.3)
    FACTS["left"] = [w.objectName() for w in iface.mainWindow().children() if w.objectName().startswith("SanxianTour")]


run_tour(main)
