"""Amounts of memory and disk in words."""


def in_words(amount: int) -> str:
    """Bytes in words: `850 MB`, `1.5 GB` (powers of 1024)."""
    return f"{amount / 2**30:.1f} GB" if amount >= 2**30 else f"{amount / 2**20:.0f} MB"
