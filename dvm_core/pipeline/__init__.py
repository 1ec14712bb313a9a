"""The engine: a stream of frames becomes windows, tiles and alphas."""

from dvm_core.pipeline.run import MatteResult, run_job
from dvm_core.pipeline.session import Matte, MattingSession

__all__ = ["Matte", "MatteResult", "MattingSession", "run_job"]
