# SPDX-License-Identifier: GPL-2.0-or-later
"""成果图件: print layouts of a county's maps, built from resources/layouts and the layers of a project."""
