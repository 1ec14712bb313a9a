"""Materials of the evaluation's foregrounds."""

from __future__ import annotations

import bpy
import numpy as np

from rendering.materials import Graph


def skin(name: str, colour: list[float], roughness: float, *, metallic: float = 0.0) -> bpy.types.Material:
    """A blotchy surface of about one linear colour."""
    graph = Graph(name)
    blotch = graph.node("TexNoise", Scale=6.0, Detail=3.0).outputs["Fac"]
    tone = np.float32(colour)
    return graph.finish(
        graph.node(
            "BsdfPrincipled",
            Base_Color=graph.ramp(blotch, [tone * 0.7, tone, tone * 1.25]),
            Roughness=roughness,
            Metallic=metallic,
        ).outputs[0]
    )


def hair(name: str, root: list[float], tip: list[float], *, by_tint: bool = False) -> bpy.types.Material:
    """Strands that run from one colour to another, along their length or by their own `tint`."""
    graph = Graph(name)
    info = graph.node("HairInfo")
    own = graph.node("Attribute")
    own.attribute_name = "tint"
    along = graph.ramp(
        own.outputs["Fac"] if by_tint else info.outputs["Intercept"], [np.float32(root), np.float32(tip)]
    )
    colour = graph.node(
        "HueSaturation", Value=graph.math("MULTIPLY_ADD", info.outputs["Random"], 0.8, 0.6), Color=along
    ).outputs[0]
    diffuse = graph.node("BsdfDiffuse", Color=colour).outputs[0]
    shine = graph.node("BsdfHair", Color=colour, RoughnessU=0.25).outputs[0]
    return graph.finish(graph.mix(0.35, diffuse, shine))


def lobed_leaf() -> bpy.types.Material:
    """Leaves from green to autumn by their `tint`; light comes through."""
    graph = Graph("lobed")
    own = graph.node("Attribute")
    own.attribute_name = "tint"
    colour = graph.ramp(
        own.outputs["Fac"],
        [np.float32([0.03, 0.11, 0.015]), np.float32([0.12, 0.25, 0.03]), np.float32([0.45, 0.16, 0.02])],
    )
    front = graph.node("BsdfPrincipled", Base_Color=colour, Roughness=0.5).outputs[0]
    return graph.finish(graph.mix(0.35, front, graph.node("BsdfTranslucent", Color=colour).outputs[0]))


def scarf() -> bpy.types.Material:
    """Sheer cloth with opaque dots and hem, more covering where it turns away."""
    graph = Graph("scarf")
    uv = graph.node("SeparateXYZ", Vector=graph.node("TexCoord").outputs["UV"])
    across = graph.math("ABSOLUTE", graph.math("SUBTRACT", uv.outputs[1], 0.5))
    hem = graph.math("GREATER_THAN", across, 0.445)
    cells = [
        graph.math("SUBTRACT", graph.math("FRACT", graph.math("MULTIPLY", uv.outputs[i], 9.0)), 0.5) for i in (0, 1)
    ]
    r2 = graph.math("ADD", graph.math("MULTIPLY", cells[0], cells[0]), graph.math("MULTIPLY", cells[1], cells[1]))
    dots = graph.math("LESS_THAN", r2, 0.03)
    facing = graph.node("LayerWeight", Blend=0.4).outputs["Facing"]
    sheer = graph.math("MULTIPLY_ADD", facing, 0.45, 0.22)
    cover = graph.math("MAXIMUM", sheer, graph.math("MAXIMUM", hem, dots))
    colour = graph.ramp(uv.outputs[0], [np.float32([0.55, 0.06, 0.2]), np.float32([0.7, 0.35, 0.1])])
    cloth = graph.mix(
        0.5, graph.node("BsdfDiffuse", Color=colour).outputs[0], graph.node("BsdfTranslucent", Color=colour).outputs[0]
    )
    return graph.finish(graph.mix(graph.math("MINIMUM", cover, 1.0), graph.node("BsdfTransparent").outputs[0], cloth))


def plume(time: float) -> bpy.types.Material:
    """Density along a bent axis, torn by drifting noise; it absorbs and glows, so its alpha has no noise."""
    graph = Graph("plume")
    where = graph.node("TexCoord").outputs["Object"]
    parts = graph.node("SeparateXYZ", Vector=where)
    x = graph.math("MULTIPLY_ADD", parts.outputs[0], 1.7, 1.1)  # from the chimney's mouth on, in scene units
    centre = graph.math("MULTIPLY_ADD", graph.math("POWER", graph.math("MAXIMUM", x, 0.0), 0.55), 0.72, -0.72)
    off_z = graph.math("SUBTRACT", parts.outputs[2], centre)
    off_y = graph.math("MULTIPLY", parts.outputs[1], 0.6)
    r2 = graph.math("ADD", graph.math("MULTIPLY", off_z, off_z), graph.math("MULTIPLY", off_y, off_y))
    width = graph.math("MULTIPLY_ADD", graph.math("MAXIMUM", x, 0.0), 0.16, 0.11)
    core = graph.math("SUBTRACT", 1.0, graph.math("DIVIDE", r2, graph.math("MULTIPLY", width, width)))
    edge = graph.math("MAXIMUM", graph.math("MINIMUM", core, 1.0), -3.0)
    old = graph.math("SUBTRACT", 1.0, graph.math("MULTIPLY", x, 0.35))
    gate = graph.math("MINIMUM", graph.math("MAXIMUM", graph.math("MULTIPLY_ADD", x, 8.0, 1.0), 0.0), 1.0)
    shades = []
    for near in (0.0, 0.09):
        drift = graph.node("Mapping", Vector=where)
        drift.inputs["Location"].default_value = (-0.09 * time - near, near, -0.05 * time + near)
        drift.inputs["Scale"].default_value = (1.7, 0.6, 1.0)
        noise = graph.node("TexNoise", Vector=drift.outputs[0], Scale=4.2, Detail=3.0, Distortion=0.7)
        shades.append(noise.outputs["Fac"])
    torn = graph.math("ADD", graph.math("MULTIPLY", edge, 0.4), graph.math("MULTIPLY_ADD", shades[0], 2.6, -1.3))
    body = graph.math(
        "MULTIPLY", graph.math("MAXIMUM", torn, 0.0), graph.math("MULTIPLY", gate, graph.math("MAXIMUM", old, 0.1))
    )
    thick = graph.math("MULTIPLY", body, 9.0)
    relief = graph.math("MULTIPLY_ADD", graph.math("SUBTRACT", shades[0], shades[1]), 3.0, 0.55)
    colour = graph.ramp(relief, [np.float32([0.09, 0.09, 0.1]), np.float32([0.55, 0.54, 0.52])])
    both = graph.node("AddShader")
    graph.tree.links.new(
        graph.node("VolumeAbsorption", Color=np.zeros(3, np.float32), Density=thick).outputs[0], both.inputs[0]
    )
    graph.tree.links.new(graph.node("Emission", Color=colour, Strength=thick).outputs[0], both.inputs[1])
    return graph.finish(both.outputs[0], "Volume")
