"""The emulated AWS: MiniStack as a process of its own, and template.yaml deployed to it by CloudFormation."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
import zipfile
from pathlib import Path

import botocore.config
import botocore.exceptions
import botocore.session
import yaml

REGION = "eu-central-1"
# What `sam deploy` is told on every machine.
SETTINGS = Path(__file__).resolve().parents[2] / "samconfig.toml"
STACK = re.search(r'^stack_name = "(.+)"$', SETTINGS.read_text(), re.MULTILINE)[1]
# Nobody checks them; the SDKs want some.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "emulated", "AWS_REGION": REGION}

# What a deployment never has: endpoints of clients on loopback, by plain http.
INSECURE = 'ALLOW_INSECURE_WEBHOOKS: "true"'


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as what stands behind them."""


def short_tag(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, True)
    return loader.construct_mapping(node, True)


Loader.add_multi_constructor("!", short_tag)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class MiniStack:
    """A running emulator. Leaving the context ends it, and every function that it runs."""

    def __init__(self, program, work: Path, host="127.0.0.1"):
        self.port = free_port()
        self.url = f"http://{host}:{self.port}"
        self.log = work / "ministack.log"
        work.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            **CREDENTIALS,
            "BIND_HOST": host,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "localhost",
            "MINISTACK_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "TMPDIR": str(work),
        }
        self.output = self.log.open("wb")
        # A session of its own, so that the functions it starts end with it.
        self.process = subprocess.Popen(
            [program], env=environment, cwd=work, stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True
        )

    def __enter__(self):
        try:
            until("the emulator answers", 60, self._answers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.output.close()

    def _answers(self):
        if self.process.poll() is not None:
            raise SystemExit(f"the emulator ended at once; see {self.log}")
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def client(self, service):
        session = botocore.session.get_session()
        session.set_credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
        config = botocore.config.Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=300)
        return session.create_client(service, region_name=REGION, endpoint_url=self.url, config=config)


def until(what, seconds, probe, every=0.2):
    """Looks until `probe` gives something, and gives that."""
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not after {seconds} s")
        time.sleep(every)


def package(executable: Path, work: Path) -> Path:
    """The zip that Lambda takes: the executable as `bootstrap`."""
    archive = work / "bootstrap.zip"
    entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr(entry, executable.read_bytes(), compresslevel=1)
    return archive


def built(template: str, url: str) -> str:
    """The template as `sam build` would leave it, and with the two settings that only an emulator needs."""
    replaced = replace_once(template, "    CodeUri: functions\n", "    CodeUri: bootstrap.zip\n")
    own = f"        AWS_ENDPOINT_URL: {url}\n        {INSECURE}\n        LOG_LEVEL: !Ref LogLevel\n"
    return replace_once(replaced, "        LOG_LEVEL: !Ref LogLevel\n", own)


def replace_once(text, old, new):
    if text.count(old) != 1:
        raise SystemExit(f"template.yaml holds {text.count(old)} times: {old!r}")
    return text.replace(old, new)


def deploy(aws: MiniStack, sam: Path, template: str, archive: Path, parameters: dict) -> dict:
    """Makes the stack by `sam deploy` with the settings of samconfig.toml, and fails if it asks anything. Gives the outputs."""
    path = archive.with_name("deployed.yaml")
    path.write_text(built(template, aws.url))
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    command = [sam, "deploy", "--config-file", SETTINGS, "--template-file", path, "--parameter-overrides", *overrides]
    environment = {**os.environ, **CREDENTIALS, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": aws.url, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"sam deploy: {done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    stack = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def resources(aws: MiniStack) -> dict:
    """Every resource of the stack: its physical id by its logical one."""
    found = {}
    paginator = aws.client("cloudformation").get_paginator("list_stack_resources")
    for page in paginator.paginate(StackName=STACK):
        for resource in page["StackResourceSummaries"]:
            found[resource["LogicalResourceId"]] = resource
    return found


def add_routes(aws: MiniStack, routes, found: dict) -> int:
    """The emulator does not take routes from an HTTP API's `Body`, where SAM puts them: they are made one by one, each
    with an integration of its function. Gives how many were missing."""
    apis, api = aws.client("apigatewayv2"), found["Api"]["PhysicalResourceId"]
    known = {route["RouteKey"] for route in apis.get_routes(ApiId=api)["Items"]}
    missing = 0
    for logical, method, path, alias in routes:
        if f"{method} {path}" in known:
            continue
        name = found[logical]["PhysicalResourceId"]
        arn = aws.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        integration = apis.create_integration(
            ApiId=api,
            IntegrationType="AWS_PROXY",
            IntegrationUri=f"{arn}:{alias}" if alias else arn,
            PayloadFormatVersion="2.0",
        )
        target = f"integrations/{integration['IntegrationId']}"
        apis.create_route(ApiId=api, RouteKey=f"{method} {path}", Target=target)
        missing += 1
    return missing
