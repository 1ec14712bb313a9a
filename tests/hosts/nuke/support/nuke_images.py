"""Pictures between the fake's nodes, and what each class of node does to them; files through OpenImageIO."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import OpenImageIO as oiio
from nuke_expression import evaluate

CHANNELS = ("red", "green", "blue", "alpha")


@dataclass(frozen=True)
class Picture:
    """Scene-linear RGBA over a bounding box.

    Attributes:
        pixels: (H, W, 4) float32 over the box, top row first.
        box: x and y of its first pixel; x to the right, y downwards, from the format's corner.
        size: Width and height of the format.
        aspect: Pixel aspect of the format.
    """

    pixels: np.ndarray
    box: tuple[int, int]
    size: tuple[int, int]
    aspect: float = 1.0

    def over(self, box, shape):
        """The pixels over another bounding box, black outside of the own one."""
        canvas = np.zeros((*shape, 4), np.float32)
        x, y = self.box[0] - box[0], self.box[1] - box[1]
        height, width = self.pixels.shape[:2]
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + width, shape[1]), min(y + height, shape[0])
        if x0 < x1 and y0 < y1:
            canvas[y0:y1, x0:x1] = self.pixels[y0 - y : y1 - y, x0 - x : x1 - x]
        return canvas

    def half(self):
        """As proxy mode shows it."""
        size = (self.size[0] // 2, self.size[1] // 2)
        return Picture(self.pixels[::2, ::2], (self.box[0] // 2, self.box[1] // 2), size, self.aspect)


def _union(first, second):
    """Both pictures' pixels over the box that holds them both, and that box."""
    corners = [(picture.box, picture.pixels.shape[:2]) for picture in (first, second)]
    x0, y0 = (min(box[axis] for box, _ in corners) for axis in (0, 1))
    x1 = max(box[0] + shape[1] for box, shape in corners)
    y1 = max(box[1] + shape[0] for box, shape in corners)
    shape = (y1 - y0, x1 - x0)
    return first.over((x0, y0), shape), second.over((x0, y0), shape), (x0, y0)


def read(path, raw, colorspace):
    """A file as a Read shows it."""
    image = oiio.ImageBuf(str(path))
    if image.has_error or not image.spec().width:
        raise RuntimeError(f"{path}: no such file")
    spec, pixels = image.spec(), image.get_pixels(oiio.FLOAT)
    names = list(spec.channelnames)
    rgba = np.zeros((*pixels.shape[:2], 4), np.float32)
    for index, name in enumerate("RGBA"):
        source = name if name in names else ("Y" if name != "A" and "Y" in names else None)
        if source is not None:
            rgba[..., index] = pixels[..., names.index(source)]
    if not raw and "sRGB" in colorspace:
        colour = rgba[..., :3]
        rgba[..., :3] = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    box = (spec.x - spec.full_x, spec.y - spec.full_y)
    return Picture(rgba, box, (spec.full_width, spec.full_height), spec.getattribute("PixelAspectRatio") or 1.0)


def write(path, picture, names):
    """A 32-bit EXR with some of the channels; its data window is the bounding box."""
    height, width = picture.pixels.shape[:2]
    spec = oiio.ImageSpec(width, height, len(names), "float")
    spec.channelnames = [name[0].upper() for name in names]
    spec.x, spec.y = picture.box
    spec.full_width, spec.full_height = picture.size
    spec.attribute("PixelAspectRatio", picture.aspect)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), oiio.geterror()
    pixels = np.ascontiguousarray(picture.pixels[..., [CHANNELS.index(name) for name in names]])
    assert output.write_image(pixels), output.geterror()
    output.close()


def premult(node, inputs):
    pixels = inputs[0].pixels.copy()
    pixels[..., :3] *= pixels[..., 3:]
    return replace(inputs[0], pixels=pixels)


def copy(node, inputs):
    base, other, box = _union(inputs[0], inputs[1])
    channels = [CHANNELS.index(str(node[name].value()).rpartition(".")[2]) for name in ("from0", "to0")]
    base[..., channels[1]] = other[..., channels[0]]
    return replace(inputs[0], pixels=base, box=box)


def merge(node, inputs):
    base, over, box = _union(inputs[0], inputs[1])
    return replace(inputs[0], pixels=over + base * (1 - over[..., 3:]), box=box)


def shuffle(node, inputs):
    channels = [CHANNELS.index(str(node[name].value())) for name in CHANNELS]
    return replace(inputs[0], pixels=inputs[0].pixels[..., channels])


def multiply(node, inputs):
    pixels = inputs[0].pixels.copy()
    pixels[..., :3] *= np.float32(node["value"].value())
    return replace(inputs[0], pixels=pixels)


def dilate(node, inputs):
    """Grows light by a square where the size is positive, shrinks it where it is negative; the box grows too."""
    size = int(node["size"].value())
    picture, grow = inputs[0], max(size, 0)
    pixels = np.pad(picture.pixels, ((grow, grow), (grow, grow), (0, 0)))
    chosen = str(node["channels"].value()).split()
    for index, name in enumerate(CHANNELS[:3]):
        if f"rgba.{name}" in chosen and size:
            kernel = np.ones((2 * abs(size) + 1,) * 2, np.uint8)
            action = cv2.dilate if size > 0 else cv2.erode
            pixels[..., index] = action(np.ascontiguousarray(pixels[..., index]), kernel)
    return replace(picture, pixels=pixels, box=(picture.box[0] - grow, picture.box[1] - grow))


def expression(node, inputs):
    picture = inputs[0]
    height, width = picture.pixels.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    # Nuke counts y upwards from the format's lower edge.
    names = {"x": columns + picture.box[0], "y": picture.size[1] - 1 - (rows + picture.box[1])}
    names |= {name: picture.pixels[..., index] for index, name in enumerate("rgba")}

    def value_of(name):
        return names[name] if name in names else node.expression_value(name)

    for index in range(4):
        if node[f"temp_name{index}"].value():
            names[node[f"temp_name{index}"].value()] = evaluate(node[f"temp_expr{index}"].value(), value_of)
    pixels = picture.pixels.copy()
    for index in range(4):
        text = str(node[f"expr{index}"].value())
        if text:
            pixels[..., index] = evaluate(text, value_of)
    return replace(picture, pixels=pixels)


ACTIONS = {
    "Premult": premult,
    "Copy": copy,
    "Merge2": merge,
    "Shuffle": shuffle,
    "Multiply": multiply,
    "Dilate": dilate,
    "Expression": expression,
}
"""What each class does that computes pixels from those of its inputs, where it is not disabled."""
