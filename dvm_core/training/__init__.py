"""Training: procedural takes with exact alpha, the paper's losses, runs that go on anywhere; see docs/MODELS.md."""
