//! How operations are written down.

use serde_json::{Map, Value, json};

/// What every operation may answer besides its own.
const ANYBODY: [&str; 5] = ["401", "403", "404", "413", "503"];

/// Paths, each with its operations.
pub(super) type Paths = Map<String, Value>;

/// Schemas by their names.
pub(super) type Schemas = Map<String, Value>;

/// One operation.
pub(super) struct Operation(Value);

impl Operation {
    /// What it is called in the page, and in programs made from the description.
    pub(super) fn new(tag: &str, id: &str, summary: &str) -> Self {
        let mut operation = json!({"tags": [tag], "operationId": id, "summary": summary, "responses": {}});
        for status in ANYBODY {
            operation["responses"][status] = error();
        }
        Self(operation)
    }

    pub(super) fn says(mut self, description: impl Into<String>) -> Self {
        self.0["description"] = Value::from(description.into());
        self
    }

    /// A parameter of the address or a header.
    pub(super) fn with(mut self, parameter: Value) -> Self {
        match &mut self.0["parameters"] {
            Value::Array(all) => all.push(parameter),
            none => *none = json!([parameter]),
        }
        self
    }

    /// A body in JSON, of the schema of this name.
    pub(super) fn takes(self, schema: &str) -> Self {
        self.takes_as(true, json!({"application/json": {"schema": reference(schema)}}))
    }

    /// A body in JSON that may be left out.
    pub(super) fn may_take(self, schema: &str) -> Self {
        self.takes_as(false, json!({"application/json": {"schema": reference(schema)}}))
    }

    pub(super) fn takes_as(mut self, required: bool, content: Value) -> Self {
        self.0["requestBody"] = json!({"required": required, "content": content});
        self
    }

    /// An answer in JSON, of the schema of this name.
    pub(super) fn answers(self, status: &str, schema: &str) -> Self {
        self.answers_as(status, "application/json", reference(schema))
    }

    pub(super) fn answers_as(mut self, status: &str, media_type: &str, schema: Value) -> Self {
        let response = &mut self.0["responses"][status];
        if response.is_null() {
            *response = json!({"description": "The answer", "content": {}});
        }
        response["content"][media_type] = json!({"schema": schema});
        self
    }

    /// An answer without a body.
    pub(super) fn done(mut self) -> Self {
        self.0["responses"]["204"] = json!({"description": "Done"});
        self
    }

    /// Mistakes that the caller may have made.
    pub(super) fn fails(mut self, statuses: &[&str]) -> Self {
        for status in statuses {
            self.0["responses"][*status] = error();
        }
        self
    }

    /// Nobody needs a key for it.
    pub(super) fn open(mut self) -> Self {
        self.0["security"] = json!([]);
        self
    }

    /// Puts it to the others at a path.
    pub(super) fn at(self, paths: &mut Paths, path: &str, method: &str) {
        let operations = paths.entry(path).or_insert_with(|| json!({}));
        operations[method] = self.0;
    }
}

fn error() -> Value {
    json!({"description": "An error", "content": {"application/json": {"schema": reference("Error")}}})
}

pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The site that an address is about.
pub(super) fn site() -> Value {
    parameter("site_id", true, "The site's domain", json!({"type": "string", "minLength": 1}))
}

/// The same where it only narrows.
pub(super) fn some_site() -> Value {
    parameter("site_id", false, "Only of this site", json!({"type": "string", "minLength": 1}))
}

/// A parameter of the part after the question mark.
pub(super) fn parameter(name: &str, required: bool, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "required": required, "description": description, "schema": schema})
}

/// A part of the path.
pub(super) fn place(name: &str, schema: Value) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

/// An id in the path.
pub(super) fn id() -> Value {
    place("id", uuid())
}

pub(super) fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

/// Milliseconds since 1970.
pub(super) fn millis() -> Value {
    json!({"type": "integer", "description": "Milliseconds since 1970"})
}

/// Whole numbers from nought on.
pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

/// An object with these fields, of which some must be there, and perhaps others.
pub(super) fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

/// An object with these fields and no others.
pub(super) fn only(required: &[&str], properties: Value) -> Value {
    let mut object = object(required, properties);
    object["additionalProperties"] = Value::from(false);
    object
}

/// `{"name": [item, …]}`.
pub(super) fn list(name: &str, item: &str) -> Value {
    object(&[name], json!({ name: {"type": "array", "items": reference(item)} }))
}

/// Adds schemas to the others.
pub(super) fn add(schemas: &mut Schemas, more: Value) {
    if let Value::Object(more) = more {
        schemas.extend(more);
    }
}
