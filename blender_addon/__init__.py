"""DVM Matte for Blender's compositor: an extension for 4.2 and later, and a legacy add-on by its `bl_info`.

The engine is a Python of its own, outside Blender; what both sides share is carried inside this package as `bridge`.
"""

bl_info = {
    "name": "DVM Matte",
    "description": "Alphas for hair, motion blur, smoke, from a plate and a trimap",
    "author": "The dvm-core authors",
    "version": (0, 1, 0),
    "blender": (4, 2, 0),
    "location": "Compositor > Sidebar > DVM",
    "category": "Compositing",
}


def register():
    """Called by Blender when the add-on is enabled."""
    from . import registration

    registration.register()


def unregister():
    """Called by Blender when the add-on is disabled; the engine ends with it."""
    from . import registration

    registration.unregister()
