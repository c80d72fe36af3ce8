# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the pictures of the manual and README: docs/images/*.png and images.json.

images.json lists the texts that the pictures show. ``tools/run.sh python tools/screenshots.py [name …]``: all, or
only those named. The windows are taken from the real desktop on a virtual screen (tests/desktop/manual_images.py),
the map from its export. The two pages of a report (report-1, report-2) need a browser that prints CSS grids; they
are made by hand.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import shown_texts
from shown_texts import IMAGES, ROOT, TABLE

from tests.desktop import start

SAMPLE, PROFILE = "resources/sample/county.gpkg", "hunyuan"
WINDOW_PICTURES = (
    "finding", "fix", "batch-fix", "waive", "live", "wizard", "package", "profile", "roles", "townships", "adjustment",
    "boundary", "supplement", "counties", "project",
)  # fmt: skip
MAP_PICTURE = "map"
SCREEN_SIZE = "1600x900"
#: Number of colours in the palette of pictures: a third of the size without a visible difference.
MAX_COLOURS = 200
#: Pixels of the width of the map.
MAP_WIDTH = 900


def save_picture(source: Path, name: str, *options: str) -> None:
    """Write a picture to docs/images/<name>.png without metadata.

    ``options``: further options of ImageMagick's convert.
    """
    target = IMAGES / f"{name}.png"
    flags = ["-strip", "-dither", "None", "-colors", str(MAX_COLOURS), "-define", "png:exclude-chunks=date,time"]
    subprocess.run(["convert", str(source), *options, *flags, f"PNG8:{target}"], check=True)


def take_window_pictures(picture_names: Iterable[str], folder: Path) -> dict[str, list[str]]:
    """Take the pictures of windows; return picture name → texts that the picture shows.

    ``folder``: an empty folder for the run.
    """
    facts = start.run("manual_images", folder / "run", folder / "shots", size=SCREEN_SIZE, timeout=420)
    for name in picture_names:
        save_picture(folder / "shots" / f"{name}.png", name)
    return {name: facts["shown"][name] for name in picture_names}


def run_tool(tool: str, **parameters: str) -> None:
    """Run a Processing tool of the plugin by qgis_process; raise RuntimeError if it fails."""
    given = [f"{name}={value}" for name, value in parameters.items()]
    command = ["bash", "tools/qgis_process.sh", "run", f"sanxian:{tool}", "--", *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{tool}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def make_map_picture(folder: Path) -> dict[str, list[str]]:
    """Make the picture of a map by exporting the sample county's control lines.

    Return picture name → texts that it shows.
    """
    target = folder / "maps"
    target.mkdir()
    run_tool("export_maps", SOURCE=SAMPLE, PROFILE=PROFILE, MAPS="three_lines", SECRECY="内部", OUTPUT=str(target))
    (made,) = target.glob("*.jpg")
    save_picture(made, MAP_PICTURE, "-resize", str(MAP_WIDTH))
    maps = shown_texts.load_all_texts()
    return {MAP_PICTURE: [text for name, text in maps.items() if name.startswith("zh:maps.")]}


def main(picture_names: list[str]) -> None:
    """Make the pictures with these names, all without names, and update images.json."""
    every = (*WINDOW_PICTURES, MAP_PICTURE)
    picture_names = picture_names or list(every)
    if unknown := set(picture_names) - set(every):
        sys.exit(f"unknown pictures: {', '.join(sorted(unknown))}; known: {', '.join(every)}")
    lacking = [program for program in (*start.NEEDED, "convert") if shutil.which(program) is None]
    if lacking:
        sys.exit(f"not installed: {', '.join(lacking)}")
    known = shown_texts.load_all_texts()
    table = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "run").mkdir()
        windows = [name for name in WINDOW_PICTURES if name in picture_names]
        shown = {
            ("ts", "desktop", name): t for name, t in (take_window_pictures(windows, folder) if windows else {}).items()
        }
        shown |= {
            ("zh", "map", name): t
            for name, t in (make_map_picture(folder) if MAP_PICTURE in picture_names else {}).items()
        }
    for (origin, made_by, name), texts in shown.items():
        names = shown_texts.find_names_of_texts(texts, origin, known)
        table[f"{name}.png"] = shown_texts.make_image_entry(names, known, made_by)
        print(f"{name}.png: {len(names)} texts")
    TABLE.write_text(json.dumps(dict(sorted(table.items())), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
