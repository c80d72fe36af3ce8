# SPDX-License-Identifier: GPL-2.0-or-later
"""Values, limits and defaults of options, the same for command line, toolbox, dialogs and the code that uses them.

No library is imported here: the toolbox reads them when QGIS starts.
"""

#: First and last year of base parcels.
BASE_YEARS = (1990, 2100)
#: What to do if the database to write exists; the first is the default.
ACTIONS_ON_EXISTING = ("stop", "add", "replace")
#: Control lines whose changes a dossier lists; the first is the default.
ADJUSTED_LINES = ("boundary", "farmland", "red_line")
#: Preferences of a supplement (补划选址); the first is the default.
SUPPLEMENT_PREFERENCES = ("contiguous", "quality", "near")
#: Ways to put a boundary right (边界调优), and preferences; the first of each is the default.
BOUNDARY_MODES = ("retreat", "swap")
BOUNDARY_PREFERENCES = ("area", "parcels", "compact")
#: What an outline within another of the same layer of a drawing is; the first is the default.
HOLE, SEPARATE = HOLE_RULES = ("hole", "separate")
#: Units of a drawing that the user may name.
DRAWING_UNITS = ("m", "dm", "cm", "mm", "km")
#: What happens to the zone number of eastings; the first is the default.
ZONE_NUMBER_CHOICES = ("keep", "add", "strip")
#: Which side of a contradiction between a county and a township package is taken; the first is the default.
PREFERRED_SIDES = ("ask", "county", "package")
#: Distance (m) within which a township package has read-only neighbours, by default.
NEIGHBOUR_DISTANCE_M = 100.0
#: Columns by which a work list is split; the first is the default.
WORKLIST_COLUMNS = ("township", "assignee")
