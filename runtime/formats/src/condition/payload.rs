//! A payload as a CEL value.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::pointer::Text;

/// The largest payload that a condition reads as JSON, in bytes: reading takes time for every
/// message. A larger one is `payload == null`.
pub const CONDITION_PAYLOAD_MAX: usize = 1 << 20;

/// Values that the JSON may hold in all: in memory each takes many times what it takes as text.
const VALUES_MAX: usize = 100_000;

/// What the payload says; null where it is not JSON or passes a bound. Text is borrowed from the
/// payload wherever it holds no escapes.
pub(super) fn read(payload: &[u8]) -> Box<dyn Val + '_> {
    let in_bounds = Some(payload).filter(|payload| payload.len() <= CONDITION_PAYLOAD_MAX);
    in_bounds.and_then(parse).unwrap_or_else(|| Box::new(CelNull))
}

fn parse(payload: &[u8]) -> Option<Box<dyn Val + '_>> {
    let mut json = serde_json::Deserializer::from_slice(payload);
    let left = Cell::new(VALUES_MAX);
    let value = Json { left: &left }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(value)
}

/// Reads one value, while there are some left.
#[derive(Clone, Copy)]
struct Json<'c> {
    left: &'c Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Json<'_> {
    type Value = Box<dyn Val + 'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| D::Error::custom("too many values"))?);
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Json<'_> {
    type Value = Box<dyn Val + 'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut map: HashMap<CelMapKey<'de>, Box<dyn Val + 'de>> = HashMap::new();
        while let Some(name) = members.next_key_seed(Text)? {
            let value = members.next_value_seed(self)?;
            map.insert(key(name), value);
        }
        Ok(Box::new(CelMap::from(map)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list: Vec<Box<dyn Val + 'de>> = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            list.push(value);
        }
        Ok(Box::new(CelList::from(list)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Box::new(CelString::from(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Box::new(CelString::from(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Box::new(CelInt::from(number)))
    }

    /// Numbers are `int` wherever they fit, so that `payload.n + 1` works.
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(match i64::try_from(number) {
            Ok(number) => Box::new(CelInt::from(number)),
            Err(_) => Box::new(CelUInt::from(number)),
        })
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Box::new(CelDouble::from(number)))
    }

    fn visit_bool<E>(self, is: bool) -> Result<Self::Value, E> {
        Ok(Box::new(CelBool::from(is)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Box::new(CelNull))
    }
}

fn key(name: Cow<'_, str>) -> CelMapKey<'_> {
    match name {
        Cow::Borrowed(name) => CelMapKey::from(name),
        Cow::Owned(name) => CelMapKey::from(name),
    }
}
