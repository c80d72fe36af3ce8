# SPDX-License-Identifier: GPL-2.0-or-later
"""Print layouts of maps (成果图件), built from resources/layouts and project layers."""
