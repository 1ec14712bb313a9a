"""The toolbar's DVM menu."""

import nuke

_MATTE_SELECTED = "from dvm_nuke import buttons; buttons.matte_all(nuke.selectedNodes())"


def build() -> None:
    """Add it."""
    menu = nuke.menu("Nodes").addMenu("DVM")
    menu.addCommand("DVM Matte", "nuke.createNode('DVM_Matte')")
    menu.addCommand("DVM Trimap", "nuke.createNode('DVM_Trimap')")
    menu.addSeparator()
    menu.addCommand("Matte selected nodes", _MATTE_SELECTED)
