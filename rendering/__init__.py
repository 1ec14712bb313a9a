"""Pictures with exact alpha from real Blender, to train on and to measure with; runs in Blender's Python."""
