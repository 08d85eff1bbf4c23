//! A case as it is typed, and what is checked before it is believed.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_yaml::{Location, Spanned};

use super::{BYTES_MAX, Case, Check, Expected, ExpectedOutput, ExpectedPayload, Given};
use crate::error::{Mistake, WorkshopError};
use crate::sources;

/// The largest `payload_file`: far over what a topic takes by default.
const PAYLOAD_BYTES_MAX: u64 = 64 << 20;

/// Reads and checks one case.
pub(super) fn read(file: &Path) -> Result<Case, WorkshopError> {
    let text = sources::read_text(file, BYTES_MAX)?;
    let form: CaseForm = serde_yaml::from_str(&text).map_err(|error| malformed(file, &error))?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let config = form.config.map_or(Ok(Value::Null), |config| object(file, config))?;
    let check = match (form.config_refused, form.messages, form.expect) {
        (Some(text), None, None) => Check::ConfigRefused(text),
        (None, Some(messages), expect) => Check::Messages(pairs(file, messages, expect)?),
        _ => {
            return Err(Mistake::of_file(
                file,
                "give either `messages` and `expect`, or `config_refused`",
            )
            .into());
        }
    };
    Ok(Case { name, config, check })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseForm {
    config: Option<Spanned<Value>>,
    messages: Option<Spanned<Vec<Spanned<MessageForm>>>>,
    expect: Option<Spanned<Vec<Spanned<ExpectForm>>>>,
    config_refused: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageForm {
    payload: Option<String>,
    payload_base64: Option<String>,
    payload_file: Option<String>,
    #[serde(default, deserialize_with = "given")]
    json: Option<Value>,
    key: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default = "first")]
    attempt: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectForm {
    ok: Option<OkForm>,
    retry: Option<String>,
    reject: Option<String>,
    trap: Option<String>,
    delay_ms: Option<u32>,
}

/// `any`, or a list of outputs.
enum OkForm {
    Any,
    Outputs(Vec<OutputForm>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputForm {
    payload: Option<String>,
    payload_base64: Option<String>,
    payload_file: Option<String>,
    #[serde(default, deserialize_with = "given")]
    json: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    topic: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    key: Option<Option<String>>,
    headers: Option<Vec<(String, String)>>,
    delay_ms: Option<u32>,
}

/// Tells a key that is there with the value null from one that is not there.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn first() -> u32 {
    1
}

impl<'de> Deserialize<'de> for OkForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = OkForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`any` or a list of outputs")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OkForm, E> {
                if text == "any" {
                    Ok(OkForm::Any)
                } else {
                    Err(E::custom("expected `any` or a list of outputs"))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OkForm, A::Error> {
                let mut outputs = Vec::new();
                while let Some(output) = seq.next_element()? {
                    outputs.push(output);
                }
                Ok(OkForm::Outputs(outputs))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

fn object(file: &Path, config: Spanned<Value>) -> Result<Value, Mistake> {
    if config.value.is_object() || config.value.is_null() {
        return Ok(config.value);
    }
    Err(Mistake::at(file, position(&config.referenced), "`config` must be a map"))
}

fn pairs(
    file: &Path,
    messages: Spanned<Vec<Spanned<MessageForm>>>,
    expect: Option<Spanned<Vec<Spanned<ExpectForm>>>>,
) -> Result<Vec<(Given, Expected)>, WorkshopError> {
    if messages.value.is_empty() {
        return Err(Mistake::at(file, position(&messages.referenced), "`messages` is empty").into());
    }
    let Some(expect) = expect else {
        let unsaid = |message| Ok((given_message(file, message)?, Expected::Unsaid));
        return messages.value.into_iter().map(unsaid).collect();
    };
    let (given, expected) = (messages.value.len(), expect.value.len());
    if given != expected {
        let message =
            format!("{expected} in `expect` for {given} in `messages`: give one for each");
        return Err(Mistake::at(file, position(&expect.referenced), message).into());
    }
    let pair =
        |(message, expect)| Ok((given_message(file, message)?, expected_answer(file, expect)?));
    messages.value.into_iter().zip(expect.value).map(pair).collect()
}

fn given_message(file: &Path, form: Spanned<MessageForm>) -> Result<Given, WorkshopError> {
    let place = position(&form.referenced);
    let mistake = |message: String| Mistake::at(file, place, message);
    let MessageForm { payload, payload_base64, payload_file, json, key, headers, attempt } =
        form.value;
    let forms = (payload, payload_base64, payload_file, json);
    let payload = match payload_of(file, place, forms)? {
        Some(ExpectedPayload::Bytes(bytes)) => bytes,
        Some(ExpectedPayload::Json(json)) => json.to_string().into_bytes(),
        None => return Err(mistake(ONE_FORM.to_owned()).into()),
    };
    if attempt == 0 {
        return Err(mistake("`attempt` counts from 1".to_owned()).into());
    }
    let headers = headers.into_iter().map(|header| checked_header(header).map_err(mistake));
    Ok(Given { payload, key, headers: headers.collect::<Result<_, _>>()?, attempt })
}

/// A payload as text, in base64, by the name of its file, and as JSON.
type PayloadForms = (Option<String>, Option<String>, Option<String>, Option<Value>);

const ONE_FORM: &str = "give one of `payload`, `payload_base64`, `payload_file`, `json`";

/// What one of the forms says; none where there is none of them. A file lies beside the case or below.
fn payload_of(
    case: &Path,
    place: (u64, u64),
    forms: PayloadForms,
) -> Result<Option<ExpectedPayload>, WorkshopError> {
    let mistake = |message: String| Mistake::at(case, place, message);
    let bytes = match forms {
        (None, None, None, None) => return Ok(None),
        (None, None, None, Some(json)) => return Ok(Some(ExpectedPayload::Json(json))),
        (Some(text), None, None, None) => text.into_bytes(),
        (None, Some(text), None, None) => {
            STANDARD.decode(text).map_err(|error| mistake(format!("`payload_base64`: {error}")))?
        }
        (None, None, Some(name), None) => {
            sources::read(&case.parent().unwrap_or(case).join(name), PAYLOAD_BYTES_MAX)?
        }
        _ => return Err(mistake(ONE_FORM.to_owned()).into()),
    };
    Ok(Some(ExpectedPayload::Bytes(bytes)))
}

/// As the runtime would keep it.
fn checked_header((name, value): (String, String)) -> Result<(String, String), String> {
    let lower =
        millstream_formats::header_name(&name).map_err(|reason| reason.to_string())?.into_owned();
    millstream_formats::header_value(&name, &value).map_err(|reason| reason.to_string())?;
    Ok((lower, value))
}

fn expected_answer(file: &Path, form: Spanned<ExpectForm>) -> Result<Expected, WorkshopError> {
    let place = position(&form.referenced);
    let mistake = |message: &str| Mistake::at(file, place, message);
    let ExpectForm { ok, retry, reject, trap, delay_ms } = form.value;
    if delay_ms.is_some() && retry.is_none() {
        return Err(mistake("`delay_ms` stands beside `retry`, or in an output").into());
    }
    match (ok, retry, reject, trap) {
        (Some(OkForm::Any), None, None, None) => Ok(Expected::Ok(None)),
        (Some(OkForm::Outputs(outputs)), None, None, None) => {
            let outputs = outputs.into_iter().map(|output| expected_output(file, place, output));
            Ok(Expected::Ok(Some(outputs.collect::<Result<_, _>>()?)))
        }
        (None, Some(reason), None, None) => Ok(Expected::Retry { reason, delay_ms }),
        (None, None, Some(reason), None) => Ok(Expected::Reject(reason)),
        (None, None, None, Some(text)) => Ok(Expected::Trap(text)),
        _ => Err(mistake("give one of `ok`, `retry`, `reject`, `trap`").into()),
    }
}

fn expected_output(
    file: &Path,
    place: (u64, u64),
    form: OutputForm,
) -> Result<ExpectedOutput, WorkshopError> {
    let OutputForm { payload, payload_base64, payload_file, json, topic, key, headers, delay_ms } =
        form;
    let payload = payload_of(file, place, (payload, payload_base64, payload_file, json))?;
    let headers = headers.map(|headers| {
        headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
    });
    Ok(ExpectedOutput { payload, topic, key, headers, delay_ms })
}

fn malformed(file: &Path, error: &serde_yaml::Error) -> Mistake {
    let plain = serde_yaml::render_options! { snippets: serde_yaml::SnippetMode::Off };
    let message = error.render_with_options(plain);
    match error.location() {
        Some(location) => Mistake::at(file, position(&location), message),
        None => Mistake::of_file(file, message),
    }
}

fn position(location: &Location) -> (u64, u64) {
    (location.line(), location.column())
}
