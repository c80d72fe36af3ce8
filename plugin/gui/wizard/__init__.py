# SPDX-License-Identifier: GPL-2.0-or-later
"""新建县级规划项目: five steps from a template to a project that is ready to draw in."""
