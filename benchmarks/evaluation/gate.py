"""Whether a checkpoint may be committed: not much worse than closed-form, nor than the weights before it."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.evaluation.scores import Scores, ratio

WORST = 1.1
"""The SAD that a clip may have, as a multiple of closed-form's: the bar of the evaluation."""

STEP_BACK = 1.02
"""What SAD and dtSSD may have on the mean over the clips, as a multiple of the last committed weights'."""

GUARDED = ("sad", "dtssd")


def objections(
    found: Mapping[str, Scores], closed_form: Mapping[str, Scores], last: Mapping[str, Scores], worst: float = WORST
) -> list[str]:
    """Why a checkpoint should not be committed; nothing if it may.

    Args:
        found: The checkpoint's scores by clip.
        closed_form: Closed-form's; a clip that it lacks is an objection, for nothing is known then.
        last: Those of the weights that were committed last; may lack clips.
        worst: The bound on each clip's SAD, as a multiple of closed-form's.
    """
    told = []
    for clip, scores in found.items():
        if clip not in closed_form:
            told.append(f"{clip}: closed-form has no score for this clip as it is now; run the evaluation with it.")
        elif scores["sad"] > worst * closed_form[clip]["sad"]:
            times = scores["sad"] / closed_form[clip]["sad"]
            told.append(f"{clip}: SAD is {times:.2f}x closed-form's, above {worst:.2f}x.")
    if any(clip in last for clip in found):
        for name in GUARDED:
            times = ratio(found, last, name)
            if times > STEP_BACK:
                told.append(f"{name} is {times:.3f}x that of the weights committed last, above {STEP_BACK:.2f}x.")
    return told
