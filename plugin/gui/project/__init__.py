# SPDX-License-Identifier: GPL-2.0-or-later
"""What the open project keeps: layer roles, layer groups, document information, forms and symbols."""
