"""What in-toto's own libraries make of an envelope: on standard input it, the key of its signer and a stranger's."""

import json
import sys
from base64 import b64decode, b64encode
from copy import deepcopy

import in_toto_attestation.v1.statement_pb2 as messages
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format
from in_toto.exceptions import SignatureVerificationError
from in_toto.models.metadata import Envelope
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from securesystemslib.signer import SSlibKey

given = json.load(sys.stdin)


def verifies(envelope, pem, keyid=None):
    key = SSlibKey.from_crypto(load_pem_public_key(pem.encode()), keyid=keyid)
    try:
        Envelope.from_dict(deepcopy(envelope)).verify_signature(key.to_dict() | {"keyid": key.keyid})
    except SignatureVerificationError:
        return False
    return True


def test_result(statement):
    """What the statement says as in-toto's own message of that type, its figures passed over; None for other types."""
    if statement.pb.predicate_type != "https://in-toto.io/attestation/test-result/v0.1":
        return None
    predicate = json_format.MessageToDict(statement.pb.predicate)
    read = json_format.ParseDict(predicate, TestResult(), ignore_unknown_fields=True)
    for described in read.configuration:
        ResourceDescriptor.copy_from_pb(described).validate()
    return {
        "result": read.result,
        "passed": [*read.passed_tests],
        "failed": [*read.failed_tests],
        "configuration": [described.name for described in read.configuration],
    }


envelope = given["envelope"]
payload = b64decode(envelope["payload"])
keyid = envelope["signatures"][0]["keyid"]
changed = envelope | {"payload": b64encode(payload + b" ").decode()}
statement = Statement.copy_from_pb(json_format.ParseDict(json.loads(payload), messages.Statement()))
statement.validate()
print(
    json.dumps(
        {
            "verified": verifies(envelope, given["key"], keyid),
            "changed": verifies(changed, given["key"], keyid),
            "by a stranger": verifies(envelope, given["stranger"], keyid),
            "test result": test_result(statement),
            "statement": json_format.MessageToDict(statement.pb),
        }
    )
)
