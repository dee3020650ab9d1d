"""Deploys template.yaml to an emulated AWS, and runs the scenarios against it. See scripts/emulated-deploy."""

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import yaml

from aws import CREDENTIALS, Loader, MiniStack, add_routes, deploy, package, resources
from client import Api, Receiver
from scenarios import Scenarios

ROOT = Path(__file__).resolve().parents[2]

AGENTS = """
- {slug: voice, name: Voice, channel: voice, number: "+15555550100", externalId: voice}
- slug: texts
  name: Texts
  channel: sms
  sms: {kind: managed, prompt: You answer for a dealership., maxToolCalls: 3, gatheringMs: 1000, inactivitySeconds: 3600}
"""


def routes(template: str):
    """Every route: its function, method, path, and the alias behind which the function stands, if any."""
    for logical, resource in yaml.load(template, Loader)["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                route = event["Properties"]
                yield logical, route["Method"], route["Path"], properties.get("AutoPublishAlias")


def architecture():
    """This machine's processor, as Lambda names it."""
    return "arm64" if os.uname().machine == "aarch64" else "x86_64"


def ringdown(arguments, aws, table, *command):
    said, is_well = told_by_ringdown(arguments, aws, table, *command)
    if not is_well:
        raise SystemExit(f"ringdown {' '.join(command)}: {said}")
    return said


def told_by_ringdown(arguments, aws, table, *command):
    """What the operator's command says, and whether it is content."""
    environment = {**os.environ, **CREDENTIALS}
    target = ["--table", table, "--endpoint-url", aws.url, "--json", "--yes"]
    done = subprocess.run([arguments.ringdown, *target, *command], env=environment, capture_output=True, text=True)
    try:
        return json.loads(done.stdout), done.returncode == 0
    except ValueError:
        raise SystemExit(f"ringdown {' '.join(command)}: {done.stdout}{done.stderr}") from None


def furnish(arguments, aws, table, organization="acme"):
    """An organization, its agents and its key, by the operator's own command."""
    ringdown(arguments, aws, table, "org", "create", organization)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(AGENTS)
        file.flush()
        ringdown(arguments, aws, table, "agent", "import", "--org", organization, "--mode", "test", file.name)
    key = ["key", "create", "--org", organization, "--mode", "test", "--name", "end to end"]
    return ringdown(arguments, aws, table, *key)[0]["key"]


def main():
    parser = argparse.ArgumentParser()
    for name in ["sam", "ministack", "artifact", "ringdown", "work"]:
        parser.add_argument(f"--{name}", required=True, type=Path)
    arguments = parser.parse_args()
    template = (ROOT / "template.yaml").read_text()
    started = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - started:6.1f} s  {text}", flush=True)

    arguments.work.mkdir(parents=True, exist_ok=True)
    archive = package(arguments.artifact, arguments.work)
    say(f"packed {archive.stat().st_size / 1e6:.1f} MB")
    with MiniStack(arguments.ministack, arguments.work) as aws:
        say(f"MiniStack answers at {aws.url}; its log is {aws.log}")
        outputs = deploy(aws, arguments.sam, template, archive, {"Architecture": architecture()})
        found = resources(aws)
        say(f"sam deploy made {len(found)} resources and asked nothing")
        missing = add_routes(aws, routes(template), found)
        say(f"added {missing} routes that the emulator had not taken from the API's body")
        key = furnish(arguments, aws, outputs["TableName"])
        host = f"{found['Api']['PhysicalResourceId']}.execute-api.localhost"
        operator = functools.partial(told_by_ringdown, arguments, aws, outputs["TableName"])
        failed = []
        for scenario in Scenarios(aws, Api(aws.url, host, key), Receiver(), found, operator).all():
            name = scenario.__name__.replace("_", " ")
            try:
                scenario()
                say(f"ok      {name}")
            except Exception:
                failed.append(name)
                say(f"FAILED  {name}\n{traceback.format_exc()}")
    say("everything held" if not failed else f"{len(failed)} scenarios failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
