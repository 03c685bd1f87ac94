//! What comes out, in a form of its own: in the browser it becomes JavaScript's values, in native tests JSON. Derived
//! writers for every kind of object would be a tenth of the module.

use std::collections::BTreeMap;

/// A value on its way out.
#[allow(missing_debug_implementations, reason = "it lives only while it is written")]
pub enum Plain<'a> {
    /// No such property.
    Absent,
    /// `null`
    Null,
    /// `true` or `false`
    Flag(bool),
    /// A whole number; no time, count or amount gets beyond 2^53, up to which JavaScript's are exact.
    Number(u64),
    /// A text.
    Text(&'a str),
    /// An object of texts.
    Texts(&'a BTreeMap<String, String>),
    /// An object of numbers.
    Numbers(&'a BTreeMap<String, u64>),
    /// An array.
    List(Vec<Plain<'a>>),
    /// An object.
    Object(&'a dyn Object),
}

/// What becomes an object.
pub trait Object {
    /// Hands over every property, with its name in JavaScript.
    fn fields<'a>(&'a self, put: &mut dyn FnMut(&'static str, Plain<'a>));
}

/// What can come out.
pub trait ToPlain {
    /// As it comes out.
    fn plain(&self) -> Plain<'_>;
}

/// The fields of a struct and their names in JavaScript; all of them, or it does not compile. One with `absent` is left
/// out while it is `None`, where others are null.
macro_rules! object {
    ($object:ident { $($field:ident $($absent:ident)? = $name:literal,)+ }) => {
        impl $crate::api::plain::Object for $object {
            fn fields<'a>(&'a self, put: &mut dyn FnMut(&'static str, $crate::api::plain::Plain<'a>)) {
                let Self { $($field),+ } = self;
                $(put($name, $crate::api::plain::object!(@plain $field $($absent)?));)+
            }
        }

        impl $crate::api::plain::ToPlain for $object {
            fn plain(&self) -> $crate::api::plain::Plain<'_> {
                $crate::api::plain::Plain::Object(self)
            }
        }

        #[cfg(test)]
        impl $crate::api::types::Named for $object {
            const NAMES: &'static [&'static str] = &[$($name),+];
        }
    };
    (@plain $field:ident) => { $crate::api::plain::ToPlain::plain($field) };
    (@plain $field:ident absent) => {
        match $field {
            None => $crate::api::plain::Plain::Absent,
            Some(value) => $crate::api::plain::ToPlain::plain(value),
        }
    };
}
pub(super) use object;

macro_rules! plain {
    ($($kind:ty: |$value:ident| $plain:expr;)+) => {
        $(impl ToPlain for $kind {
            fn plain(&self) -> Plain<'_> {
                let $value = self;
                $plain
            }
        })+
    };
}

plain! {
    (): |_unit| Plain::Null;
    bool: |flag| Plain::Flag(*flag);
    u8: |number| Plain::Number((*number).into());
    u16: |number| Plain::Number((*number).into());
    u32: |number| Plain::Number((*number).into());
    u64: |number| Plain::Number(*number);
    String: |text| Plain::Text(text);
    &'static str: |text| Plain::Text(text);
    BTreeMap<String, String>: |texts| Plain::Texts(texts);
    BTreeMap<String, u64>: |numbers| Plain::Numbers(numbers);
}

impl<T: ToPlain> ToPlain for Option<T> {
    fn plain(&self) -> Plain<'_> {
        self.as_ref().map_or(Plain::Null, ToPlain::plain)
    }
}

impl<T: ToPlain> ToPlain for Box<T> {
    fn plain(&self) -> Plain<'_> {
        (**self).plain()
    }
}

impl<T: ToPlain> ToPlain for Vec<T> {
    fn plain(&self) -> Plain<'_> {
        Plain::List(self.iter().map(ToPlain::plain).collect())
    }
}
