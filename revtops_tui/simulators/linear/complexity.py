"""What a query costs by Linear's rules (developer page "Rate limiting", section on complexity).

A property costs 0.1, an object 1; a connection multiplies what is asked of its nodes by the page size, 50 where none
is given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_operation_ast,
    is_leaf_type,
)

from revtops_tui.simulators.linear.listing import DEFAULT_PAGE

_PROPERTY, _OBJECT = 0.1, 1.0
_PAGED = ("nodes", "edges")


def complexity(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], operation: str | None
) -> float:
    """The points that an operation of a valid document costs."""
    asked = get_operation_ast(document, operation)
    if not isinstance(asked, OperationDefinitionNode):
        return 0
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    root = schema.get_root_type(asked.operation)
    return math.ceil(_Cost(schema, fragments, variables).of(asked.selection_set, root, 1))


@dataclass
class _Cost:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def of(self, selections: SelectionSetNode, parent: Any, size: float) -> float:
        """The points of a selection; `size` is how many nodes a page of the connection around it has."""
        total = 0.0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                total += self._field(node, parent, size)
                continue
            spread: Any = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            condition = spread.type_condition
            kind = self.schema.type_map[condition.name.value] if condition else parent
            total += self.of(spread.selection_set, kind, size)
        return total

    def _field(self, node: FieldNode, parent: Any, size: float) -> float:
        definition = parent.fields.get(node.name.value)  # none for `__typename` and its like
        kind = get_named_type(definition.type) if definition else None
        if kind is None or is_leaf_type(kind) or node.selection_set is None:
            return _PROPERTY
        inside = self.of(node.selection_set, kind, self._size(node))
        return (_OBJECT + inside) * (size if node.name.value in _PAGED else 1)

    def _size(self, node: FieldNode) -> float:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                value = argument.value
                if isinstance(value, IntValueNode):
                    return int(value.value)
                given = self.variables.get(value.name.value) if isinstance(value, VariableNode) else None
                return given if isinstance(given, int) else DEFAULT_PAGE
        return DEFAULT_PAGE
