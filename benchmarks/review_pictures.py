"""Pictures of the page for the docs: light and dark, wide and narrow, 2 to 150 classes. Look at each after a change."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from tests.annotate import toy
from tests.annotate.browser import Sitting, chromium, served

FOLDER = Path(__file__).parents[1] / "docs/pictures"
LARGEST = 200_000  # bytes of a picture
SIZE = (480, 640)  # of the drawn images


def take_pictures(folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place, chromium() as browser:
        few = toy.make(Path(place) / "few", images=9, size=SIZE, questions=120, noise=1)
        with served(few, "--overlap", "2") as server:
            ada = Sitting(browser, server.address, "Ada", color_scheme="light")
            for key in ("Enter", "n", "2", "Enter", "n"):
                ada.answer(key)
            take(ada, folder / "review-light.png")
            brush(ada)
            take(ada, folder / "review-brush.png")
            ben = Sitting(browser, server.address, "Ben", color_scheme="dark")
            for key in ("Enter", "n", "1", "Enter", "n"):
                ben.answer(key)
            ben.saved()
            for name in ("browse", "people"):
                ben.page.goto(f"{server.address}/{name}")
                ben.page.wait_for_timeout(900)
                take(ben, folder / f"{name}-dark.png")
            ben.page.goto(f"{server.address}/browse")
            ben.page.click(".images a")
            ben.page.wait_for_selector("body[data-drawn]")
            take(ben, folder / "image-dark.png")
        many = toy.make(
            Path(place) / "many", size=SIZE, questions=20, noise=1, classes=[f"material {k + 1}" for k in range(150)]
        )
        with served(many) as server:
            ben = Sitting(browser, server.address, "Ben", color_scheme="dark")
            ben.answer("Enter")
            take(ben, folder / "review-dark-150-classes.png")
        two = toy.make(Path(place) / "two", size=SIZE, questions=20, noise=1, classes=("field", "road"))
        with served(two) as server:
            ada = Sitting(browser, server.address, "Ada", width=420, height=860, color_scheme="light", has_touch=True)
            ada.answer("Enter")
            take(ada, folder / "review-narrow-2-classes.png")


def brush(person: Sitting) -> None:
    """Paint a few superpixels across the border of the region."""
    for key in ("b", "3"):
        person.page.keyboard.press(key)
    person.page.wait_for_timeout(700)
    box = person.page.locator("#picture").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    person.page.mouse.move(x, y)
    person.page.mouse.down()
    person.page.mouse.move(x + 60, y - 50, steps=6)
    person.page.mouse.move(x + 150, y + 10, steps=6)
    person.page.mouse.up()


def take(person: Sitting, path: Path) -> None:
    """A screenshot with as many colours as fit."""
    person.saved()
    person.page.wait_for_timeout(2800)  # messages fade
    shot: Any = Image.open(BytesIO(person.page.screenshot())).convert("RGB")
    for colours in (256, 128, 64, 32):
        shot.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < LARGEST:
            return
