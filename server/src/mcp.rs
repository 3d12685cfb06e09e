//! Tools for agents, by the Model Context Protocol: questions, queries and reports, read-only.
//!
//! An agent reaches a running server through the same HTTP API as everybody, with a key of its own:
//! what the key may not read, the agent cannot read. Nothing here changes anything.

mod http;
mod tools;

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::{Map, Value};

pub use self::http::listen;
use self::tools::{Call, TOOLS};
use crate::client::Client;
use crate::config::Secret;

/// What an agent is told at first.
const INSTRUCTIONS: &str = "Analytics of websites and apps, read-only. Begin with list_sites. `ask` takes a \
    question in plain English and says what it understood; where it is ambiguous or unsupported, it offers what \
    can be asked. `query` takes the typed form; list_metrics says what there is.";

/// Serves tools from one server.
#[derive(Clone, Debug)]
pub struct Agents {
    client: Client,
    /// Whether every request has to bring a key of its own.
    keys_of_callers: bool,
}

impl Agents {
    /// Tools that read with the client's key.
    pub fn new(client: Client) -> Self {
        Self { client, keys_of_callers: false }
    }

    /// Tools that read with the key that each request brings.
    pub(crate) fn with_keys_of_callers(client: Client) -> Self {
        Self { client, keys_of_callers: true }
    }

    /// Speaks over standard input and output until they end.
    ///
    /// # Errors
    /// What broke the conversation.
    pub async fn stdio(self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let running = self.serve(rmcp::transport::stdio()).await?;
        running.waiting().await?;
        Ok(())
    }

    /// The client for a request.
    fn client(&self, context: &RequestContext<RoleServer>) -> Result<Client, ErrorData> {
        if !self.keys_of_callers {
            return Ok(self.client.clone());
        }
        let parts = context.extensions.get::<hyper::http::request::Parts>();
        let header =
            parts.and_then(|parts| parts.headers.get("authorization")).and_then(|value| value.to_str().ok());
        let key = header
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, key) =
            key.ok_or_else(|| ErrorData::invalid_request("send `Authorization: Bearer KEY`", None))?;
        Ok(self.client.clone().with_key(Secret::new(key.trim())))
    }
}

impl ServerHandler for Agents {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("opentrace", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let read_only = || ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(false));
        let tools = TOOLS.iter().map(|tool| {
            Tool::new(tool.name, tool.description, Arc::new(tool.schema())).with_annotations(read_only())
        });
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = TOOLS.iter().find(|tool| tool.name == request.name) else {
            return Err(ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None));
        };
        let client = self.client(&context)?;
        let answer = answer(&client, &tool.call, request.arguments.unwrap_or_default()).await;
        Ok(match answer {
            Ok(value) => CallToolResult::structured(value),
            // The agent reads why, and can put it right.
            Err(message) => CallToolResult::error(vec![ContentBlock::text(message)]),
        }
        .into())
    }
}

/// Asks the server.
async fn answer(client: &Client, call: &Call, arguments: Map<String, Value>) -> Result<Value, String> {
    let answered = match call {
        Call::Here(value) => return Ok(value()),
        Call::Post(path) => client.post(path, &Value::Object(arguments)).await,
        Call::Get(path) => client.get(&with_parameters(path, &arguments)).await,
    };
    let value: Value = answered.map_err(|error| match call {
        // A server of another release may know less than there are tools here.
        Call::Post(path) | Call::Get(path) if error.code() == "not_found" => {
            format!("this server does not answer {path}")
        }
        _ => error.to_string(),
    })?;
    // The protocol wants an object.
    Ok(if value.is_object() { value } else { serde_json::json!({ "items": value }) })
}

fn with_parameters(path: &str, arguments: &Map<String, Value>) -> String {
    if arguments.is_empty() {
        return path.to_owned();
    }
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in arguments {
        pairs.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    format!("{path}?{}", pairs.finish())
}
