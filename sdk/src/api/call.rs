//! Calls by name: the names and arguments are the JavaScript methods', so that one table of rows runs natively and
//! through JavaScript.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tillandsia_core::offline::StorageFacts;
use tillandsia_core::ports::{Platform, Reader};

use super::{Answer, Api, ErrorJson, invalid};

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

fn json(value: &impl Serialize) -> Answer<Value> {
    serde_json::to_value(value).map_err(|error| unreadable(&error))
}

fn needed<T: DeserializeOwned>(arguments: &Value, place: usize) -> Answer<T> {
    let argument = arguments.get(place).cloned().unwrap_or(Value::Null);
    serde_json::from_value(argument).map_err(|error| unreadable(&error))
}

fn options<T: DeserializeOwned + Default>(arguments: &Value, place: usize) -> Answer<T> {
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

fn unreadable(error: &serde_json::Error) -> ErrorJson {
    invalid(error.to_string()).into()
}
