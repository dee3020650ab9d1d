//! Schemas: references, envelopes, and adjustments to the way in which a type is written as JSON.

use utoipa::ToSchema;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{AllOf, AllOfBuilder, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Ref, RefOr};

/// Schema with its name in the document.
pub(crate) type NamedSchema = (String, RefOr<Schema>);

/// Returns a reference to the schema of a type.
pub(crate) fn of<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

/// Adds the schema of a type unchanged, and the schemas of the types in it.
pub(crate) fn named<T: ToSchema>(found: &mut Vec<NamedSchema>) {
    written::<T>(found, |_| {});
}

/// Adds the schema of a type with its objects adjusted, and the schemas of the types in it.
pub(crate) fn written<T: ToSchema>(found: &mut Vec<NamedSchema>, adjust: fn(&mut Object)) {
    let mut schema = T::schema();
    if let RefOr::T(schema) = &mut schema {
        for object in objects(schema) {
            adjust(object);
        }
    }
    found.push((T::name().into_owned(), schema));
    T::schemas(found);
}

fn objects(schema: &mut Schema) -> Vec<&mut Object> {
    match schema {
        Schema::Object(object) => vec![object],
        Schema::AllOf(AllOf { items, .. }) => {
            let inline = items.iter_mut().filter_map(|item| match item {
                RefOr::T(Schema::Object(object)) => Some(object),
                _ => None,
            });
            inline.collect()
        }
        _ => Vec::new(),
    }
}

/// Marks every field as required, for types that write `null` if there is no value.
pub(crate) fn always_there(object: &mut Object) {
    object.required = object.properties.keys().cloned().collect();
}

/// Leaves a schema as it is.
pub(crate) fn as_it_is(_: &mut Object) {}

/// Marks every field but one as required, for types with a secret that is shown only once.
pub(crate) fn all_but(object: &mut Object, secret: &str) {
    always_there(object);
    object.required.retain(|name| name != secret);
    if let Some(RefOr::T(Schema::Object(secret))) = object.properties.get_mut(secret) {
        secret.schema_type = SchemaType::Type(Type::String);
    }
}

/// Removes `null` from fields that are not required, for types that leave out a missing value.
pub(crate) fn left_out_instead_of_null(object: &mut Object) {
    let required = object.required.clone();
    for (_, property) in object.properties.iter_mut().filter(|(name, _)| !required.contains(name)) {
        let RefOr::T(schema) = property else { continue };
        match schema {
            Schema::Object(object) => not_null(&mut object.schema_type),
            Schema::OneOf(one_of) => {
                let reference = one_of.items.iter().find(|item| matches!(item, RefOr::Ref(_))).cloned();
                let description = one_of.description.take();
                if let Some(RefOr::Ref(mut reference)) = reference {
                    if let Some(description) = description {
                        reference.description = description;
                    }
                    *property = RefOr::Ref(reference);
                }
            }
            _ => {}
        }
    }
}

fn not_null(schema_type: &mut SchemaType) {
    if let SchemaType::Array(types) = schema_type
        && let Some(kind) = types.iter().find(|kind| **kind != Type::Null).cloned()
    {
        *schema_type = SchemaType::Type(kind);
    }
}

/// Returns the schema of `{"data": …, "meta": …}`.
pub(crate) fn envelope(data: impl Into<RefOr<Schema>>) -> Schema {
    let meta = Ref::from_schema_name("Meta");
    ObjectBuilder::new().property("data", data).required("data").property("meta", meta).required("meta").build().into()
}

/// Returns the schema of a page of a list.
pub(crate) fn page(items: impl Into<RefOr<Schema>>) -> Schema {
    let data = ArrayBuilder::new().items(items.into());
    let meta = Ref::from_schema_name("ListMeta");
    ObjectBuilder::new().property("data", data).required("data").property("meta", meta).required("meta").build().into()
}

/// Returns the schema of a body with these fields, in which exactly one of `agentId` and `agentSlug` names the agent.
pub(crate) fn with_one_agent(fields: Ref) -> Schema {
    let named_by = |field: &str, of: RefOr<Schema>| ObjectBuilder::new().property(field, of).required(field);
    let slug = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).build();
    let agent = OneOfBuilder::new()
        .item(named_by("agentId", of::<domain::ids::AgentId>().into()))
        .item(named_by("agentSlug", Schema::from(slug).into()));
    AllOfBuilder::new().item(fields).item(Schema::from(agent.build())).build().into()
}
