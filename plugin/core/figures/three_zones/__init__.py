# SPDX-License-Identifier: GPL-2.0-or-later
"""Three zones (三区): agricultural, ecological and urban space.

They are derived from the planning zones by a mapping that a county can edit.
"""
