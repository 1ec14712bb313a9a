"""What the pages say: every command and snippet of the README runs, and every link leads somewhere."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge import errors

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DVM = [sys.executable, "-c", "from dvm_core.cli import main; main()"]
FRAMES = (1001, 1002, 1003)


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [block.replace("1001-1100", "1001-1003") for block in found]


def commands() -> list[str]:
    """Lines of the README that call `dvm`, in order, those inside sentences included."""
    text = README.replace("1001-1100", "1001-1003")
    return re.findall(r"^dvm .*$|(?<=`)dvm (?:eval|models export|doctor)[^`]*(?=`)", text, re.MULTILINE)


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    output = oiio.ImageOutput.create(str(path))
    kind = "half" if path.suffix == ".exr" else "uint8"
    assert output.open(str(path), oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind))
    assert output.write_image(pixels.astype(np.float32)), output.geterror()
    output.close()


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    """The folders that the README speaks of, with three small frames of a soft disc."""
    folder = tmp_path_factory.mktemp("readme")
    y, x = np.mgrid[:64, :96]
    texture = np.random.default_rng(1).random((64, 96, 3))
    for frame in FRAMES:
        alpha = np.clip(1.5 - np.hypot(y - 32, x - 44 - frame % 10) / 16, 0, 1)[..., None]
        trimap = np.where(alpha >= 1, 1, np.where(alpha <= 0, 0, 128 / 255))
        write(folder / f"plates/sh010.{frame}.exr", alpha * (0.5 + 0.5 * texture) + (1 - alpha) * 0.2 * texture[::-1])
        write(folder / f"trimaps/sh010.{frame}.png", trimap)
        if frame == FRAMES[0]:
            write(folder / f"keys/sh010.{frame}.png", trimap)
        write(folder / f"roto/sh010.{frame}.exr", (alpha > 0.5) * 1.0)
        write(folder / f"final/sh010.{frame}.exr", alpha)
    write(folder / "still.png", texture)
    write(folder / "still_trimap.png", trimap)
    return folder


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_runs(command, shot):
    """In the README's order and folder; what an earlier one wrote may be replaced."""
    words = shlex.split(command)[1:]
    makes_files = words[0] == "matte" or words[:2] == ["trimap", "make"]
    if makes_files and not {"--resume", "--dry-run"} & set(words):
        words.append("--overwrite")
    ran = subprocess.run([*DVM, *words], cwd=shot, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr


def test_the_python_of_the_readme_runs(shot, monkeypatch):
    monkeypatch.chdir(shot)
    saved = {}
    plate, trimap = np.full((64, 96, 3), 0.4, np.float32), np.full((64, 96), 128, np.uint8)
    names = {"frames": [(plate, trimap)] * 3, "save": saved.__setitem__}
    for path in (shot / "mattes").glob("*"):
        path.unlink()
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert sorted(path.name for path in (shot / "mattes").iterdir()) == [f"sh010.{frame}.exr" for frame in FRAMES]
    assert [alpha.shape for alpha in saved.values()] == [(64, 96)] * 3


def test_the_readme_names_the_options_that_there_are():
    table = README.split("### Options of `dvm matte`")[1].split("###")[0]
    named = set(re.findall(r"--[a-z][a-z-]*", table))
    elsewhere = {"--trimap", "--output", "--help"}
    page = subprocess.run(
        [*DVM, "matte", "--help"], capture_output=True, text=True, timeout=300, env={**os.environ, "COLUMNS": "200"}
    ).stdout
    assert named == set(re.findall(r"--[a-z][a-z-]*", page)) - elsewhere


def test_the_readme_names_every_exit_code():
    table = README.split("### Exit codes")[1].split("##")[0]
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DvmError)]
    assert [int(code) for code in re.findall(r"\d+", table)] == sorted({0} | {kind.exit_code for kind in kinds})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []
