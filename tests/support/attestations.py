"""What in-toto statements and SLSA provenance are, by the protocol buffers of in-toto's own package."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementFields

SLSA = "https://slsa.dev/provenance/v1"


def read_provenance(content: bytes) -> dict[str, Any]:
    """Parse a statement; raises where it has an unknown key, a value of another kind, or lacks what is required."""
    document: dict[str, Any] = json.loads(content)
    Statement.copy_from_pb(ParseDict(document, StatementFields())).validate()
    assert document["predicateType"] == SLSA
    predicate = ParseDict(document["predicate"], Provenance())
    definition, details = predicate.build_definition, predicate.run_details
    assert definition.build_type.startswith("https://")
    assert len(definition.external_parameters) > 0
    assert details.builder.id.startswith("https://")
    assert details.metadata.HasField("started_on")
    assert details.metadata.started_on.ToDatetime() <= details.metadata.finished_on.ToDatetime()
    for dependency in definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(dependency).validate()
    return document
