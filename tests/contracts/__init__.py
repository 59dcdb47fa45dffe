"""Contract tests: what connectors send and what simulators answer, held against the vendors' official documents.

They have no marker and no list: every exchange with a simulator of the test process is checked when the test ends. The
documents are in `$REVTOPS_SPECS`, else in `shared/specs` beside the repository. Where they are not, nothing is checked,
except under CI, where that is an error.

A connector's requests are checked strictly: an unknown path, query parameter or body key, a missing or mistyped one.
What other clients send is not: tests provoke refusals with it. Every reply is checked, whoever asked.

Reading a violation

    pipedrive GET /api/v2/deals: the query parameter 'updatedsince' is not in the document (pipedrive/v2.yaml: GET
    /api/v2/deals, query parameters)

vendor, request, what is wrong, and where the document says otherwise. To see an operation as the checks understand it:

    python -m tests.contracts pipedrive "GET /api/v2/deals"

Then change the connector (a request) or the simulator (a reply). If the document itself is wrong, and another authority
shows it, add a line to `overlays.py`; if it leaves a path out, to `uncovered.py`, with the client library that is the
authority instead. Every line has its reason.

A test that sends something wrong on purpose says so, and can look at what was found:

    with expected_violations() as found:
        ...
    assert "'nonsense'" in str(found[0])
"""

from tests.contracts.watching import expected_violations as expected_violations
