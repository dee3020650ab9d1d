"""Runs functions with their sample events by `sam local invoke`. See scripts/sam-invoke."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from aws import CREDENTIALS, REGION, Loader, MiniStack, deploy, package, replace_once, resources
from run import ROOT, architecture, furnish

# What the samples ask for is not there, unless an earlier one made it: a function that says so has answered as it should.
ANSWERS = {200, 201, 202, 204, 302, 400, 403, 404, 409}


def gateway() -> str:
    """This machine, as containers see it: an address that exists on this machine only."""
    shown = subprocess.run(["ip", "-json", "-4", "address", "show", "docker0"], capture_output=True, text=True)
    if shown.returncode != 0:
        raise SystemExit(f"Docker has no bridge here: {shown.stderr}")
    return json.loads(shown.stdout)[0]["addr_info"][0]["local"]


def functions(template):
    """Each function's logical id by its handler."""
    declared = yaml.load(template, Loader)["Resources"].items()
    return {
        resource["Properties"]["Handler"]: logical
        for logical, resource in declared
        if resource["Type"] == "AWS::Serverless::Function"
    }


def built(template: str, artifact: Path, work: Path, url: str) -> Path:
    """The template as `sam build` leaves it: every function's code is the folder with `bootstrap`. SAM overrides only the
    variables that a template declares, so it declares where the emulator is."""
    code = work / "code"
    code.mkdir(parents=True, exist_ok=True)
    bootstrap = code / "bootstrap"
    bootstrap.write_bytes(artifact.read_bytes())
    bootstrap.chmod(0o755)
    path = work / "template.yaml"
    code_uri = replace_once(template, "    CodeUri: functions\n", "    CodeUri: code\n")
    level = "        LOG_LEVEL: !Ref LogLevel\n"
    path.write_text(replace_once(code_uri, level, f"        AWS_ENDPOINT_URL: {url}\n{level}"))
    return path


def event(handler: str, key: str) -> bytes:
    """The function's sample, with a key that opens something."""
    sample = json.loads((ROOT / "events" / f"{handler}.json").read_text())
    headers = sample.get("headers", {})
    if headers.get("authorization", "").startswith("Bearer rd_"):
        headers["authorization"] = f"Bearer {key}"
    return json.dumps(sample).encode()


def judge(handler: str, answer) -> str | None:
    """What is wrong with an answer; nothing where it is as it should be."""
    if not isinstance(answer, dict):
        return "it is no object"
    if "errorType" in answer:
        return answer.get("errorMessage", "it failed")
    if "batchItemFailures" in answer:
        failed = answer["batchItemFailures"]
        return f"{len(failed)} messages failed" if failed else None
    if handler == "reconcile":
        return None if answer == {} else "it should be empty"
    status = answer.get("statusCode")
    return None if status in ANSWERS else f"status {status}: {answer.get('body')}"


def main():
    parser = argparse.ArgumentParser()
    for name in ["sam", "ministack", "artifact", "ringdown", "work"]:
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("handlers", nargs="*")
    arguments = parser.parse_args()
    template = (ROOT / "template.yaml").read_text()
    known = functions(template)
    arguments.work.mkdir(parents=True, exist_ok=True)
    failed = []
    with MiniStack(arguments.ministack, arguments.work, gateway()) as aws:
        archive = package(arguments.artifact, arguments.work)
        outputs = deploy(aws, arguments.sam, template, archive, {"Architecture": architecture()})
        path = built(template, arguments.artifact, arguments.work, aws.url)
        key = furnish(arguments, aws, outputs["TableName"], "dev")
        variables = environment(aws, outputs["TableName"])
        variables_file = arguments.work / "variables.json"
        variables_file.write_text(json.dumps({"Parameters": variables}))
        for handler in arguments.handlers or sorted(known):
            command = [arguments.sam, "local", "invoke", known[handler], "--template-file", path, "--event", "-"]
            command += ["--env-vars", variables_file, "--region", REGION]
            command += ["--parameter-overrides", f"Architecture={architecture()}"]
            command += ["--skip-pull-image"] if os.environ.get("SKIP_PULL") else []
            done = subprocess.run(
                command,
                input=event(handler, key),
                env={**os.environ, **CREDENTIALS, "SAM_CLI_TELEMETRY": "0"},
                capture_output=True,
                cwd=arguments.work,
            )
            wrong = told(handler, done)
            print(f"{'FAILED' if wrong else 'ok    '}  {handler}{': ' + wrong if wrong else ''}", flush=True)
            failed += [handler] if wrong else []
    print(f"{len(failed)} functions failed" if failed else "every function answered as it should")
    return 1 if failed else 0


def told(handler, done):
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    try:
        return judge(handler, json.loads(lines[-1]))
    except (IndexError, ValueError):
        return "no answer: " + done.stderr.decode(errors="replace").strip()[-400:]


def environment(aws, table):
    """What the functions are told, with the emulator's own names for what the template refers to."""
    found = resources(aws)
    queues = ["Dispatch", "Webhooks", "Turns", "Simulator", "Bulk"]
    urls = {f"{name.upper()}_QUEUE_URL": found[f"{name}Queue"]["PhysicalResourceId"] for name in queues}
    return {"TABLE_NAME": table, "AWS_ENDPOINT_URL": aws.url, "LOG_LEVEL": "INFO", "FAIR_QUEUES": "true", **urls}


if __name__ == "__main__":
    sys.exit(main())
