//! Calls by name: the names and arguments are the JavaScript methods', so that one table of rows runs natively and
//! through JavaScript.

use std::collections::BTreeMap;

use serde_json::Value;
use tillandsia_core::offline::StorageFacts;
use tillandsia_core::ports::{Platform, Reader};

use super::{Answer, Api, FromGiven, Gave, Given, NO_OBJECT, Plain, ToPlain, invalid};

impl<P: Platform, R: Reader> Api<P, R> {
    /// Calls the JavaScript method `method` with an array of arguments: `call("createPaymentIntent", [{…}])`. A collection
    /// started here is not canceled and its prompts are heard by nobody. A property is called by its name, without
    /// arguments.
    ///
    /// # Errors
    /// As the method's; `invalid_request` for a name that no method has, and for arguments that do not fit.
    pub async fn call(&self, method: &str, arguments: Value) -> Answer<Value> {
        let arguments = &arguments;
        match method {
            "createPaymentIntent" => json(&self.create_payment_intent(needed(arguments, 0)?).await?),
            "collectPaymentMethod" => {
                let (payment, options) = (payment(arguments)?, options(arguments, 1)?);
                let never = std::future::pending();
                json(&self.collect_payment_method(&payment, options, &|_| {}, never).await?)
            }
            "confirmPaymentIntent" => {
                json(&self.confirm_payment_intent(&payment(arguments)?, options(arguments, 1)?).await?)
            }
            "cancelPaymentIntent" => json(&self.cancel_payment_intent(&payment(arguments)?).await?),
            "capturePaymentIntent" => {
                json(&self.capture_payment_intent(&payment(arguments)?, options(arguments, 1)?).await?)
            }
            "retrievePaymentIntent" => json(&self.retrieve_payment_intent(&payment(arguments)?).await?),
            "listPayments" => json(&self.list_payments(options(arguments, 0)?).await?),
            "listAttention" => json(&self.list_attention(options(arguments, 0)?).await?),
            "forwardNow" => json(&self.forward_now().await?),
            "voidPaymentIntent" => json(&self.void_payment_intent(&payment(arguments)?).await?),
            "retryPaymentIntent" => json(&self.retry_payment_intent(&payment(arguments)?).await?),
            "settlePaymentIntent" => json(&self.settle_payment_intent(&payment(arguments)?).await?),
            "getOfflineStatus" => json(&self.offline_status().await?),
            "checkReadiness" => json(&self.check_readiness(StorageFacts::default()).await?),
            "setSimulatedOfflineMode" => json(&self.set_simulated_offline_mode(&payment(arguments)?).await?),
            "disconnectReader" => json(&self.disconnect_reader()?),
            "networkStatus" => json(&self.network_status()),
            "connectedReader" => json(&self.connected_reader()),
            other => Err(invalid(format!("there is no method {other}")).into()),
        }
    }
}

/// What JavaScript would be given.
pub fn to_json(value: &impl ToPlain) -> Value {
    written(&value.plain())
}

/// What JavaScript gave.
///
/// # Errors
/// `invalid_request`, with the name of what does not fit.
pub fn from_json<T: FromGiven>(given: &Value) -> Answer<T> {
    match given.is_object() {
        true => Ok(T::from_given(given)?),
        false => Err(invalid(NO_OBJECT).into()),
    }
}

fn json(value: &impl ToPlain) -> Answer<Value> {
    Ok(to_json(value))
}

fn written(plain: &Plain<'_>) -> Value {
    match plain {
        Plain::Absent | Plain::Null => Value::Null,
        Plain::Flag(flag) => Value::from(*flag),
        Plain::Number(number) => Value::from(*number),
        Plain::Text(text) => Value::from(*text),
        Plain::Texts(texts) => texts.iter().map(|(key, text)| (key.clone(), text.as_str())).collect(),
        Plain::Numbers(numbers) => numbers.iter().map(|(key, number)| (key.clone(), *number)).collect(),
        Plain::List(items) => items.iter().map(written).collect(),
        Plain::Object(object) => {
            let mut fields = serde_json::Map::new();
            object.fields(&mut |name, value| {
                if !matches!(value, Plain::Absent) {
                    fields.insert(name.to_owned(), written(&value));
                }
            });
            Value::Object(fields)
        }
    }
}

impl Given for Value {
    fn get(&self, name: &str) -> Gave {
        match self.get(name) {
            None | Some(Value::Null) => Gave::Nothing,
            Some(Value::Bool(flag)) => Gave::Flag(*flag),
            Some(Value::Number(number)) => number.as_f64().map_or(Gave::Other, Gave::Number),
            Some(Value::String(text)) => Gave::Text(text.clone()),
            Some(Value::Array(_) | Value::Object(_)) => Gave::Other,
        }
    }

    fn texts(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let entries = self.get(name)?.as_object()?.iter();
        entries.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }
}

fn needed<T: FromGiven>(arguments: &Value, place: usize) -> Answer<T> {
    from_json(arguments.get(place).unwrap_or(&Value::Null))
}

fn options<T: FromGiven + Default>(arguments: &Value, place: usize) -> Answer<T> {
    match arguments.get(place) {
        None | Some(Value::Null) => Ok(T::default()),
        Some(_) => needed(arguments, place),
    }
}

/// A PaymentIntent or its offline id; nothing fits when it is neither.
fn payment(arguments: &Value) -> Answer<String> {
    let given = arguments.get(0);
    let named = given.and_then(|given| given.get("offlineId")).or(given);
    Ok(named.and_then(Value::as_str).unwrap_or_default().to_owned())
}
