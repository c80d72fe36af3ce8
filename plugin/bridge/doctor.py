# SPDX-License-Identifier: GPL-2.0-or-later
"""Environment check (环境自检) in QGIS: versions, fonts and profile folder of QGIS, added to the check of the core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsFontUtils, QgsProjUtils
from qgis.PyQt.QtCore import qVersion

from ..core.base.errors import Cancellation
from ..core.cli.doctor.examine import DoctorReport, run_doctor
from ..core.cli.doctor.libraries import FactState, MachineFact, make_program_fact
from ..core.render.document.print_html import SANS_FONTS, SERIF_FONTS
from ..core.standard.messages.texts import Texts
from .layers.painting import FONT_FAMILIES
from .running.threads import run_in_python_thread

#: Key of the texts → the prescribed fonts, and the fonts that are used in their place, the better first.
_FONTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "font_title": (SERIF_FONTS[:1], SERIF_FONTS[1:]),
    "font_serif": (SERIF_FONTS[1:3], SERIF_FONTS[3:]),
    "font_sans": (SANS_FONTS[:2], SANS_FONTS[2:]),
    # Maps have no prescribed font.
    "font_map": (FONT_FAMILIES[:-1], ()),
}


def list_qgis_facts(lang: str) -> list[MachineFact]:
    """Return the lines of QGIS, of the libraries that it was built with, and of fonts; call it on the main thread."""
    from osgeo import gdal

    texts = Texts(lang)
    proj = f"{QgsProjUtils.projVersionMajor()}.{QgsProjUtils.projVersionMinor()}"
    return [
        make_program_fact("QGIS", Qgis.version(), texts),
        MachineFact("program.Qt", FactState.OK, "Qt", qVersion()),
        MachineFact("qgis.GDAL", FactState.OK, "GDAL (QGIS)", gdal.VersionInfo("RELEASE_NAME")),
        MachineFact("qgis.GEOS", FactState.OK, "GEOS (QGIS)", Qgis.geosVersion()),
        MachineFact("qgis.PROJ", FactState.OK, "PROJ (QGIS)", proj),
        *_iterate_font_facts(texts),
    ]


def _iterate_font_facts(texts: Texts) -> Iterator[MachineFact]:
    for key, (prescribed, substitutes) in _FONTS.items():
        name, separator = texts.get("environment", key), texts.get("words", "between_names")
        found = _find_font(prescribed)
        if found:
            yield MachineFact(key, FactState.OK, name, found)
            continue
        wanted = separator.join(prescribed)
        substitute = _find_font((*substitutes, *FONT_FAMILIES[:-1]))
        if substitute:
            text = texts.get("environment", "font_fallback", font=substitute)
            yield MachineFact(key, FactState.WARNING, name, text, texts.get("environment", "font_remedy", fonts=wanted))
        else:
            remedy = texts.get("environment", "font_none_remedy", fonts=wanted)
            yield MachineFact(key, FactState.WARNING, name, texts.get("environment", "font_none"), remedy)


def _find_font(families: tuple[str, ...]) -> str:
    """Return the first of these fonts that is installed, or an empty text."""
    return next((family for family in families if QgsFontUtils.fontFamilyOnSystem(family)), "")


@run_in_python_thread
def run_qgis_doctor(
    qgis_facts: list[MachineFact],
    lang: str,
    with_examples: bool,
    on_fact: Callable[[MachineFact], None],
    progress: Callable[[float, str], None],
    cancellation: Cancellation,
) -> DoctorReport:
    """Return the environment check of this machine with the lines of QGIS; arguments as in `run_doctor`.

    ``qgis_facts``: from `list_qgis_facts`. May be called from any thread. Raises Cancelled.
    """
    return run_doctor(
        lang,
        facts_of_host=qgis_facts,
        folders={"disk_profile": Path(QgsApplication.qgisSettingsDirPath())},
        with_examples=with_examples,
        on_fact=on_fact,
        progress=progress,
        cancellation=cancellation,
    )
