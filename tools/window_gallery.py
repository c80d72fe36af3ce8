# SPDX-License-Identifier: GPL-2.0-or-later
"""Take pictures of all windows for a visual inspection: build/gallery/<language>-<theme>-<scale>/*.png.

``tools/run.sh python tools/window_gallery.py [combination …]``: all, or only those named. A combination is a language,
a theme and a scale in percent, such as ``zh-dark-200``. The screen has 1920 × 1080 pixels at every scale.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.desktop import start

GALLERY = Path(__file__).resolve().parent.parent / "build" / "gallery"
SCREEN_SIZE = "1920x1080"
LANGUAGES = {"zh": "zh-Hans", "en": "en"}
THEMES = {"light": "default", "dark": "Night Mapping"}
COMBINATIONS = ("zh-light-100", "zh-dark-200", "en-dark-150", "en-light-100", "zh-light-150")
TIMEOUT_S = 900


def take_gallery(combination: str) -> None:
    """Run tests/desktop/gallery.py in a QGIS of this language, theme and scale."""
    language, theme, scale = combination.split("-")
    os.environ["QT_SCALE_FACTOR"] = str(int(scale) / 100)
    with tempfile.TemporaryDirectory() as folder:
        facts = start.run(
            "gallery",
            Path(folder),
            GALLERY / combination,
            size=SCREEN_SIZE,
            theme=THEMES[theme],
            lang=LANGUAGES[language],
            timeout=TIMEOUT_S,
        )
    print(f"{combination}: {len(facts['pictures'])} pictures; not opened: {', '.join(facts['missing']) or '-'}")


if __name__ == "__main__":
    for name in sys.argv[1:] or COMBINATIONS:
        take_gallery(name)
