"""What a deployment has to do, end to end, as a client and an operator see it."""

import base64
import hashlib
import hmac
import json
import time

import yaml

from aws import STACK, Loader, until
from client import PATIENCE

EVENTS = [
    "call.started",
    "call.ended",
    "call.analyzed",
    "sms.message_sent",
    "sms.message_received",
    "sms.message_delivery_updated",
    "sms.conversation_closed",
    "contact.opt_out",
]

# The simulator's scripts, by the last digits of the called number.
COMPLETES, STAYS, ANSWERS_ONCE, SAYS_STOP = "+15555550123", "+15555550011", "+15555550102", "+15555550103"
OURS = "+15555550110"


def call(to, **more):
    return {"agentSlug": "voice", "toNumber": to, "metadata": {"order": 4711}, **more}


class Scenarios:
    """`ringdown` runs the operator's command: it gives what that says, and whether it found nothing wrong."""

    def __init__(self, aws, api, receiver, found, ringdown):
        self.aws, self.api, self.receiver, self.found, self.ringdown = aws, api, receiver, found, ringdown

    def all(self):
        return [
            self.nobody_is_let_in_without_a_key,
            self.an_endpoint_is_registered,
            self.a_callback_is_let_in_by_its_signature,
            self.every_alarm_is_told_to_somebody,
            self.a_call_goes_to_its_analysis,
            self.a_retry_is_the_same_call,
            self.a_live_call_is_closed_and_hung_up,
            self.a_webhook_that_is_not_taken_comes_again,
            self.an_sms_conversation_is_held,
            self.a_customer_opts_out,
            self.every_dialect_places_a_call,
            self.a_bulk_request_is_accepted_item_by_item,
            self.a_lost_message_is_noticed_by_the_doctor_and_made_up_for_by_the_reconciler,
            self.a_dead_letter_is_listed,
            self.everything_can_be_read,
            self.nothing_is_left_over,
            self.the_stack_goes_and_would_leave_the_table,
        ]

    def nobody_is_let_in_without_a_key(self):
        for key in [None, "rd_test_nonsense"]:
            answer = type(self.api)(self.api.url, self.api.host, key).ask("POST", "/v1/calls", call(COMPLETES))
            assert (answer.status, answer.body["error"]["code"]) == (401, "unauthorized"), answer.body
        assert self.api.ask("GET", "/v1/openapi.json").body["openapi"].startswith("3.")

    def an_endpoint_is_registered(self):
        body = {"url": self.receiver.url, "events": EVENTS}
        self.receiver.secret = self.api.ask("POST", "/v1/webhooks", body).data(201)["secret"]

    def a_callback_is_let_in_by_its_signature(self):
        account = {"accountSid": "AC00000000000000000000000000000001", "authToken": "the-auth-token"}
        ssm = self.aws.client("ssm")
        ssm.put_parameter(Name="/ringdown/providers/twilio", Type="SecureString", Value=json.dumps(account))
        public_url = ssm.get_parameter(Name="/ringdown/public-url")["Parameter"]["Value"]
        path, fields = "/inbound/twilio/acme/messages", {"MessageSid": "SM1", "From": COMPLETES, "To": OURS, "Body": "Hello?"}
        signed = public_url + path + "".join(name + fields[name] for name in sorted(fields))
        signature = base64.b64encode(hmac.new(b"the-auth-token", signed.encode(), hashlib.sha1).digest()).decode()
        taken = self.api.call_back(path, fields, X_Twilio_Signature=signature)
        assert taken.status == 200 and "<Response/>" in taken.body, (taken.status, taken.body)
        forged = self.api.call_back(path, {**fields, "Body": "Bye"}, X_Twilio_Signature=signature)
        assert forged.status == 403, (forged.status, forged.body)

    def every_alarm_is_told_to_somebody(self):
        alarms = self.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        declared = [name for name, one in self.found.items() if one["ResourceType"] == "AWS::CloudWatch::Alarm"]
        assert len(alarms) == len(declared) > 0, f"{len(alarms)} alarms of {len(declared)}"
        topic = self.found["AlarmTopic"]["PhysicalResourceId"]
        for alarm in alarms:
            assert alarm["AlarmActions"] == [topic], alarm

    def a_call_goes_to_its_analysis(self):
        answer = self.api.ask("POST", "/v1/calls", call(COMPLETES), Idempotency_Key="first")
        accepted = answer.data(202)
        id, request_id = accepted["conversationId"], answer.body["meta"]["request_id"]
        assert accepted["status"] == "queued", accepted
        ended = self.receiver.when(id, "call.ended")
        assert ended["data"]["endReason"] == "completed" and ended["data"]["transcript"], ended
        analyzed = self.receiver.when(id, "call.analyzed")
        assert analyzed["metadata"] == {"order": 4711} and analyzed["mode"] == "test", analyzed
        assert [event["event"] for event in self.receiver.of(id)] == ["call.started", "call.ended", "call.analyzed"]
        self.receiver.has_no_gap(id)
        for event in self.receiver.of(id):
            assert event["requestId"] == request_id, f"{event['requestId']} instead of {request_id}"
        shown = self.api.ask("GET", f"/v1/calls/{id}").data(200)
        assert (shown["status"], shown["endReason"]) == ("ended", "completed"), shown

    def a_retry_is_the_same_call(self):
        first = self.api.ask("POST", "/v1/calls", call(COMPLETES), Idempotency_Key="first")
        assert first.headers.get("idempotent-replayed") == "true", first.headers
        assert first.data(202)["status"] == "ended"
        other = self.api.ask("POST", "/v1/calls", call("+15555550124"), Idempotency_Key="first")
        assert (other.status, other.body["error"]["code"]) == (422, "idempotency_key_reused"), other.body

    def a_live_call_is_closed_and_hung_up(self):
        id = self.api.ask("POST", "/v1/calls", call(STAYS), Idempotency_Key="stays").data(202)["conversationId"]
        self.receiver.when(id, "call.started")
        for already in [False, True]:
            closed = self.api.ask("POST", f"/v1/calls/{id}/close", {"reason": "changed_our_mind"}).data(200)
            assert (closed["status"], closed["alreadyClosed"]) == ("ended", already), closed
        assert self.receiver.when(id, "call.ended")["data"]["endReason"] == "changed_our_mind"
        self.receiver.has_no_gap(id)

    def a_webhook_that_is_not_taken_comes_again(self):
        self.receiver.refuses = 1
        id = self.api.ask("POST", "/v1/calls", call("+15555550125"), Idempotency_Key="again").data(202)["conversationId"]
        self.receiver.when(id, "call.analyzed")
        self.receiver.has_no_gap(id)
        # It may have been the last one of an earlier call. It comes again under the same id, five seconds later.
        [refused] = self.receiver.refused
        until("it comes again", PATIENCE, lambda: refused in [event["id"] for event in self.receiver.received])

    def an_sms_conversation_is_held(self):
        id = self._opens(ANSWERS_ONCE, "texts")
        received = self.receiver.when(id, "sms.message_received")
        assert received["data"]["direction"] == "inbound", received
        # The opening text, and the agent's answer.
        self.receiver.when(id, "sms.message_sent", 2)
        self.receiver.when(id, "sms.message_delivery_updated", 2)
        written = self.api.ask("POST", f"/v1/sms-conversations/{id}/messages", {"content": "A person here."})
        assert written.status == 201, written.body
        self.receiver.when(id, "sms.message_sent", 3)
        assert self.api.ask("POST", f"/v1/sms-conversations/{id}/handback", {}).status == 200
        closed = self.api.ask("POST", f"/v1/sms-conversations/{id}/close", {}).data(200)
        assert closed["endReason"] == "admin_closed", closed
        self.receiver.when(id, "sms.conversation_closed")
        self.receiver.has_no_gap(id)

    def a_customer_opts_out(self):
        id = self._opens(SAYS_STOP, "stops")
        assert self.receiver.when(id, "contact.opt_out")["data"]["phoneNumber"] == SAYS_STOP
        assert self.receiver.when(id, "sms.conversation_closed")["data"]["endReason"] == "opted_out"
        refused = self.api.ask("POST", "/v1/calls", call(SAYS_STOP), Idempotency_Key="stopped")
        assert (refused.status, refused.body["error"]["code"]) == (403, "do_not_call"), refused.body

    def _opens(self, to, key):
        body = {"agentSlug": "texts", "toNumber": to, "fromNumber": OURS, "welcomeMessage": "Hello!"}
        opened = self.api.ask("POST", "/v1/sms-conversations", body, Idempotency_Key=key).data(201)
        assert opened["status"] == "in_progress" and opened["providerMessageId"], opened
        return opened["conversationId"]

    def every_dialect_places_a_call(self):
        voice = next(agent for agent in self.api.ask("GET", "/v1/agents").data(200) if agent["slug"] == "voice")
        klen = self.api.ask("POST", "/api/v1/calls", {"phone_number": "+15555550131", "agent_id": "voice"})
        assert klen.status == 200 and isinstance(klen.body["id"], int), klen.body
        body = {"from_number": "+15555550100", "to_number": "+15555550132"}
        verbex = self.api.ask("POST", "/v1/calls/dial-outbound-phone-call", body)
        assert verbex.status == 201 and len(verbex.body["_id"]) == 24, verbex.body
        body = {"numberToCall": "+15555550133", "aiSettingsTemplateId": voice["id"]}
        levers = self.api.ask("POST", "/ai/phone-calls/action/call", body)
        assert levers.status == 201, levers.body
        for number in ["+15555550131", "+15555550132", "+15555550133"]:
            self._is_called(number)

    def a_bulk_request_is_accepted_item_by_item(self):
        voice = next(agent for agent in self.api.ask("GET", "/v1/agents").data(200) if agent["slug"] == "voice")
        # More than are decided within the request: the rest goes through its queue.
        numbers = [f"+1555556{number:04}" for number in range(200, 302)]
        body = {
            "contacts": [{"numberToCall": number} for number in numbers],
            "aiSettingsTemplateId": voice["id"],
        }
        answer = self.api.ask("POST", "/ai/phone-calls/action/call-bulk", body, Idempotency_Key="bulk")
        assert answer.status == 201, answer.body
        for number in [numbers[0], numbers[-1]]:
            self._is_called(number)

    def _is_called(self, number):
        def ended():
            # A page is filtered after it was read: the call may stand on a later one.
            cursor = ""
            while cursor is not None:
                answer = self.api.ask("GET", f"/v1/calls?limit=100&toNumber=%2B{number[1:]}{cursor}")
                calls, page = answer.data(200), answer.body["meta"]["pagination"]
                if calls:
                    return calls[0]["status"] == "ended"
                cursor = f"&cursor={page['cursor']}" if page["has_more"] else None
            return False

        until(f"the call to {number} has ended", PATIENCE, ended, every=1)

    def a_lost_message_is_noticed_by_the_doctor_and_made_up_for_by_the_reconciler(self):
        assert self._doctor() == {"table": "ok", "index list": "ok", "index due": "ok", "oldest overdue": "ok"}
        functions, sqs, rules = self.aws.client("lambda"), self.aws.client("sqs"), self.aws.client("events")
        rule = self.found["ReconcileFunctionEveryMinute"]["PhysicalResourceId"]
        rules.disable_rule(Name=rule)
        queue = self.found["DispatchQueue"]["PhysicalResourceId"]
        dispatch = self.found["DispatchCallFunction"]["PhysicalResourceId"]
        [source] = [
            source
            for source in functions.list_event_source_mappings()["EventSourceMappings"]
            if f":{dispatch}" in source["FunctionArn"]
        ]
        functions.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
        time.sleep(2)
        id = self.api.ask("POST", "/v1/calls", call("+15555550140"), Idempotency_Key="lost").data(202)["conversationId"]
        sqs.purge_queue(QueueUrl=queue)
        functions.update_event_source_mapping(UUID=source["UUID"], Enabled=True)
        # It is overdue from 30 seconds after it was accepted. Nobody wants to wait for the minutes after which that is wrong.
        self._waits(id, minutes=10)
        assert self._doctor()["oldest overdue"] == "BAD"
        rules.enable_rule(Name=rule)
        # Nobody asks for it: the schedule finds the call.
        assert self.receiver.when(id, "call.ended")["data"]["endReason"] == "completed"
        assert self._doctor()["oldest overdue"] == "ok"

    def _doctor(self):
        rows, is_well = self.ringdown("doctor")
        results = {row["check"]: row["result"] for row in rows}
        assert is_well == ("BAD" not in results.values()), rows
        return results

    def _waits(self, id, minutes):
        """Puts what a call is due for back in time, as if it had not been looked at for so long."""
        at = str(int(time.time() * 1000) - minutes * 60_000)
        self.aws.client("dynamodb").update_item(
            TableName=self.found["Table"]["PhysicalResourceId"],
            Key={"pk": {"S": f"conversation#{id}"}, "sk": {"S": "call"}},
            UpdateExpression="SET dueAt = :at, wakeAt = :at",
            ConditionExpression="attribute_exists(dueAt)",
            ExpressionAttributeValues={":at": {"N": at}},
        )

    def a_dead_letter_is_listed(self):
        """The emulator has no StartMessageMoveTask: redriving is left to AWS."""
        sqs = self.aws.client("sqs")
        letters = self.found["DispatchDeadLetters"]["PhysicalResourceId"]

        def waiting():
            rows, _ = self.ringdown("queue", "dlq", "list", "--stack", STACK)
            assert len(rows) == 5, rows
            return {row["queue"]: row["messages"] for row in rows}[letters.rsplit("/", 1)[-1]]

        assert waiting() == 0
        sqs.send_message(QueueUrl=letters, MessageBody="{}")
        assert waiting() == 1
        sqs.purge_queue(QueueUrl=letters)

    def everything_can_be_read(self):
        for path in ["calls", "sms-conversations", "webhooks", "api-keys", "agents", "audit", "contacts", "do-not-call"]:
            assert isinstance(self.api.ask("GET", f"/v1/{path}").data(200), list), path

    def nothing_is_left_over(self):
        sqs = self.aws.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        for logical, resource in self.found.items():
            if resource["ResourceType"] != "AWS::SQS::Queue":
                continue

            def empty(url=resource["PhysicalResourceId"]):
                counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
                return all(count == "0" for count in counts.values())

            until(f"{logical} is empty", 0 if logical.endswith("DeadLetters") else PATIENCE, empty)
        assert not self.receiver.distrusted, f"webhooks with a wrong signature: {self.receiver.distrusted}"
        print(f"    {len(self.receiver.received)} webhooks, each with a signature that holds: ", end="")
        kinds = {}
        for event in self.receiver.received:
            kinds[event["event"]] = kinds.get(event["event"], 0) + 1
        print(json.dumps(kinds))

    def the_stack_goes_and_would_leave_the_table(self):
        """The emulator knows no DeletionPolicy and deletes everything: what CloudFormation would go by is looked at instead."""
        cloudformation, functions = self.aws.client("cloudformation"), self.aws.client("lambda")
        declared = yaml.load(cloudformation.get_template(StackName=STACK)["TemplateBody"], Loader)["Resources"]
        kept = {name for name, one in declared.items() if one.get("DeletionPolicy", "Delete") != "Delete"}
        assert kept == {"Table"} and declared["Table"]["UpdateReplacePolicy"] == "Retain", kept
        cloudformation.delete_stack(StackName=STACK)
        until("the functions are gone", PATIENCE, lambda: not functions.list_functions()["Functions"], every=1)
        assert not self.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        assert not self.aws.client("sqs").list_queues().get("QueueUrls")
