"""How far an alpha is from the truth, over the unknown region of a trimap.

Image measures after Rhemann et al., *A perceptually motivated online benchmark for image matting* (CVPR 2009): SAD,
MSE, Grad, Conn. Clip measures after Erofeev et al., *Perceptually motivated benchmark for video matting* (BMVC 2015):
SSDA, dtSSD, MESSDdt. All are sums or means over a frame's unknown pixels U, so they depend on resolution and on the
width of the trimap: state both beside every number.

MESSDdt is implemented as its paper means it (each pixel follows its own motion, sampled bilinearly), which the
widely copied evaluation script does not; do not compare it with numbers from there.
"""

from dvm_core.metrics.clip import NAMES, ClipErrors, evaluate

__all__ = ["NAMES", "ClipErrors", "evaluate"]
