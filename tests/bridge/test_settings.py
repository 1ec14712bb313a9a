import pytest

from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.settings import Settings, parse_memory


def test_settings_are_those_of_the_matte_command_at_its_defaults():
    assert Settings().to_dict() == {
        "device": "auto",
        "precision": "auto",
        "threads": 0,
        "tile": "auto",
        "reduce": "auto",
        "max_memory": "",
        "colorspace": "auto",
        "layer": "",
        "view": "",
        "movie_frames": "count",
        "trimap_channel": "",
        "channels": "alpha",
        "fg": "",
        "compression": "zip",
        "half": True,
        "existing": "fail",
    }


@pytest.mark.parametrize(
    "values",
    [
        {"device": "cuda:1", "precision": "bf16", "threads": 8},
        {"tile": 512, "reduce": 3, "max_memory": "1.5GB"},
        {"tile": "off", "colorspace": "ACES - ACEScg", "layer": "diffuse", "view": "left"},
        {"channels": "rgba", "fg": "/x/fg.####.exr", "compression": "dwaa:45", "half": False, "existing": "resume"},
    ],
)
def test_settings_read_back_what_they_write(values):
    settings = Settings(**values)
    assert Settings.from_dict(settings.to_dict()) == settings


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device", "gpu"),
        ("device", "cuda:"),
        ("device", 0),
        ("precision", "fp8"),
        ("precision", None),
        ("threads", -1),
        ("threads", 10**9),
        ("threads", "4"),
        ("threads", True),
        ("threads", 2.0),
        ("tile", 3),
        ("tile", 10**6),
        ("tile", "big"),
        ("tile", True),
        ("reduce", 0),
        ("reduce", "half"),
        ("reduce", 1.5),
        ("max_memory", "lots"),
        ("max_memory", "8"),
        ("max_memory", "0G"),
        ("max_memory", 8),
        ("colorspace", ""),
        ("colorspace", "a\nb"),
        ("layer", 1),
        ("view", "x" * 5000),
        ("trimap_channel", None),
        ("channels", "rgb"),
        ("channels", ["alpha"]),
        ("fg", "foreground.png"),
        ("compression", "gzip"),
        ("half", 1),
        ("half", "yes"),
        ("existing", "ask"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_field(field, value):
    with pytest.raises(UsageError, match=f"^'{field}' must be .*; found .*\\.$"):
        Settings.from_dict({field: value})


def test_a_misspelt_setting_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match=r"'settings' has no field 'colourspace'; it has device, .*colorspace"):
        Settings.from_dict({"colourspace": "auto"})


@pytest.mark.parametrize("document", [None, [], "auto", 3])
def test_settings_that_are_no_object_are_refused(document):
    with pytest.raises(UsageError, match="'settings' must be an object"):
        Settings.from_dict(document)


@pytest.mark.parametrize(
    ("text", "amount"), [("", 0), ("8G", 8 * 1024**3), ("512m", 512 * 1024**2), ("1.5GB", 3 * 2**29), ("2T", 2**41)]
)
def test_an_amount_of_memory_is_read_in_bytes(text, amount):
    assert parse_memory(text) == amount
