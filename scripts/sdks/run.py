"""Drives the vendors' own clients against our fakes, and their signers against the local stack. See scripts/official-sdks."""

import argparse
import base64
import collections
import http.server
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import nacl.signing
import telnyx
from retell import Retell
from retell.lib import webhook_auth
from telnyx.lib.webhook_verification import verify_webhook_signature
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

# The last one's calls go on until they are ended: tests/src/harness/fakes/served.rs.
OURS, THEIRS, STAYS = "+15555550100", "+15555550123", "+15555550124"
CONVERSATION = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
# What the fakes know us by: tests/src/harness/fakes.
TWILIO, RETELL_KEY, TELNYX_KEY = ("AC00000000000000000000000000000001", "the-auth-token"), "key_fake", "KEY_fake"
PUBLIC_URL = "https://ringdown.example.com"
ROUNDS = 100


class Callbacks(http.server.BaseHTTPRequestHandler):
    """Takes what the fakes call back with."""

    taken: list = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.taken.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def clients_against_fakes(executable: str) -> collections.Counter:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Callbacks)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    # Several tests share the executable: exactly this one, which is ignored otherwise.
    arguments = ["--ignored", "--exact", "fakes::served::serves_the_vendors_own_clients", "--nocapture"]
    fakes = subprocess.Popen([executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = next(line for line in fakes.stdout if "{" in line)
        urls = json.loads(line[line.index("{") :])
        through_twilio(urls["twilio"], here)
        through_retell(urls["retell"], here)
        through_telnyx(urls["telnyx"], here)
        seen = heard(here, {"twilio": 5, "retell": 3, "telnyx": 5})
    finally:
        fakes.stdin.close()
        said = fakes.stdout.read()
        if fakes.wait() != 0:
            sys.exit(f"the fakes were asked for what no vendor documents:\n{said}")
    return seen


def through_twilio(url: str, here: str) -> None:
    class Redirected(TwilioHttpClient):
        def request(self, method, to, *arguments, **named):
            return super().request(method, to.replace("https://api.twilio.com", url), *arguments, **named)

    client = Client(*TWILIO, http_client=Redirected())
    calls = f"{here}/inbound/twilio/acme/calls/{CONVERSATION}"

    def create(to: str, attempt: int):
        return client.calls.create(
            to=to, from_=OURS, url=f"{calls}/{attempt}/answer", status_callback=f"{calls}/{attempt}/status", timeout=45,
            time_limit=1800, status_callback_event=["initiated", "ringing", "answered", "completed"],
        )  # fmt: skip

    call = create(THEIRS, 1)
    assert client.calls(call.sid).fetch().to == THEIRS
    assert [found.sid for found in client.calls.list(to=THEIRS, from_=OURS, limit=5)] == [call.sid]
    assert client.calls(create(STAYS, 2).sid).update(status="completed").status == "completed"
    status = f"{here}/inbound/twilio/acme/messages/{CONVERSATION}/1/status"
    text = client.messages.create(to=THEIRS, from_=OURS, body="Hello", status_callback=status)
    assert [found.sid for found in client.messages.list(to=THEIRS, limit=5)] == [text.sid]


def through_retell(url: str, here: str) -> None:
    client = Retell(api_key=RETELL_KEY, base_url=url, max_retries=0)
    agent = {
        "webhook_url": f"{here}/inbound/retell/acme/calls/{CONVERSATION}/1/events",
        "webhook_events": ["call_started", "call_ended", "call_analyzed"],
        "ring_duration_ms": 45_000,
        "max_call_duration_ms": 1_800_000,
    }
    call = client.call.create_phone_call(
        from_number=OURS, to_number=THEIRS, override_agent_id="agent_1", agent_override={"agent": agent},
        metadata={"ringdown_attempt": "x"}, retell_llm_dynamic_variables={"name": "Ada"},
    )  # fmt: skip
    assert client.call.retrieve(call.call_id).call_id == call.call_id
    called = {"type": "string", "op": "eq", "value": THEIRS}
    assert [found.call_id for found in client.call.list(filter_criteria={"to_number": called}).items] == [call.call_id]
    # What the adapter sends for a chat: no more and no less.
    chat = client.chat.create_sms_chat(
        from_number=OURS, to_number=THEIRS, override_agent_id="agent_2",
        metadata={"ringdown_attempt": f"{CONVERSATION}-1"}, retell_llm_dynamic_variables={"welcome_message": "Hello"},
    )  # fmt: skip
    assert (chat.chat_type, chat.chat_status) == ("sms_chat", "ongoing"), chat
    [opening] = client.chat.retrieve(chat.chat_id).message_with_tool_calls
    assert (opening.role, opening.content) == ("agent", "Hello"), opening
    between = {
        "agent_number": {"type": "string", "op": "eq", "value": OURS},
        "user_number": {"type": "string", "op": "eq", "value": THEIRS},
    }
    found = client.chat.list(filter_criteria=between, limit=50, sort_order="descending").items
    assert [chat.chat_id for chat in found] == [chat.chat_id]
    client.chat.end(chat.chat_id)
    assert client.chat.retrieve(chat.chat_id).chat_status == "ended"


def through_telnyx(url: str, here: str) -> None:
    client = telnyx.Telnyx(api_key=TELNYX_KEY, base_url=f"{url}/v2", max_retries=0)

    def dial(to: str, attempt: int) -> str:
        return client.calls.dial(
            connection_id="connection_1", from_=OURS, to=to, command_id=f"{CONVERSATION}-{attempt}",
            client_state="eA==", timeout_secs=45, time_limit_secs=1800, webhook_url_method="POST",
            webhook_url=f"{here}/inbound/telnyx/acme/calls/{CONVERSATION}/{attempt}/events",
            conversation_relay_config={"url": "wss://relay.example.com/"},
        ).data.call_control_id  # fmt: skip

    call = dial(THEIRS, 1)
    assert client.calls.retrieve_status(call).data.call_control_id == call
    assert client.calls.actions.hangup(dial(STAYS, 2), command_id="hang-up").data.result == "ok"
    url = f"{PUBLIC_URL}/inbound/telnyx/acme/messages/{CONVERSATION}/1/status"
    text = client.messages.send(
        from_=OURS, to=THEIRS, text="Hello", type="SMS", webhook_url=url, use_profile_webhooks=False
    )
    assert text.data.id and text.data.to[0].status == "queued", text


def heard(here: str, expected: dict) -> collections.Counter:
    """Waits for so many callbacks of each, and holds them against the vendors' own verifiers and types."""
    # What is told of the calls that nobody hung up: of the others, how much was told before is chance.
    of = lambda vendor: [one for one in Callbacks.taken if f"/{vendor}/" in one[0] and f"/{CONVERSATION}/1/" in one[0]]
    for _ in range(300):
        if all(len(of(vendor)) >= count for vendor, count in expected.items()):
            break
        time.sleep(0.1)
    seen = collections.Counter()
    validator = RequestValidator(TWILIO[1])
    for path, headers, body in of("twilio"):
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        assert validator.validate(here + path, form, headers["x-twilio-signature"]), path
        seen["callbacks of Twilio's fake"] += 1
    for path, headers, body in of("retell"):
        assert Retell(api_key=RETELL_KEY).verify(body, RETELL_KEY, headers["x-retell-signature"]), path
        seen["callbacks of Retell's fake"] += 1
    for _, _, body in of("telnyx"):
        event = telnyx.Telnyx(api_key=TELNYX_KEY).webhooks.unsafe_unwrap(body)
        type(event).model_validate(json.loads(body))
        seen[f"callbacks of Telnyx's fake as {type(event).__name__}"] += 1
    missing = {vendor: count for vendor, count in expected.items() if len(of(vendor)) < count}
    assert not missing, f"too few callbacks: {missing}"
    return seen


def signers_against_us(executable: str) -> collections.Counter:
    key = nacl.signing.SigningKey.generate()
    public_key = base64.b64encode(bytes(key.verify_key)).decode()
    secrets = {
        "providers/twilio": {"accountSid": TWILIO[0], "authToken": TWILIO[1]},
        "providers/retell": {"apiKey": RETELL_KEY},
        "providers/telnyx": {"apiKey": TELNYX_KEY, "publicKey": public_key, "connectionId": "connection_1"},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "secrets.json")
        path.write_text(json.dumps(secrets))
        arguments = ["--memory", "--port", "0", "--json", "--secrets", path, "--public-url", PUBLIC_URL]
        local = subprocess.Popen([executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            told = json.loads(local.stdout.readline())
            return signed(told["url"], told["organization"], key, public_key)
        finally:
            local.terminate()
            local.wait()


def signed(base: str, organization: str, key: nacl.signing.SigningKey, public_key: str) -> collections.Counter:
    def status(path: str, body: str, headers: dict) -> int:
        request = urllib.request.Request(base + path, data=body.encode(), headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def judged(vendor: str, path: str, body: str, right: dict, wrong: list) -> None:
        assert status(path, body, right) != 403, f"{vendor}: refused {body}"
        for headers in wrong:
            assert status(path, body, headers) == 403, f"{vendor}: let in {body}"
        seen[f"requests signed as {vendor} signs, and {len(wrong)} forgeries of each"] += 1

    seen = collections.Counter()
    validator = RequestValidator(TWILIO[1])
    retell = webhook_auth.make_secure_webhooks(webhook_auth.symmetric_get_signer, webhook_auth.symmetric_get_verifier)
    chance = random.Random(1)
    words = lambda most: "".join(chance.choice("aZ09 +&=%/?äß漢😀\"\\") for _ in range(chance.randrange(most)))
    calls = f"calls/{CONVERSATION}/1"
    for _ in range(ROUNDS):
        path = f"/inbound/twilio/{organization}/" + chance.choice(["messages", f"{calls}/status"])
        form = {"CallSid": "CA1", "CallStatus": "ringing", "MessageSid": uuid.uuid4().hex, "From": THEIRS, "To": OURS}
        form |= {"Body": words(40)} | {f"X{words(6)}": words(12) for _ in range(chance.randrange(4))}
        by = lambda url: {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": validator.compute_signature(url + path, form),
        }
        judged("Twilio", path, urllib.parse.urlencode(form), by(PUBLIC_URL), [by("https://elsewhere.example.com")])
        body = json.dumps({"event": "call_started", "call": {"call_id": words(9)}}, ensure_ascii=chance.random() < 0.5)
        by = lambda secret, at=None: {"x-retell-signature": retell["sign"](body, secret, at)}
        old = int(time.time() * 1_000) - 301_000
        wrong = [by("another"), by(RETELL_KEY, old)]
        judged("Retell", f"/inbound/retell/{organization}/{calls}/events", body, by(RETELL_KEY), wrong)
        body = json.dumps({"data": {"event_type": "call.answered", "id": words(9), "payload": {}}})
        at = str(int(time.time()))
        by = lambda text: {
            "telnyx-signature-ed25519": base64.b64encode(key.sign(f"{at}|{text}".encode()).signature).decode(),
            "telnyx-timestamp": at,
        }
        verify_webhook_signature(body, by(body), public_key)
        judged("Telnyx", f"/inbound/telnyx/{organization}/{calls}/events", body, by(body), [by(body + " ")])
    return seen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fakes", required=True)
    parser.add_argument("--local", required=True)
    arguments = parser.parse_args()
    for what, count in (clients_against_fakes(arguments.fakes) + signers_against_us(arguments.local)).items():
        print(f"{count:4} {what}")
    print("everything held")


if __name__ == "__main__":
    main()
