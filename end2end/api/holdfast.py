#!/usr/bin/env python3
"""Backs a tenant up in every database and waits until the backups are proven: an example to copy from.

    HOLDFAST_URL=https://holdfast.example HOLDFAST_TOKEN_FILE=token ./holdfast.py 7 --label "before the migration"

Needs Python 3.9 and nothing else. The token is made under *Your profile, Tokens*, with the scopes StartBackup, ReadSources,
ReadBackups and VerifyBackup. It is read from a file, because a command line is seen by everybody on the machine.
"""
import argparse
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Problem(Exception):
    """What the server refused, in its own words (RFC 9457)."""

    def __init__(self, body):
        self.body = body
        super().__init__(f"{body['detail']} {body['hint']} (request {body['request_id']})")

    @property
    def kind(self):
        """The stable name, e.g. `urn:holdfast:problem:not_found`."""
        return self.body["type"]


class Holdfast:
    """One installation, seen by one token."""

    def __init__(self, url, token):
        self.url = url.rstrip("/")
        self.token = token

    def ask(self, method, path, body=None, query=None):
        """Sends a request; again if the server says that later may help. What begins something is done once, however
        often it is sent, because it carries the same key each time."""
        query = {name: value for name, value in (query or {}).items() if value is not None}
        target = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        for attempt in range(5):
            request = urllib.request.Request(target, data=data, headers=headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                problem = json.load(error)
                if problem["retry"] != "later" or attempt == 4:
                    raise Problem(problem) from None
                time.sleep(problem.get("retry_after_s") or 2**attempt)
            except urllib.error.URLError:
                if attempt == 4:
                    raise
                time.sleep(2**attempt)

    def pages(self, path, **query):
        """Every row of a list, page by page."""
        after = None
        while True:
            page = self.ask("GET", path, query={**query, "after": after})
            yield from page["rows"]
            after = page["next"]
            if after is None:
                return

    def wait(self, run_id):
        """The run, once it has ended."""
        while True:
            run = self.ask("GET", f"/api/v1/runs/{run_id}")["run"]
            if run["state"] in ("completed", "failed", "cancelled"):
                return run
            time.sleep(1)

    def prove(self, backup_id):
        """What is known about a backup once it was restored elsewhere and compared. Holdfast does that by itself as well:
        then its run is waited for."""
        while True:
            known = self.ask("GET", f"/api/v1/backups/{backup_id}")
            if known["backup"]["verification"] in ("restore_ok", "failed"):
                return known["backup"]["verification"]
            try:
                self.wait(known["active_run"] or self.ask("POST", f"/api/v1/backups/{backup_id}/verify")["run_id"])
            except Problem as problem:
                if problem.body["status"] != 409:
                    raise


def is_from_holdfast(secret, signature, body, now=None, tolerance_s=300):
    """Whether a notice that was posted to a webhook is genuine and new. `signature` is its header Holdfast-Signature."""
    parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
    sent = parts.get("t", "")
    expected = hmac.new(secret.encode(), sent.encode() + b"." + body, hashlib.sha256).hexdigest()
    is_new = sent.isdigit() and abs((now or time.time()) - int(sent)) <= tolerance_s
    return is_new and hmac.compare_digest(expected, parts.get("v1", ""))


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("tenant")
    asked.add_argument("--label")
    asked = asked.parse_args()
    with open(os.environ["HOLDFAST_TOKEN_FILE"], encoding="utf-8") as file:
        holdfast = Holdfast(os.environ["HOLDFAST_URL"], file.read().strip())
    begun = holdfast.ask("POST", "/api/backups/tenant/create", {"tenant": asked.tenant, "label": asked.label})
    for refused in begun["refused"]:
        print(f"{refused['database']}: not begun: {refused['detail']} {refused['hint']}", file=sys.stderr)
    is_well = not begun["refused"]
    for started in begun["runs"]:
        run = holdfast.wait(started["run_id"])
        if run["state"] != "completed":
            print(f"{started['database']}: {run['state']}: {(run['error'] or {}).get('message')}", file=sys.stderr)
            is_well = False
            continue
        backup = run["backup_id"]
        verification = holdfast.prove(backup)
        if verification != "restore_ok":
            print(f"{started['database']}: the proof of backup {backup} ended with {verification}", file=sys.stderr)
            is_well = False
            continue
        print(f"{started['database']}: backup {backup} is proven")
    held = list(holdfast.pages("/api/backups/tenant/list", tenant=asked.tenant))
    proven = sum(backup["verification"] == "restore_ok" for backup in held)
    print(f"tenant {asked.tenant} is held by {len(held)} backups, {proven} of them proven")
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        sys.exit(str(problem))
