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

/// The output of the first future that is done, which is then taken out; `None` when there is none left. Polls each at
/// every wake, as [`all`] does, and none of them in between.
pub(crate) async fn next_done<F: Future>(pending: &mut Vec<Pin<Box<F>>>) -> Option<F::Output> {
    poll_fn(|context| {
        if pending.is_empty() {
            return Poll::Ready(None);
        }
        let mut places = pending.iter_mut().enumerate();
        let done = places.find_map(|(place, future)| match future.as_mut().poll(context) {
            Poll::Ready(output) => Some((place, output)),
            Poll::Pending => None,
        });
        match done {
            Some((place, output)) => {
                drop(pending.remove(place));
                Poll::Ready(Some(output))
            }
            None => Poll::Pending,
        }
    })
    .await
}
