"""Trimaps: made from rough mattes, and later carried from keyframes to every frame."""
