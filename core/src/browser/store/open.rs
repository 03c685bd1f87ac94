//! Opening the database. The listeners are our own: those that indexed_db_futures brings along print any value of its
//! errors, floats too, which is a seventeenth of the worker's module.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use indexed_db_futures::OpenDbResult;
use indexed_db_futures::database::Database;
use indexed_db_futures::error::Error;
use indexed_db_futures::internals::SystemRepr as _;
use indexed_db_futures::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{IdbDatabase, IdbOpenDbRequest, IdbVersionChangeEvent};

use super::migrations::{self, Step};

/// Opens in the version that `steps` lead to, taking the database there. A step that fails aborts the upgrade: the
/// database stays as it was. `blocked` is set when another connection has to close first.
pub(super) fn versioned(
    name: &str,
    steps: &'static [Step],
    blocked: Rc<Cell<bool>>,
) -> LocalBoxFuture<'static, OpenDbResult<Database>> {
    Box::pin(open(name.to_owned(), Some(steps), blocked))
}

/// Opens in whatever version there is. One that is gone meanwhile is not made anew here.
pub(super) fn as_found(
    name: &str,
    blocked: Rc<Cell<bool>>,
) -> LocalBoxFuture<'static, OpenDbResult<Database>> {
    Box::pin(open(name.to_owned(), None, blocked))
}

async fn open(
    name: String,
    steps: Option<&'static [Step]>,
    blocked: Rc<Cell<bool>>,
) -> OpenDbResult<Database> {
    let builder = Database::open(name);
    let opening = match steps {
        Some(steps) => builder.with_version(migrations::target(steps)).build()?,
        None => builder.build()?,
    };
    let request = opening.as_sys().clone();
    // The browser says only that the upgrade was aborted; the step says why.
    let failure = Rc::new(RefCell::new(None));
    let on_upgrade = {
        let (request, failure) = (request.clone(), Rc::clone(&failure));
        Closure::<dyn FnMut(IdbVersionChangeEvent)>::new(move |event: IdbVersionChangeEvent| {
            if let Err(error) = upgrade(&request, event.old_version() as u32, steps) {
                failure.replace(Some(error));
                if let Some(transaction) = request.transaction() {
                    transaction.abort().ok();
                }
            }
        })
    };
    let on_blocked = Closure::<dyn FnMut()>::new(move || blocked.set(true));
    request.set_onupgradeneeded(Some(on_upgrade.as_ref().unchecked_ref()));
    request.set_onblocked(Some(on_blocked.as_ref().unchecked_ref()));
    let opened = opening.await;
    request.set_onupgradeneeded(None);
    request.set_onblocked(None);
    match failure.take() {
        Some(error) => Err(error.into()),
        None => opened,
    }
}

fn upgrade(request: &IdbOpenDbRequest, found: u32, steps: Option<&'static [Step]>) -> Result<(), Error> {
    let Some(steps) = steps else {
        return Err(js_sys::Error::new("the database was deleted").into());
    };
    let db: IdbDatabase = request.result()?.unchecked_into();
    migrations::run(&db, found, steps)
}
