"""Measure models on the evaluation's clips.

    python -m benchmarks.evaluation                       lite, lite without neighbours, closed-form, knn
    python -m benchmarks.evaluation --model FILE --gate   the two-minute check of a checkpoint

Scores of the peers are kept in `results/`, and measured again where a clip has changed or `--recompute` is given.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.evaluation import gate, report
from benchmarks.evaluation.clips import CLIPS, QUICK, Take, fingerprint, make_take
from benchmarks.evaluation.models import PEERS, SINGLE, Matte, matter, timed
from benchmarks.evaluation.scores import RESULTS, Scores, Store, measure
from benchmarks.evaluation.trimaps import RADII


def main() -> None:
    """Measure, print the table, and say whether a checkpoint passes."""
    options = arguments()
    clips = options.only or (QUICK if options.gate else list(CLIPS))
    if options.gate:
        raise SystemExit(check(options, clips))
    if options.stored:
        results = {name: stored(Path(name).stem, clips, options.trimap) for name in models(options)}
    else:
        results = {name: scores_of(name, clips, options) for name in models(options)}
    results = {name: scores for name, scores in results.items() if scores}
    print(report.table(results))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lite", help="shipped name or weight file")
    parser.add_argument("--peers", nargs="*", default=["closed-form", "knn"], choices=PEERS)
    parser.add_argument("--only", nargs="+", choices=list(CLIPS))
    parser.add_argument("--trimap", default="medium", choices=list(RADII))
    parser.add_argument("--gate", action="store_true", help="three clips; exit 1 if the checkpoint should not go in")
    parser.add_argument("--worst", type=float, default=gate.WORST, help="SAD that a clip may have, times closed-form's")
    parser.add_argument("--keep", action="store_true", help="keep the model's own scores: it is the one to be shipped")
    parser.add_argument("--stored", action="store_true", help="print what results/ holds and run nothing")
    parser.add_argument("--recompute", action="store_true", help="measure peers again")
    parser.add_argument("--sheets", type=Path, help="folder for contact sheets")
    parser.add_argument("--rvm", type=Path, help="ONNX file of Robust Video Matting")
    return parser.parse_args()


def models(options: argparse.Namespace) -> list[str]:
    """The model, itself without neighbours, and its peers."""
    own = [options.model] if options.model in PEERS else [options.model, options.model + SINGLE]
    return list(dict.fromkeys([*own, *options.peers]))


def scores_of(name: str, clips: list[str], options: argparse.Namespace) -> dict[str, Scores]:
    """Scores of a model by clip, from the store where they hold."""
    store = Store(RESULTS / f"{Path(name).stem}.json")
    kept = name in PEERS and not options.recompute
    found: dict[str, Scores] = {}
    for clip in clips:
        key = fingerprint(clip, options.trimap)
        scores = store.get(clip, options.trimap, key) if kept else None
        if scores is None:
            scores = run(matter(name, options.rvm), name, make_take(clip, options.trimap), options.sheets)
            if name in PEERS or options.keep:
                store.put(clip, options.trimap, key, scores)
        found[clip] = scores
    return found


def run(matte: Matte, name: str, take: Take, sheets: Path | None) -> Scores:
    """Matte and measure a take."""
    alphas, seconds = timed(matte, take)
    scores = measure(alphas, take)
    print(f"{take.name}, {name}: SAD {scores['sad']:.3f}, {seconds:.2f} s a frame", flush=True)
    if sheets is not None:
        report.write_sheet(sheets, take, alphas, name)
    return scores


def check(options: argparse.Namespace, clips: list[str]) -> int:
    """The gate: 0 if the checkpoint may be committed, else 1."""
    found = scores_of(options.model, clips, options)
    closed_form, last = (stored(name, clips, options.trimap) for name in ("closed-form", "lite"))
    print(report.ratios({options.model: found, "closed-form": closed_form}))
    told = gate.objections(found, closed_form, last, options.worst)
    for objection in told:
        print(objection)
    print("The checkpoint does not pass." if told else "The checkpoint passes.")
    return 1 if told else 0


def stored(name: str, clips: list[str], width: str) -> dict[str, Scores]:
    """Kept scores of the clips that have them."""
    store = Store(RESULTS / f"{name}.json")
    rows = {clip: store.get(clip, width, fingerprint(clip, width)) for clip in clips}
    return {clip: scores for clip, scores in rows.items() if scores is not None}


if __name__ == "__main__":
    main()
