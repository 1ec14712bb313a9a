"""A model of one ONNX DeformConv node, written as protobuf by hand, so that no onnx package is needed."""


def deform_conv_model(groups: int) -> bytes:
    """An ONNX model (opset 19) of a 3x3 modulated deformable convolution with padding 1.

    Args:
        groups: Deformable groups.

    Returns:
        The serialised model; inputs x, w, o (offset), b, m (mask), output y, all float32.
    """
    node = b"".join(_block(1, name) for name in "xwobm") + _block(2, "y") + _block(4, "DeformConv")
    node += _attribute("pads", [1, 1, 1, 1], integers=True) + _attribute("kernel_shape", [3, 3], integers=True)
    node += _attribute("offset_group", [groups], integers=False)
    graph = _block(1, node) + _block(2, "g") + b"".join(_tensor(11, name) for name in "xwobm") + _tensor(12, "y")
    return _number(1, 9) + _block(7, graph) + _block(8, _block(1, "") + _number(2, 19))


def _number(tag: int, value: int) -> bytes:
    return bytes([tag << 3, value])


def _block(tag: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    size = len(content)
    return bytes([tag << 3 | 2]) + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + content


def _attribute(name: str, values: list[int], *, integers: bool) -> bytes:
    """An integer attribute, or a list of integers; its kind stands in field 20."""
    kind, tag = (7, 8) if integers else (2, 3)
    return _block(5, _block(1, name) + b"".join(_number(tag, value) for value in values) + bytes([0xA0, 1, kind]))


def _tensor(tag: int, name: str) -> bytes:
    return _block(tag, _block(1, name) + _block(2, _block(1, _number(1, 1))))
