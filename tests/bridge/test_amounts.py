import pytest

from dvm_core.bridge.amounts import in_words


@pytest.mark.parametrize(
    ("amount", "text"), [(10 << 20, "10 MB"), (850 << 20, "850 MB"), (3 << 29, "1.5 GB"), (0, "0 MB")]
)
def test_amounts_of_memory_are_said_in_words(amount, text):
    assert in_words(amount) == text
