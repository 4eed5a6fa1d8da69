"""Make the README's moving picture of the pictures that the walk took."""

from pathlib import Path

from PIL import Image

# From the address to the first automation, in this order.
SCENES = ("setup_address", "setup_caught", "device", "editor_trigger")
SIZE = (960, 600)
SHOWN_MS = 2800
FADES = 4
FADE_MS = 60


def make_moving_picture(images: Path) -> None:
    """Let one scene fade into the next, and the last into the first."""
    scenes = [_read(images / f"{scene}.png") for scene in SCENES]
    frames: list[tuple[Image.Image, int]] = []
    for scene, following in zip(scenes, [*scenes[1:], scenes[0]], strict=True):
        steps = range(1, FADES + 1)
        fades = (Image.blend(scene, following, step / (FADES + 1)) for step in steps)
        frames += [(scene, SHOWN_MS), *((fade, FADE_MS) for fade in fades)]
    pictures, durations = zip(*frames, strict=True)
    pictures[0].save(
        images / "walk.webp",
        save_all=True,
        append_images=pictures[1:],
        duration=list(durations),
        loop=0,
        quality=70,
        method=6,
    )


def _read(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
