"""A stage for the DVMatte Fuse: one of Fusion's Luas with the adapter in it, its tool, and a tiny shot."""

import os
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

HERE = Path(__file__).parent
FRAMES = (1001, 1002, 1003)
SIZE = (24, 32)


def write_image(path, pixels, channels, kind):
    """Write (H, W, C) pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec.channelnames = channels
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), oiio.geterror()
    assert output.write_image(pixels), output.geterror()
    output.close()


def read_image(path):
    """Channel names and pixels of a file, (H, W, C) float32."""
    image = oiio.ImageBuf(str(path))
    assert not image.has_error, image.geterror()
    return list(image.spec().channelnames), image.get_pixels(oiio.FLOAT)


def write_shot(folder, frames=FRAMES, size=SIZE):
    """A disc over a textured wall: half-float plates and a trimap for each of them."""
    y, x = np.mgrid[: size[0], : size[1]]
    texture = np.random.default_rng(5).random((*size, 3), dtype=np.float32)
    for index, frame in enumerate(frames):
        distance = np.hypot(y - size[0] / 2, x - size[1] * (0.45 + 0.03 * index)) / min(size)
        alpha = np.clip((0.3 - distance) * 8 + 0.5, 0, 1).astype(np.float32)[..., None]
        plate = alpha * (0.6 + 0.4 * texture[::-1]) + (1 - alpha) * 0.3 * texture
        trimap = np.where(distance < 0.2, 255, np.where(distance > 0.4, 0, 128)).astype(np.uint8)
        write_image(folder / f"plate.{frame}.exr", plate.astype(np.float32), ("R", "G", "B"), "half")
        write_image(folder / f"trimap.{frame}.png", trimap[..., None], ("Y",), "uint8")


class Tool:
    """A DVMatte tool in a composition."""

    def __init__(self, fusion, tool):
        self._fusion = fusion
        self._tool = tool

    @property
    def controls(self):
        """Every control's label, by its name for scripts, in order."""
        return {control.name: control.label for control in self._tool.order.values()}

    def attribute(self, name, attribute):
        return self._tool.inputs[name].attributes[attribute]

    def page(self, name):
        return self._tool.inputs[name].page

    def set(self, **values):
        for name, value in values.items():
            self._fusion.fake.set(self._tool, name, value)

    def value(self, name):
        return self._tool.inputs[name].value

    def press(self, name, time=0):
        """Press a button; gives what the status control then says."""
        self._fusion.fake.press(self._tool, name, time)
        return self.value("Status")

    def render(self, time, plate, precalc=False):
        """One frame, (H, W, 4) float32, from a plate that `Fusion.plate` made."""
        image = self._fusion.fake.process(self._tool, time, plate, precalc)
        planes = [list(image.channels[name].values()) for name in "RGBA"]
        return np.array(planes, dtype=np.float64).T.reshape(image.Height, image.Width, 4)

    @property
    def status(self):
        """What stands on the tool while it renders."""
        return self._tool.operator.Status


class Fusion:
    """One of Fusion's two Luas, with the adapter's modules on its path."""

    def __init__(self, lua, user_folder):
        self.lua = lua.LuaRuntime(unpack_returned_tuples=True)
        self.user_folder = user_folder
        self.fuse = user_folder / "Fuses" / "DVMatte.fuse"
        self.lua.globals().package.path = f"{user_folder}/Modules/Lua/?.lua"
        self.fake = self.lua.execute((HERE / "fake_fusion.lua").read_text())
        given = {"read_exr": self._read_exr, "make_folder": lambda path: os.makedirs(path, exist_ok=True)}
        self.fake.install(self.lua.table_from(given))

    def _read_exr(self, path):
        if not oiio.ImageBuf(path).initialized:
            return None
        names, pixels = read_image(path)
        planes = {name: self._plane(pixels[..., index]) for index, name in enumerate(names)}
        height, width = pixels.shape[:2]
        content = {"width": width, "height": height, "names": names, "planes": planes}
        return self.lua.table_from(content, recursive=True)

    def _plane(self, plane):
        return [float(value) for value in plane.ravel()]

    def plate(self, pixels, file=None):
        """A plate as Fusion's image: (H, W, 4) pixels, and the file that they were read from if it is told."""
        planes = {name: self._plane(pixels[..., index]) for index, name in enumerate("RGBA")}
        height, width = pixels.shape[:2]
        return self.fake.image(width, height, self.lua.table_from(planes, recursive=True), file and str(file))

    def require(self, name):
        return self.lua.require(f"dvm.{name}")

    def scan(self, path=None):
        return self.fake.scan(str(path or self.fuse))

    def add_tool(self, path=None, name="DVMatte1", folder="/comps", render=(0, 2)):
        comp = {"RenderStart": render[0], "RenderEnd": render[1], "folder": str(folder)}
        return Tool(self, self.fake.add_tool(str(path or self.fuse), name, self.lua.table_from(comp)))
