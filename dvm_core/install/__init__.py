"""Adapters for hosts: where they are, what they are made of, and how they get to where a host finds them."""

from __future__ import annotations

from dvm_core.install.layout import ADAPTERS, Adapter, find_adapter, lay_out

__all__ = ["ADAPTERS", "Adapter", "find_adapter", "lay_out"]
