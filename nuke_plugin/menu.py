"""Nuke runs this where there is a window: it adds the nodes to the toolbar. Nuke starts even if it fails."""

import traceback

try:
    from dvm_nuke import menu

    menu.build()
except Exception:  # a broken plug-in must not keep an artist from working
    traceback.print_exc()
