from dvm_core.io.formats import image_formats, version


def test_the_formats_that_compositors_have_are_there():
    assert {"openexr", "dpx", "tiff", "png", "jpeg"} <= set(image_formats())
    assert version().startswith("3.")
