"""Messages to a webhook, of what people must know: a run failed, questions wait, a network or label set was promoted, the data has drifted.

The address stands in the environment (SEGMEND_WEBHOOK), since it mostly holds a secret: it is never logged, recorded or shown.
What is sent is JSON that Slack, Mattermost and Teams' workflows read: {"text": sentence, "event": ..., "workspace": ...}.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from flows.engine.runner import Outcome
from flows.environment import without_secrets

VARIABLE = "SEGMEND_WEBHOOK"
SENT = Path(".work/notified.json")  # of each event what was sent last: the same sentence is not sent every night
TIMEOUT = 10.0
TRIES = 2


def send(root: Path, event: str, sentence: str, warn: Callable[[str], None], again: bool = True) -> bool:
    """Post one sentence; whether it was sent. `again` False: not if it is the last one of its event. A webhook that fails is one warning."""
    address = os.environ.get(VARIABLE, "").strip()
    digest = sha256(sentence.encode()).hexdigest()
    sent = _sent(root)
    if not address or (not again and sent.get(event) == digest):
        return False
    body = {"text": f"Segmend, {root.name}: {without_secrets(sentence)}", "event": event, "workspace": root.name}
    trouble = _post(address, json.dumps(body).encode())
    if trouble:
        warn(f"The webhook ({VARIABLE}) did not take the message '{event}': {trouble}")
        return False
    (root / SENT).parent.mkdir(exist_ok=True)
    (root / SENT).write_text(json.dumps(sent | {event: digest}))
    return True


def outcomes(root: Path, found: Mapping[str, Outcome], warn: Callable[[str], None], failures: bool = True) -> None:
    """After the stages: what failed (`failures` False: another will say so), and what waits for people."""
    failed = [outcome for outcome in found.values() if outcome.what in ("Failed", "TimedOut")]
    waiting = [outcome for outcome in found.values() if outcome.what == "Waiting"]
    for event, those in (("failed", failed), ("waiting", waiting)):
        if those and (failures or event != "failed"):
            send(root, event, "; ".join(f"{o.stage}: {o.sentence or o.what}" for o in those), warn, event == "failed")


def _sent(root: Path) -> dict[str, str]:
    try:
        return dict(json.loads((root / SENT).read_text()))
    except (OSError, ValueError):
        return {}


def _post(address: str, body: bytes) -> str:
    """Why it failed, without the address; "" where it did not."""
    trouble = ""
    for _ in range(TRIES):
        try:
            asked = urllib.request.Request(address, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(asked, timeout=TIMEOUT):
                return ""
        except urllib.error.HTTPError as error:
            trouble = f"{_host(address)} answers {error.code}"
            if error.code < 500:
                return trouble
        except (OSError, HTTPException):
            trouble = f"{_host(address)} does not answer"
        except ValueError:
            return "it is no address that begins with https://"
    return trouble


def _host(address: str) -> str:
    return urlsplit(address).hostname or "it"
