"""The settings of one DVM Matte; they live on its node group, so a copied or appended group brings them along."""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from .compat import FILE_OPTIONS

MODELS = (
    ("lite", "Lite", "Small network, for CPUs too; looks at neighbouring frames"),
    ("closed-form", "Closed form", "No learning, frame by frame; good for opaque things with sharp hair"),
    ("file", "From file", "Weights in a file of your own"),
)
DEVICES = (
    ("auto", "Auto", "A GPU if the engine finds one"),
    ("cpu", "CPU", "The processor"),
    ("cuda", "GPU", "The first CUDA device"),
)
TRIMAP_SOURCES = (
    ("MASK", "Masks", "Masks drawn in Blender"),
    ("PAINTED", "Painted", "One painted image for each keyframe"),
    ("FILES", "Files", "Trimaps on disk, numbered like the plate"),
    ("SOCKET", "Socket", "Whatever is connected to the node's Trimap socket"),
)


class TrimapKey(bpy.types.PropertyGroup):
    """A frame whose trimap is made by hand."""

    frame: IntProperty(name="Frame", description="Frame of the scene")
    image: PointerProperty(
        name="Image",
        description="Painted trimap: black is background, white is foreground, grey is unknown",
        type=bpy.types.Image,
    )


class MatteSettings(bpy.types.PropertyGroup):
    """What a DVM Matte is made from, how, and where to."""

    is_matte: BoolProperty(options={"HIDDEN"})
    model: EnumProperty(name="Model", description="What computes the matte", items=MODELS)
    model_file: StringProperty(
        name="Weights", description="Weights (.safetensors)", subtype="FILE_PATH", options=FILE_OPTIONS
    )
    device: EnumProperty(name="Device", description="Where it is computed", items=DEVICES)
    full_size: BoolProperty(
        name="Full Size",
        description="Matte large plates at their own size, not reduced; try it where hair is small in the frame",
    )
    range: StringProperty(
        name="Range", description="Frames to matte, such as 1-10,20-30x2; empty for the scene's range"
    )
    trimap_source: EnumProperty(name="Trimap", description="Where the trimaps come from", items=TRIMAP_SOURCES)
    mask_outer: PointerProperty(
        name="Outer", description="Mask around everything that may belong to the subject", type=bpy.types.Mask
    )
    mask_inner: PointerProperty(
        name="Inner", description="Mask around what surely is the subject; none: the band below", type=bpy.types.Mask
    )
    band: FloatProperty(
        name="Band",
        description="Pixels to both sides of the outer mask's edge that are unknown, where there is no inner mask",
        default=12,
        min=1,
        soft_max=100,
        max=1000,
    )
    trimap_files: StringProperty(
        name="Files",
        description="One of the trimaps, or a pattern such as trimap.####.png",
        subtype="FILE_PATH",
        options=FILE_OPTIONS,
    )
    propagate: BoolProperty(
        name="Propagate", description="Trimaps for the keyframes only; those between are propagated"
    )
    keys: CollectionProperty(type=TrimapKey)
    active_key: IntProperty(name="Active keyframe")
    output: StringProperty(
        name="Output",
        description="Alphas to write (EXR); {node} is this node group's name, // the .blend file's folder",
        subtype="FILE_PATH",
        options=FILE_OPTIONS,
        default="//mattes/{node}.####.exr",
    )
    corrected: StringProperty(
        name="Corrected",
        description="One of the alphas that were put right by hand, or a pattern such as fixed.####.exr, numbered like "
        "the alphas' own files; they stay, and the frames around them follow. Empty for none",
        subtype="FILE_PATH",
        options=FILE_OPTIONS,
    )
    resume: BoolProperty(
        name="Resume", description="Keep finished frames of a job with the same settings; else write all again"
    )


CLASSES = (TrimapKey, MatteSettings)
