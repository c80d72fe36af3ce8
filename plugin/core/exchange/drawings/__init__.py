# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawings (DXF): outlines of a CAD drawing to polygons of templates and of projects.

Entry point: `import_drawing.import_drawing`. `tags` reads the file's tags, `straighten` writes a copy in which curves
are chords within a tolerance, `import_drawing` reads this copy with GDAL's driver, `outlines` joins lines to rings, and
`polygons` makes polygons of rings with the texts that they contain. A mapping (`mapping`) describes as data which layer
of the drawing becomes which layer of the database.
"""
