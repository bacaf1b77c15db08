"""Screenshots of the dashboards for docs/dashboards.md, and of the report for README.md, by a headless Chromium.

python -m docs.screenshots WORKSPACE --make      in a fresh clone: two runs with different networks, both promoted, then drifted images
python -m docs.screenshots WORKSPACE [--out docs/pictures]
python -m docs.screenshots WORKSPACE --report      after `make run` there: docs/report.png, and nothing else

For the pictures `segmend ui`, `segmend ui --prefect` and `segmend serve --cron "0 2 * * *"` must be up in the workspace.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from PIL import Image

from flows.files.params_file import ParamsFile
from flows.files.workspace_files import dataset_name
from flows.tracking.mlflow_store import CHARTS, SERVED, Store
from tests.annotate.browser import chromium

ML = "workflowType=machine_learning"
SIZE = {"width": 1400, "height": 900}
SLOW = 180_000  # milliseconds
WIDTH, SCALE = 1040, 0.8  # pixels of the report's page, and of the picture over those of the page
COLUMNS = 5  # pictures of labels in a row of the report: the first row is shown
DRIFTED = 75  # exit code of a run that stops for a look


def demonstrate(root: Path) -> None:
    """Two runs of slices of a brain that differ in the loss; then slices from nearer its top and bottom, which are unlike the others."""

    def segmend(*words: str) -> int:
        print("segmend", *words, flush=True)
        return subprocess.run([sys.executable, "-m", "flows.cli", *words], cwd=root, check=False).returncode

    def changed(name: str, value: object) -> None:
        file = ParamsFile(root)
        file.set(name, value)
        file.save()

    codes = [segmend("run", "-e", "brain"), segmend("promote")]
    changed("train.loss.name", "gce")
    codes += [segmend("run"), segmend("promote", "--force")]
    changed("ingest.format.brain.least", 0.02)
    if any(codes) or segmend("run") != DRIFTED:
        raise SystemExit("the demonstration went otherwise: see above")


def pages(root: Path) -> list[tuple[str, str, str]]:
    """(picture, address, a text that the page shows when it is drawn)."""
    store = Store(root, dataset_name(root))
    base = json.loads((root / SERVED).read_text())["address"]
    runs = store.client.search_runs([store.experiment], order_by=["attributes.start_time DESC"])
    flows = [
        run.info.run_id
        for run in runs
        if run.info.run_name.startswith("flow") and run.data.tags.get("registered version")
    ]
    drift = next((run.info.run_id for run in runs if run.info.run_name == "drift"), None)
    compared = f"runs={json.dumps(flows[:2])}&experiments={json.dumps([store.experiment])}&{ML}"
    found = [
        ("mlflow-experiment", f"{base}/#/experiments/{store.experiment}/runs?{CHARTS}", "data/mIoU"),
        ("mlflow-run", f"{base}/#/experiments/{store.experiment}/runs/{flows[0]}?{ML}", "data/mIoU"),
        ("mlflow-compare", f"{base}/#/compare-runs?{compared}", "Parameters"),
        ("mlflow-registry", f"{base}/#/models/{store.name}?{ML}", "champion"),
    ]
    if drift:
        address = f"{base}/#/experiments/{store.experiment}/runs/{drift}/artifacts/index.html?{ML}"
        found.append(("mlflow-drift", address, "index.html"))
    note = root / ".work/prefect/server.json"
    if note.exists():
        api = json.loads(note.read_text())["api"]
        asked = Request(
            f"{api}/flow_runs/filter",
            b'{"sort": "END_TIME_DESC", "limit": 1, "flow_runs": {"state": {"name": {"any_": ["Completed"]}}}}',
            {"Content-Type": "application/json"},
        )
        (run,) = json.loads(urlopen(asked).read())
        base = api.removesuffix("/api")
        found.append(("prefect-run", f"{base}/runs/flow-run/{run['id']}", "evaluate"))
        found.append(("prefect-artifacts", f"{base}/artifacts", "rounds"))
        found.append(("prefect-schedule", f"{base}/deployments", "retrain"))
    return found


def prepare(page: Any, name: str) -> None:
    """What a reader would do, or need not see, on some of the pages."""
    if name == "mlflow-compare":  # the first metric is the number of clicks, which is equal
        page.get_by_text("effort/clicks").first.click()
        page.keyboard.type("test/mIoU")
        page.wait_for_timeout(1000)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
    if name == "mlflow-drift":  # a folder of this machine
        page.get_by_text("Path: file:").first.evaluate("element => element.parentElement.style.visibility = 'hidden'")


def shoot(browser: Any, address: str, text: str, file: Path) -> None:
    page = browser.new_page(viewport=SIZE)
    page.set_default_timeout(SLOW)
    page.goto(address, timeout=SLOW)
    page.get_by_text(text).first.wait_for(state="attached")
    for panel in page.get_by_label("Close", exact=True).all():  # MLflow's assistant covers a third of the page
        panel.click()
    page.wait_for_timeout(4000)  # what was fetched is drawn
    prepare(page, file.stem)
    page.wait_for_timeout(6000)  # charts move into place
    page.screenshot(path=file, timeout=SLOW)
    page.close()


def shoot_report(browser: Any, root: Path, file: Path) -> None:
    """The report of a finished run from its head to the first pictures of labels."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 900}, device_scale_factor=SCALE)
    page.goto((root / "data/report/index.html").as_uri())
    last = page.locator("img").nth(COLUMNS - 1).bounding_box()
    height = round(last["y"] + last["height"]) + 12
    page.screenshot(path=file, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    page.close()


def main() -> int:
    parser = ArgumentParser("python -m docs.screenshots", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures")
    parser.add_argument("--report", action="store_true", help="the report alone, for README.md")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these pictures alone, as mlflow-run")
    parser.add_argument("--make", action="store_true", help="make the runs that the pictures show, and take none")
    given = parser.parse_args()
    if given.make:
        demonstrate(given.workspace.resolve())
        return 0
    if given.report:
        with chromium() as browser:
            shoot_report(browser, given.workspace.resolve(), Path(__file__).parent / "report.png")
        return 0
    failed = []
    with chromium() as browser:
        for name, address, text in pages(given.workspace.resolve()):
            if given.only and name not in given.only:
                continue
            try:
                shoot(browser, address, text, given.out / f"{name}.png")
                print(given.out / f"{name}.png", flush=True)
            except Exception as trouble:  # a page that was not drawn must not cost the others
                failed.append(f"{name}: {str(trouble).splitlines()[0]}")
    print("\n".join(failed), file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
