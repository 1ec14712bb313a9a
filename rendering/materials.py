"""Surfaces, strands, weaves and vapours as Blender's shader nodes."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Rng = np.random.Generator


def hue(rng: Rng, *, saturation: float | None = None, value: float | None = None) -> Array:
    """A random linear colour; both extremes of brightness and of saturation come up often enough."""
    hues = np.array([rng.random(), rng.random(), rng.random()])
    pure = (hues - hues.min()) / max(np.ptp(hues), 1e-3)
    s = rng.beta(0.9, 1.2) if saturation is None else saturation
    v = 10.0 ** rng.uniform(-1.9, -0.05) if value is None else value
    return np.asarray(v * (1.0 - s + s * pure), np.float32)


class Graph:
    """A material's nodes, with less to type."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.output = self.tree.nodes.new("ShaderNodeOutputMaterial")

    def node(self, kind: str, **inputs: object) -> bpy.types.Node:
        """A node; each input is another node's socket, a number or a colour. Spaces in names are written `_`."""
        node = self.tree.nodes.new("ShaderNode" + kind)
        for name, value in inputs.items():
            self.connect(node, name.replace("_", " "), value)
        return node

    def connect(self, node: bpy.types.Node, name: str | int, value: object) -> None:
        """Set or link one input."""
        socket = node.inputs[name]
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif isinstance(value, np.ndarray):
            socket.default_value = (*(float(v) for v in value), 1.0)[: len(socket.default_value)]
        else:
            socket.default_value = value

    def math(self, operation: str, *values: object) -> bpy.types.NodeSocket:
        """A number computed from numbers."""
        node = self.tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        for i, value in enumerate(values):
            self.connect(node, i, value)
        return node.outputs[0]

    def ramp(self, factor: bpy.types.NodeSocket, colours: list[Array]) -> bpy.types.NodeSocket:
        """Colours laid evenly along a factor from 0 to 1."""
        node = self.tree.nodes.new("ShaderNodeValToRGB")
        elements = node.color_ramp.elements
        while len(elements) < len(colours):
            elements.new(0.5)
        for i, colour in enumerate(colours):
            elements[i].position = i / max(len(colours) - 1, 1)
            elements[i].color = (*(float(c) for c in colour), 1.0)
        self.tree.links.new(factor, node.inputs[0])
        return node.outputs[0]

    def mix(self, factor: object, first: bpy.types.NodeSocket, second: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
        """Blend of two shaders."""
        node = self.node("MixShader", Fac=factor)
        self.tree.links.new(first, node.inputs[1])
        self.tree.links.new(second, node.inputs[2])
        return node.outputs[0]

    def finish(self, socket: bpy.types.NodeSocket, to: str = "Surface") -> bpy.types.Material:
        """The material with this shader."""
        self.tree.links.new(socket, self.output.inputs[to])
        return self.material


def pattern(graph: Graph, rng: Rng, colours: list[Array]) -> bpy.types.NodeSocket:
    """Colours in a random texture: clouds, cells, stripes or checks."""
    where = graph.node("TexCoord").outputs["Object"]
    scale = float(np.exp(rng.uniform(np.log(0.8), np.log(12.0))))
    kind = rng.choice(["TexNoise", "TexVoronoi", "TexWave", "TexMagic"])
    node = graph.node(str(kind), Vector=where, Scale=scale)
    out = "Fac" if kind in ("TexNoise", "TexWave", "TexMagic") else "Distance"
    sharp = graph.math("MULTIPLY_ADD", node.outputs[out], float(rng.uniform(1.0, 3.0)), float(rng.uniform(-1.0, 0.0)))
    return graph.ramp(sharp, colours)


def solid(rng: Rng, colours: list[Array]) -> bpy.types.Material:
    """A body's surface: textured, from matt to glossy, sometimes metal."""
    graph = Graph("solid")
    shader = graph.node(
        "BsdfPrincipled",
        Base_Color=pattern(graph, rng, colours) if rng.random() < 0.75 else colours[0],
        Roughness=float(rng.uniform(0.15, 1.0)),
        Metallic=float(rng.random() < 0.1),
    )
    return graph.finish(shader.outputs[0])


def strand(rng: Rng, root: Array, tip: Array, *, uneven: float = 0.4) -> bpy.types.Material:
    """Hair: colour runs from root to tip and differs from strand to strand by the factor `uneven`."""
    graph = Graph("strand")
    info = graph.node("HairInfo")
    along = graph.ramp(info.outputs["Intercept"], [root, tip])
    light = graph.math("MULTIPLY_ADD", info.outputs["Random"], 2.0 * uneven, 1.0 - uneven)
    varied = graph.node("HueSaturation", Value=light, Color=along).outputs[0]
    diffuse = graph.node("BsdfDiffuse", Color=varied).outputs[0]
    shine = graph.node("BsdfHair", Color=varied, RoughnessU=float(rng.uniform(0.1, 0.5))).outputs[0]
    return graph.finish(graph.mix(float(rng.uniform(0.15, 0.6)), diffuse, shine))


def leaf(rng: Rng, colours: list[Array]) -> bpy.types.Material:
    """A leaf or a petal: light comes through, colour differs from one to the next."""
    graph = Graph("leaf")
    own = graph.node("Attribute")
    own.attribute_name = "tint"
    colour = graph.ramp(own.outputs["Fac"], colours)
    front = graph.node("BsdfPrincipled", Base_Color=colour, Roughness=float(rng.uniform(0.3, 0.9))).outputs[0]
    through = graph.node("BsdfTranslucent", Color=colour).outputs[0]
    return graph.finish(graph.mix(float(rng.uniform(0.2, 0.5)), front, through))


def weave(rng: Rng, colours: list[Array], *, threads: float, cover: float) -> bpy.types.Material:
    """A net: threads in both directions of the surface cover this share of each; nothing is between them."""
    graph = Graph("weave")
    parts = graph.node("SeparateXYZ", Vector=graph.node("TexCoord").outputs["UV"])
    gaps = [
        graph.math("GREATER_THAN", graph.math("FRACT", graph.math("MULTIPLY", parts.outputs[i], threads)), cover)
        for i in (0, 1)
    ]
    cloth = graph.node("BsdfDiffuse", Color=pattern(graph, rng, colours)).outputs[0]
    nothing = graph.node("BsdfTransparent").outputs[0]
    return graph.finish(graph.mix(graph.math("MULTIPLY", *gaps), cloth, nothing))


def veil(rng: Rng, colours: list[Array], *, density: float) -> bpy.types.Material:
    """Sheer cloth: it covers `density` seen straight on and more where it turns away; threads and clouds vary it."""
    graph = Graph("veil")
    parts = graph.node("SeparateXYZ", Vector=graph.node("TexCoord").outputs["UV"])
    threads = float(rng.uniform(60, 220))
    weft = graph.math("SINE", graph.math("MULTIPLY", parts.outputs[int(rng.integers(2))], threads * 6.283))
    cloud = graph.node("TexNoise", Vector=graph.node("TexCoord").outputs["UV"], Scale=float(rng.uniform(2, 9)))
    facing = graph.node("LayerWeight", Blend=0.5).outputs["Facing"]
    cover = graph.math("MULTIPLY_ADD", facing, float(rng.uniform(0.2, 0.6)), density)
    cover = graph.math("MULTIPLY_ADD", weft, 0.3 * density * float(rng.uniform(0.0, 1.0)), cover)
    uneven = graph.math("SUBTRACT", cloud.outputs["Fac"], 0.5)
    cover = graph.math("MULTIPLY_ADD", uneven, float(rng.uniform(0.0, 0.5)), cover)
    cover = graph.math("MINIMUM", graph.math("MAXIMUM", cover, 0.01), 1.0)
    colour = pattern(graph, rng, colours)
    front = graph.node("BsdfDiffuse", Color=colour).outputs[0]
    through = graph.node("BsdfTranslucent", Color=colour).outputs[0]
    cloth = graph.mix(0.5, front, through)
    return graph.finish(graph.mix(cover, graph.node("BsdfTransparent").outputs[0], cloth))


def vapour(rng: Rng, colours: list[Array], *, density: float, scale: float, place: Array) -> bpy.types.Material:
    """Smoke or flame in a ball of radius 1 that absorbs and glows, without scattering, so that its alpha has no noise.

    Light from one side is made by comparing the density here with the density a little nearer to the lamp.
    """
    graph = Graph("vapour")
    where = graph.node("TexCoord").outputs["Object"]
    moved = _plus(graph, where, place)
    toward = rng.normal(size=3)
    toward = np.asarray(toward / np.linalg.norm(toward) * 0.12, np.float32)
    reach = graph.node("VectorMath", Vector=where)
    reach.operation = "LENGTH"
    bound = graph.math("SUBTRACT", 1.0, reach.outputs["Value"])
    here, lit = (_clouds(graph, at, scale, bound) for at in (moved, _plus(graph, moved, toward)))
    relief = graph.math("MULTIPLY_ADD", graph.math("SUBTRACT", here, lit), float(rng.uniform(1.0, 4.0)), 0.5)
    thick = graph.math("MULTIPLY", here, density)
    absorb = graph.node("VolumeAbsorption", Color=np.zeros(3, np.float32), Density=thick).outputs[0]
    shade = graph.math("MINIMUM", graph.math("MAXIMUM", relief, 0.02), 1.0)
    glow = graph.node("Emission", Color=graph.ramp(shade, colours), Strength=thick).outputs[0]
    both = graph.node("AddShader")
    graph.tree.links.new(absorb, both.inputs[0])
    graph.tree.links.new(glow, both.inputs[1])
    return graph.finish(both.outputs[0], "Volume")


def glass(rng: Rng, colour: Array) -> bpy.types.Material:
    """Thin glass: clear where it faces the camera, covered by its own reflections towards the edges."""
    graph = Graph("glass")
    facing = graph.node("LayerWeight", Blend=float(rng.uniform(0.3, 0.7))).outputs["Facing"]
    cover = graph.math("MULTIPLY_ADD", facing, float(rng.uniform(0.5, 0.95)), float(rng.uniform(0.03, 0.2)))
    shine = graph.node("BsdfPrincipled", Base_Color=colour, Roughness=float(rng.uniform(0.02, 0.3))).outputs[0]
    return graph.finish(graph.mix(cover, graph.node("BsdfTransparent").outputs[0], shine))


def _plus(graph: Graph, vector: bpy.types.NodeSocket, shift: Array) -> bpy.types.NodeSocket:
    node = graph.node("VectorMath", Vector=vector)
    node.operation = "ADD"
    node.inputs[1].default_value = tuple(float(s) for s in shift)
    return node.outputs["Vector"]


def _clouds(graph: Graph, where: object, scale: float, bound: object) -> bpy.types.NodeSocket:
    """Fractal density that ends before the ball does."""
    noise = graph.node("TexNoise", Vector=where, Scale=scale, Detail=4.0, Distortion=0.4).outputs["Fac"]
    edge = graph.math("MULTIPLY_ADD", bound, 1.1, -0.75)
    return graph.math("MAXIMUM", graph.math("MULTIPLY", graph.math("ADD", noise, edge), 3.0), 0.0)
