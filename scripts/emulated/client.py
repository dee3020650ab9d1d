"""A client of the deployed API, and the endpoint that its webhooks come to."""

import base64
import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aws import until

# An event is late where it is later than this: the schedule comes round once a minute.
PATIENCE = 150


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def data(self, status):
        assert self.status == status, f"expected {status}, and got {self.status}: {self.body}"
        return self.body["data"]


class Api:
    """The API under its own name, as DNS would lead there."""

    def __init__(self, url, host, key=None):
        self.url, self.host, self.key = url, host, key

    def ask(self, method, path, body=None, **headers):
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_header("Host", self.host)
        if self.key:
            request.add_header("Authorization", f"Bearer {self.key}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        return self._send(request)

    def call_back(self, path, fields, **headers):
        """A form, as Twilio sends it."""
        request = urllib.request.Request(f"{self.url}{path}", method="POST", data=urllib.parse.urlencode(fields).encode())
        request.add_header("Host", self.host)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        return self._send(request)

    def _send(self, request):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return self._read(answer)
        except urllib.error.HTTPError as error:
            return self._read(error)

    @staticmethod
    def _read(answer):
        text = answer.read()
        try:
            body = json.loads(text) if text else None
        except ValueError:
            body = text.decode(errors="replace")
        return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)


class Receiver:
    """An endpoint. Every webhook's signature is checked by Standard Webhooks before it counts."""

    def __init__(self):
        self.secret = None
        self.received = []
        self.distrusted = []
        # So many of the next webhooks are not taken; their ids.
        self.refuses = 0
        self.refused = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                taken = receiver.take(self.headers, body)
                self.send_response(204 if taken else 503)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers, body):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        own = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if not any(hmac.compare_digest(own, other) for other in headers["webhook-signature"].split()):
            self.distrusted.append(headers["webhook-id"])
            return True
        if self.refuses > 0:
            self.refuses -= 1
            self.refused.append(headers["webhook-id"])
            return False
        event = json.loads(body)
        assert event["id"] == headers["webhook-id"] or event["id"] is None, "the header names another event"
        event["requestId"] = headers.get("x-request-id")
        self.received.append(event)
        return True

    def of(self, conversation):
        """A conversation's events, each once, in order."""
        events = {event["id"]: event for event in self.received if event["conversationId"] == conversation}
        return sorted(events.values(), key=lambda event: event["sequence"])

    def when(self, conversation, kind, count=1):
        """Waits for the event of this kind, and gives it."""

        def found():
            events = [event for event in self.of(conversation) if event["event"] == kind]
            return events[count - 1] if len(events) >= count else None

        try:
            return until(f"{kind} of {conversation}", PATIENCE, found)
        except AssertionError as error:
            seen = [event["event"] for event in self.of(conversation)]
            raise AssertionError(f"{error}; seen: {seen}, distrusted: {len(self.distrusted)}") from None

    def has_no_gap(self, conversation):
        sequence = [event["sequence"] for event in self.of(conversation)]
        assert sequence == list(range(1, len(sequence) + 1)), f"the sequence has a gap: {sequence}"
