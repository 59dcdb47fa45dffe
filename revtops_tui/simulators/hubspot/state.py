"""One simulated account while it runs, and how its objects look from outside."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping
from typing import Any

from revtops_tui.simulators.hubspot.associations import Associations, AssociationType, Links, association_types
from revtops_tui.simulators.hubspot.bodies import as_id, as_object, as_objects
from revtops_tui.simulators.hubspot.errors import HubSpotError, bad_request, invalid_properties, not_found
from revtops_tui.simulators.hubspot.schema import OBJECT_TYPES, PIPELINES, ObjectType, Property, object_type_name
from revtops_tui.simulators.hubspot.search import Searcher
from revtops_tui.simulators.hubspot.seeded import Account, Properties
from revtops_tui.simulators.hubspot.store import CrmObject, ObjectStore
from revtops_tui.simulators.hubspot.values import to_stored
from revtops_tui.simulators.seeding import iso_utc
from revtops_tui.simulators.story import Story


class State:
    """What a simulated account holds. Everything raises HubSpotError for what HubSpot would refuse."""

    def __init__(self, story: Story) -> None:
        self.account = Account(story)
        types = [dataclasses.replace(t, properties=dict(t.properties)) for t in OBJECT_TYPES.values()]
        self.stores = {t.name: ObjectStore(t, self.account.objects[t.name]) for t in types}
        self.searchers = {name: Searcher(store) for name, store in self.stores.items()}
        self.associations = Associations(self.account, lambda name, object_id: self.stores[name].is_live(object_id))
        self._owners = frozenset(str(owner) for owner in self.account.owners)

    def store(self, name: str) -> ObjectStore:
        """The objects of one type, by any of its names."""
        known = object_type_name(name)
        if known is None:
            raise bad_request(f"Unable to infer object type from: {name}")
        return self.stores[known]

    def object(self, store: ObjectStore, given: str, id_property: Any = None) -> CrmObject:
        """The live object with this id, or with this value of a unique property."""
        found = self._find(store, given, id_property)
        item = None if found is None else store.get(found)
        if item is None or item.archived is not None:
            raise not_found()
        return item

    def stored(self, store: ObjectStore, given: Mapping[str, Any]) -> Properties:
        """Property values as they would be stored, all of them checked."""
        return to_stored(store.type, self._owners, given)

    def create(self, store: ObjectStore, body: dict[str, Any]) -> CrmObject:
        """Add an object as described in a request: `properties`, `associations`."""
        properties = self.stored(store, as_object(body.get("properties", {}), "`properties`"))
        if store.type.name == "deals":
            properties.setdefault("pipeline", PIPELINES[0].id)
        _check_stage(properties, {})
        self._check_unique(store, properties, None)
        links = [self._link(store, link) for link in as_objects(body.get("associations"), "`associations`")]
        created = store.create(properties, now_ms())
        for target, linked, types in links:
            self.associations.add(store.type.name, created.id, target, linked, types)
        return created

    def update(self, store: ObjectStore, item: CrmObject, given: Mapping[str, Any]) -> CrmObject:
        """Change an object's properties."""
        properties = self.stored(store, given)
        if not properties:
            raise bad_request("No properties found to update, please provide at least one.")
        _check_stage(properties, item.properties)
        self._check_unique(store, properties, item.id)
        return store.update(item.id, properties, now_ms())

    def add_property(self, store: ObjectStore, given: dict[str, Any]) -> Property:
        """Define a custom property."""
        name, kind = str(given.get("name") or ""), given.get("type")
        if not name or kind not in ("string", "number", "date", "datetime", "enumeration", "bool"):
            raise bad_request("A property needs a `name` and a known `type`.")
        if name in store.type.properties:
            raise HubSpotError(409, "OBJECT_ALREADY_EXISTS", f"A property named '{name}' already exists.")
        options = tuple(str(option.get("value")) for option in as_objects(given.get("options"), "`options`"))
        prop = Property(
            name,
            str(given.get("label") or name),
            kind,
            options if kind == "enumeration" else None,
            custom=True,
            unique=bool(given.get("hasUniqueValue")),
            field_type=str(given.get("fieldType") or ""),
            group=str(given.get("groupName") or ""),
            description=str(given.get("description") or ""),
        )
        store.type.properties[name] = prop
        return prop

    def links_of(self, store: ObjectStore, item: CrmObject, targets: Iterable[str]) -> dict[str, Any]:
        """An object's links as a v3 read shows them."""
        shown = {}
        for target in targets:
            name = self.store(target).type.name
            links = self.associations.of(store.type.name, item.id, name)
            if links:
                shown[name] = {"results": self._v3_links(store.type, name, links)}
        return shown

    def types(self, source: str, target: str, given: Any) -> list[AssociationType]:
        """The association types of a request; none given means the plain one."""
        known = {str(t.type_id): t for t in association_types(source, target)}
        if not known:
            raise bad_request(f"There is no association from {source} to {target}.")
        chosen = []
        for item in as_objects(given, "association types"):
            type_id = str(item.get("associationTypeId"))
            if type_id not in known:
                raise bad_request(f"Association type {type_id} does not exist from {source} to {target}.")
            chosen.append(known[type_id])
        return chosen or list(known.values())[:1]

    def _v3_links(self, source: ObjectType, target: str, links: Links) -> list[dict[str, str]]:
        plain = f"{source.singular}_to_{self.stores[target].type.singular}"
        rows = []
        for linked, types in links.items():
            both = len(types) > 1
            for one in types:
                name = plain if one.label or not both else f"{plain}_unlabeled"
                rows.append({"id": str(linked), "type": name})
        return rows

    def described(self, store: ObjectStore, item: CrmObject, names: Iterable[str] | None) -> dict[str, Any]:
        """One object as a read returns it."""
        return document(store.type, item, wanted(store.type, names))

    def _find(self, store: ObjectStore, given: str, id_property: Any) -> int | None:
        if id_property in (None, "", "hs_object_id"):
            return as_id(given)
        prop = store.type.properties.get(str(id_property))
        if prop is None or not prop.unique:
            raise bad_request(f"The idProperty {id_property} is not a unique property of {store.type.name}.")
        return self._holder(store, prop.name, given)

    def _holder(self, store: ObjectStore, name: str, value: str) -> int | None:
        """The id of the live object that has this value of a unique property."""
        if (changed := store.find(name, value)) is not None:
            return changed
        seeded = self.account.contact_with(value) if name == "email" else None
        item = None if seeded is None else store.get(seeded)
        if item is None or item.archived is not None or item.properties.get(name) != value.lower():
            return None
        return item.id

    def _check_unique(self, store: ObjectStore, properties: Properties, own: int | None) -> None:
        for name, value in properties.items():
            if value is None or not store.type.properties[name].unique:
                continue
            holder = self._holder(store, name, value)
            if holder is not None and holder != own:
                what = store.type.singular.capitalize()
                raise HubSpotError(409, "CONFLICT", f"{what} already exists. Existing ID: {holder}")

    def _link(self, store: ObjectStore, given: dict[str, Any]) -> tuple[str, int, list[AssociationType]]:
        linked = str(as_object(given.get("to"), "`to`").get("id"))
        asked = {str(item.get("associationTypeId")) for item in as_objects(given.get("types"), "`types`")}
        for target, other in self.stores.items():
            types = association_types(store.type.name, target)
            if asked and {str(t.type_id) for t in types} >= asked:
                item = self.object(other, linked)
                return target, item.id, [t for t in types if str(t.type_id) in asked]
        raise bad_request(f"Association types {sorted(asked)} do not exist from {store.type.name}.")


def _check_stage(given: Properties, before: Properties) -> None:
    """A deal's stage is one of its pipeline's."""
    stage = given.get("dealstage")
    of = {**before, **given}.get("pipeline")
    allowed = [known.id for pipeline in PIPELINES if pipeline.id == of for known in pipeline.stages]
    if stage is not None and stage not in allowed:
        message = f"{stage} was not one of the allowed options: [{', '.join(allowed)}]"
        raise invalid_properties([{"name": "dealstage", "error": "INVALID_OPTION", "message": message}])


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def wanted(object_type: ObjectType, names: Iterable[str] | None) -> tuple[str, ...]:
    """The properties that a read returns: the named ones that exist, and those that always come; or the default set."""
    always = (object_type.created, object_type.modified, "hs_object_id")
    chosen = dict.fromkeys((*names, *always)) if names else object_type.defaults
    return tuple(name for name in chosen if name in object_type.properties)


def document(object_type: ObjectType, item: CrmObject, names: tuple[str, ...]) -> dict[str, Any]:
    """An object as a read returns it, with the properties `names`: null where unset."""
    has = item.properties
    body: dict[str, Any] = {
        "id": str(item.id),
        "properties": dict(zip(names, map(has.get, names), strict=True)),
        "createdAt": has[object_type.created],
        "updatedAt": has[object_type.modified],
        "archived": item.archived is not None,
    }
    if item.archived is not None:
        body["archivedAt"] = iso_utc(item.archived)
    return body
