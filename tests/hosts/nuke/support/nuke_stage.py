"""A tiny shot on disk, and a comp with a DVM Matte on it, as an artist would have them."""

from pathlib import Path

import numpy as np
import OpenImageIO as oiio

HEIGHT, WIDTH = 36, 52
FRAMES = range(1001, 1007)
GREY = 0.25


def write_image(path, pixels, channels, kind="half", **attributes):
    """Write (H, W, C) pixels; `attributes` are those of OpenImageIO's spec, or of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec.channelnames = channels
    for name, value in attributes.items():
        if hasattr(spec, name):
            setattr(spec, name, value)
        else:
            spec.attribute(name, value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), oiio.geterror()
    assert output.write_image(np.ascontiguousarray(pixels, np.float32)), output.geterror()
    output.close()


def read_image(path):
    """Pixels of a file, (H, W, C) float32."""
    image = oiio.ImageBuf(str(path))
    assert not image.has_error, image.geterror()
    return image.get_pixels(oiio.FLOAT)


class Shot:
    """A disc that crosses a textured wall, as plates and trimaps on disk."""

    def __init__(self, folder, frames=FRAMES, **attributes):
        self.frames = frames
        self.plate = f"{folder.as_posix()}/plate.%04d.exr"
        self.trimap = f"{folder.as_posix()}/trimap.%04d.exr"
        texture = np.random.default_rng(3).random((HEIGHT, WIDTH, 3), dtype=np.float32)
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        for index, frame in enumerate(frames):
            distance = np.hypot(y - HEIGHT / 2, x - WIDTH * (0.4 + 0.02 * index)) / HEIGHT
            alpha = np.clip((0.3 - distance) * 8 + 0.5, 0, 1)[..., None]
            trimap = np.where(distance < 0.2, 1.0, np.where(distance > 0.4, 0.0, 0.5))[..., None]
            colour = alpha * (0.6 + 0.4 * texture[::-1]) + (1 - alpha) * 0.3 * texture
            write_image(folder / f"plate.{frame}.exr", colour, ["R", "G", "B"], **attributes)
            write_image(folder / f"trimap.{frame}.exr", trimap, ["Y"], **attributes)


class Comp:
    """A script with a DVM Matte on two Reads, and the buttons under an artist's finger."""

    def __init__(self, nuke, stage, shot, model="closed-form"):
        self.nuke, self.stage = nuke, stage
        self.plate, self.trimap = self.read(shot.plate, shot.frames), self.read(shot.trimap, shot.frames)
        self.node = nuke.createNode("DVM_Matte")
        self.node.setInput(0, self.plate)
        self.node.setInput(1, self.trimap)
        self.node["model"].setValue(model)
        self.press("input_range")
        stage.frame = shot.frames[0]

    def read(self, file, frames):
        node = self.nuke.createNode("Read")
        for knob, value in {"file": file, "first": frames[0], "last": frames[-1]}.items():
            node[knob].setValue(value)
        return node

    def press(self, button, node=None):
        """Press a button, and let Nuke's main thread go on until nothing runs any more."""
        (node or self.node)[button].execute()
        self.settle()

    def settle(self):
        from dvm_nuke import runs

        self.stage.pump(lambda: not runs._running and self.stage.main_queue.empty())

    @property
    def output(self):
        from dvm_nuke import panel

        return panel.read(self.node).output

    def alpha(self, frame):
        return read_image(self.output % frame)

    def status(self):
        return self.node["status"].value()

    def picture(self, frame, view="main"):
        return self.node.picture(frame, view)

    def render_inputs(self):
        """Put a node between the files and the inputs, so that they have to be rendered; pixels stay the same."""
        for index, read in enumerate((self.plate, self.trimap)):
            between = self.nuke.createNode("Multiply")
            between.setInput(0, read)
            self.node.setInput(index, between)


def answer(job):
    """An engine that finds the same grey everywhere."""
    from dvm_nuke.bridge import fake
    from dvm_nuke.bridge.frames import normalise_pattern

    for event in fake.succeed(job):
        if event["event"] == "frame":
            shape = read_image(normalise_pattern(job.plate).path(event["frame"])).shape[:2]
            write_image(Path(event["path"]), np.full((*shape, 1), GREY), ["A"])
        yield event
