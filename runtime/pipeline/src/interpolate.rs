//! `${NAME}` and `${NAME:-default}` in text; `$$` is a dollar.

use crate::code::Code;

/// What is wrong with a reference: its code, a message and a help.
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// `text` with its references replaced. A value from the environment is not looked at again.
/// Stops once the result is longer than `max` bytes.
pub(crate) fn interpolate(
    text: &str,
    max: usize,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Fault> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        rest = if let Some(reference) = behind.strip_prefix('{') {
            let end = reference.find('}').ok_or_else(|| bad_reference(text))?;
            out.push_str(&resolve(&reference[..end], env)?);
            within(&out, max)?;
            &reference[end + 1..]
        } else {
            out.push('$');
            behind.strip_prefix('$').unwrap_or(behind)
        };
    }
    out.push_str(rest);
    within(&out, max)?;
    Ok(out)
}

fn within(out: &str, max: usize) -> Result<(), Fault> {
    if out.len() <= max {
        return Ok(());
    }
    Err(Fault {
        code: Code::TooLarge,
        message: format!(
            "the values of variables need more than the {max} bytes that are left for them"
        ),
        help: "use fewer or shorter ones".to_owned(),
    })
}

fn resolve(reference: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, Fault> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if !is_name(name) {
        return Err(bad_reference(&format!("${{{reference}}}")));
    }
    match (env(name), default) {
        (Some(value), _) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (Some(value), None) => Ok(value),
        (None, None) => Err(unset(name)),
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn unset(name: &str) -> Fault {
    Fault {
        code: Code::UnsetVariable,
        message: format!("the environment variable `{name}` is not set"),
        help: format!("set it, or give a default: `${{{name}:-default}}`"),
    }
}

fn bad_reference(text: &str) -> Fault {
    Fault {
        code: Code::BadVariable,
        message: format!("`{text}` is not a variable reference"),
        help: "write `${NAME}` or `${NAME:-default}`; `$$` stands for a dollar".to_owned(),
    }
}
