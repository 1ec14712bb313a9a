"""Evaluation on rendered foregrounds with exact alpha over real footage: see `docs/EVALUATION.md`."""
