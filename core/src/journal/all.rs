//! Waiting for many futures at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

type Pending<F> = (Pin<Box<F>>, Option<<F as Future>::Output>);

/// The outputs of all futures, in their order. Polls each that is not done at every wake: for a batch of payments that
/// costs nothing, and it is a fraction of the code of `futures::future::join_all`, which the worker's module would
/// hold once for each kind of future.
pub(crate) async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<Pending<F>> = futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut done = true;
        for (future, output) in &mut pending {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(ready) => *output = Some(ready),
                    Poll::Pending => done = false,
                }
            }
        }
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}
