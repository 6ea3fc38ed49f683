"""What every answer must be, beside what schemathesis checks by itself; to import it is to have it checked."""

import json
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response

LONGEST_REFUSAL = 1024


@schemathesis.check
def fails_nowhere(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """No 5xx; but 501, with a reason, where the document says that nobody is answered otherwise."""
    if response.status_code == 501:
        documented = set(map(str, case.operation.definition.raw["responses"]))
        assert "501" in documented
        assert not any(told.startswith("2") for told in documented)
        assert json.loads(response.content)["error"]
    else:
        assert response.status_code < 500, response.text


@schemathesis.check
def says_why(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Every 4xx is JSON with a text under ``error``; under MLflow's paths with the keys of its own, too."""
    if 400 <= response.status_code < 500:
        told = json.loads(response.content)
        assert isinstance(told["error"], str)
        assert told["error"]
        assert len(response.content) <= LONGEST_REFUSAL
        media = "application/json"
        if "invocations" in case.operation.path:
            assert isinstance(told["error_code"], str)
            assert told["message"] == told["error"]
            media = "text/plain; charset=utf-8" if response.status_code == 415 else media
        assert response.headers["content-type"] == [media]
