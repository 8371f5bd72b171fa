#!/usr/bin/env python3
"""A connector in one file: holds nothing but a file, and does all that a connector owes."""
import json
import os
import signal
import sys
import time


def say(**line):
    print(json.dumps(line), flush=True)


# SIGTERM means: close in order. The pod waits for a while, and for no longer than the lease is trusted.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

with open(os.environ["CONNCENTRIC_SETTINGS"]) as file:
    settings = json.load(file)
# Goes along with everything that is written, so that the other side can refuse an older owner.
token = os.environ["CONNCENTRIC_FENCING_TOKEN"]
session = os.environ["CONNCENTRIC_SESSION"]

try:
    out = open(settings["file"], "a", buffering=1)
except OSError as error:
    say(status="ERROR", reason=f"cannot write {settings['file']}: {error.strerror}")
    sys.exit(1)

say(log={"level": "info", "category": "connection", "message": f"ticking under token {token}"})
say(status="ACTIVE")
while True:
    out.write(f"{session} {token} {time.time():.3f}\n")
    time.sleep(settings.get("every", 1))
