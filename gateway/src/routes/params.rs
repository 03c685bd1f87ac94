//! Form-encoded parameters with Stripe's bracket nesting: `offline[enabled]=true`.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;

use crate::ledger::Refusal;

const PAIRS_MAX: usize = 500;
const DEPTH_MAX: usize = 4;
const SHOWN_CHARS_MAX: usize = 80;

/// The parameters of a request, from its query and its form. Each is taken by name; what is left is unknown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Params {
    path: String,
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, PartialEq, Eq)]
enum Node {
    Text(String),
    Map(BTreeMap<String, Node>),
}

impl Params {
    /// Reads `a=1&b[c]=2&d[]=3`.
    pub(super) fn parse(encoded: &str) -> Result<Self, Refusal> {
        let mut params = Params::default();
        for (index, (name, value)) in form_urlencoded::parse(encoded.as_bytes()).enumerate() {
            if index >= PAIRS_MAX {
                return Err(Refusal::invalid("parameter_invalid", "too many parameters", None));
            }
            let keys = split(&name).ok_or_else(|| invalid(&name, "is not a parameter name"))?;
            insert(&mut params.nodes, &keys, value.into_owned(), &name)?;
        }
        Ok(params)
    }

    /// A text; absent when it was not given.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.nodes.remove(name) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(Node::Map(_)) => Err(invalid(&self.full(name), "must be a single value")),
        }
    }

    /// A text that has to be there.
    pub(super) fn needed(&mut self, name: &str) -> Result<String, Refusal> {
        let full = self.full(name);
        let missing =
            || Refusal::invalid("parameter_missing", format!("Missing required param: {full}."), Some(&full));
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u64>, Refusal> {
        let full = self.full(name);
        let parse = |text: String| text.parse().map_err(|_| invalid(&full, "must be a whole number"));
        self.text(name)?.map(parse).transpose()
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        let full = self.full(name);
        let parse = |text: String| text.parse().map_err(|_| invalid(&full, "must be `true` or `false`"));
        self.text(name)?.map(parse).transpose()
    }

    /// What is nested under a name.
    pub(super) fn nested(&mut self, name: &str) -> Result<Option<Params>, Refusal> {
        let path = self.full(name);
        match self.nodes.remove(name) {
            None => Ok(None),
            // `metadata=` empties it.
            Some(Node::Text(text)) if text.is_empty() => Ok(Some(Params { path, nodes: BTreeMap::new() })),
            Some(Node::Text(_)) => Err(invalid(&path, "must be nested, such as `name[key]=value`")),
            Some(Node::Map(nodes)) => Ok(Some(Params { path, nodes })),
        }
    }

    /// A map of texts.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<BTreeMap<String, String>>, Refusal> {
        let Some(mut nested) = self.nested(name)? else { return Ok(None) };
        let names: Vec<String> = nested.nodes.keys().cloned().collect();
        let mut texts = BTreeMap::new();
        for name in names {
            if let Some(text) = nested.text(&name)? {
                texts.insert(name, text);
            }
        }
        Ok(Some(texts))
    }

    /// A map of whole numbers.
    pub(super) fn numbers(&mut self, name: &str) -> Result<Option<BTreeMap<String, u64>>, Refusal> {
        let Some(mut nested) = self.nested(name)? else { return Ok(None) };
        let names: Vec<String> = nested.nodes.keys().cloned().collect();
        let mut numbers = BTreeMap::new();
        for name in names {
            if let Some(number) = nested.number(&name)? {
                numbers.insert(name, number);
            }
        }
        Ok(Some(numbers))
    }

    /// That nothing is left.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        let Some(name) = self.nodes.keys().next() else { return Ok(()) };
        let full = shown(&self.full(name));
        Err(Refusal::invalid("parameter_unknown", format!("Received unknown parameter: {full}"), Some(&full)))
    }

    fn full(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.path) }
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form = content_type.is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let body = Bytes::from_request(request, state).await.map_err(super::extract::body_refused)?;
        if !is_form && !body.is_empty() {
            let message = "send the parameters as application/x-www-form-urlencoded";
            return Err(Refusal::invalid("content_type_invalid", message, None));
        }
        let body = std::str::from_utf8(&body)
            .map_err(|_| Refusal::invalid("parameter_invalid", "the form is not UTF-8", None))?;
        let joint = if query.is_empty() || body.is_empty() { "" } else { "&" };
        Params::parse(&format!("{query}{joint}{body}"))
    }
}

/// `a[b][c]` as its keys; `a[]` has an empty one.
fn split(name: &str) -> Option<Vec<&str>> {
    let (first, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let mut keys = vec![first];
    while !rest.is_empty() {
        let (key, after) = rest.strip_prefix('[')?.split_once(']')?;
        keys.push(key);
        rest = after;
    }
    (!first.is_empty() && keys.len() <= DEPTH_MAX).then_some(keys)
}

fn insert(
    nodes: &mut BTreeMap<String, Node>,
    keys: &[&str],
    value: String,
    name: &str,
) -> Result<(), Refusal> {
    let Some((key, rest)) = keys.split_first() else { return Ok(()) };
    // `a[]=x&a[]=y`: as if the places were written out.
    let key = if key.is_empty() { nodes.len().to_string() } else { (*key).to_owned() };
    if rest.is_empty() {
        return match nodes.insert(key, Node::Text(value)) {
            None => Ok(()),
            Some(_) => Err(invalid(name, "was given twice")),
        };
    }
    match nodes.entry(key).or_insert_with(|| Node::Map(BTreeMap::new())) {
        Node::Map(inner) => insert(inner, rest, value, name),
        Node::Text(_) => Err(invalid(name, "was given both as a value and nested")),
    }
}

fn invalid(name: &str, what: &str) -> Refusal {
    let name = shown(name);
    Refusal::invalid("parameter_invalid", format!("`{name}` {what}"), Some(&name))
}

/// A parameter's name as a message may repeat it: not when somebody put a card number there.
fn shown(name: &str) -> String {
    if name.bytes().filter(u8::is_ascii_digit).count() >= 12 {
        return "(a long number)".to_owned();
    }
    name.chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_nest() {
        let mut params = Params::parse(
            "amount=1099&metadata[a]=1&metadata[b]=x+y&types[]=p&types[]=q&o[e]=true&o[m][usd]=5",
        )
        .unwrap();
        assert_eq!(params.number("amount"), Ok(Some(1099)));
        assert_eq!(params.text("none"), Ok(None));
        let metadata = params.texts("metadata").unwrap().unwrap();
        assert_eq!(metadata, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x y".to_owned())].into());
        let types: Vec<_> = params.texts("types").unwrap().unwrap().into_values().collect();
        assert_eq!(types, ["p", "q"]);
        let mut offline = params.nested("o").unwrap().unwrap();
        assert_eq!(offline.flag("e"), Ok(Some(true)));
        assert_eq!(offline.numbers("m"), Ok(Some([("usd".to_owned(), 5)].into())));
        assert_eq!((offline.finish(), params.finish()), (Ok(()), Ok(())));
    }

    #[test]
    fn what_is_left_is_unknown() {
        let mut params = Params::parse("o[x]=1").unwrap();
        let refusal = params.nested("o").unwrap().unwrap().finish().unwrap_err();
        assert_eq!(refusal.error.param.as_deref(), Some("o[x]"));
        assert_eq!(refusal.error.code.as_deref(), Some("parameter_unknown"));
        let refusal = Params::parse("4761739001010010=1").unwrap().finish().unwrap_err();
        assert!(!format!("{refusal:?}").contains("4761"));
    }

    #[test]
    fn malformed_names_and_values_are_refused() {
        for text in ["[a]=1", "a[b=1", "a[b]c=1", "a[b][c][d][e]=1", "a=1&a=2", "a=1&a[b]=2", "a[b]=1&a=2"] {
            assert!(Params::parse(text).is_err(), "{text}");
        }
        let mut params = Params::parse("a=-1&b=yes&c[d]=1&e=1").unwrap();
        assert!(params.number("a").is_err());
        assert!(params.flag("b").is_err());
        assert!(params.text("c").is_err());
        assert!(params.nested("e").is_err());
        assert!(params.needed("f").is_err());
    }
}
